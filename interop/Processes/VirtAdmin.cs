namespace Libvirtd.Interop.Processes;

/// <summary>The stock client of the administration socket.</summary>
internal static class VirtAdmin
{
    public const string Executable = "/usr/bin/virt-admin";

    /// <summary>Why virt-admin cannot run here; null when it can.</summary>
    public static string? Missing => File.Exists(Upstream.Path(Executable)) ? null : $"{Executable} is not installed (Debian package: libvirt-clients)";

    /// <summary>Runs one command.</summary>
    public static Task<Finished> RunAsync(string socket, string folder, CancellationToken stop, params string[] command) =>
        ProcessRunner.RunAsync(Executable, ["-c", $"libvirtd:///system?socket={socket}", .. command], folder, stop);
}
