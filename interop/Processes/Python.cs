namespace Libvirtd.Interop.Processes;

/// <summary>Debian's Python with libvirt's binding; another Python on the path would not have it.</summary>
internal static class Python
{
    private const string Executable = "/usr/bin/python3";
    private const string Binding = "/usr/lib/python3/dist-packages/libvirt.py";

    /// <summary>Why the binding cannot be used here; null when it can.</summary>
    public static string? Missing =>
        File.Exists(Upstream.Path(Executable)) && File.Exists(Upstream.Path(Binding)) ? null : $"{Binding} is not installed (Debian package: python3-libvirt)";

    public static Task<Finished> RunAsync(string script, string folder, CancellationToken stop, params string[] arguments) =>
        ProcessRunner.RunAsync(Executable, [Script(script), .. arguments], folder, stop);

    public static RunningProcess Start(string script, string folder, params string[] arguments) =>
        RunningProcess.Start(Executable, [Script(script), .. arguments], folder);

    private static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "python", name);
}
