namespace Libvirtd.Interop.Daemons;

/// <summary>This repository's server: the one that LIBVIRTD_NET names, or else the build of this tree.</summary>
public sealed class OurDaemon : Daemon
{
    private const string Variable = "LIBVIRTD_NET";

#if DEBUG
    private static readonly string[] Configurations = ["Debug", "Release"];
#else
    private static readonly string[] Configurations = ["Release", "Debug"];
#endif

    private static readonly string? Executable = Find();

    public override string Name => "ours";

    public override string? Missing =>
        Executable is not null ? null : $"libvirtd-net is not built: build src/Libvirtd.Daemon, or name the executable in {Variable}";

    protected override (string Program, IReadOnlyList<string> Arguments) Command(string configuration) =>
        (Executable!, ["-f", configuration, "--listen", "-p", PidPath]);

    private static string? Find()
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(named)) return File.Exists(named) ? Path.GetFullPath(named) : null;
        return Configurations
            .Select(configuration => Path.Combine(Repository.Root, "src/Libvirtd.Daemon/bin", configuration, "net10.0/libvirtd-net"))
            .FirstOrDefault(File.Exists);
    }
}
