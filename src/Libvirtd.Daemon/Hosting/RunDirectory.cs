using Libvirtd.Daemon.Configuration;

namespace Libvirtd.Daemon.Hosting;

/// <summary>The folder of sockets and pid file.</summary>
internal static class RunDirectory
{
    /// <summary>Makes it when it is missing: open to look into in system mode, private in session mode.</summary>
    /// <exception cref="DaemonStartException">It cannot be made, or unix_sock_dir names a folder that is not there.</exception>
    public static void Create(DaemonPaths paths, string? unixSocketDirectory)
    {
        if (unixSocketDirectory is not null && !Directory.Exists(unixSocketDirectory))
            throw new DaemonStartException(ExitStatus.RunDirectory, $"the folder '{unixSocketDirectory}' does not exist (unix_sock_dir)");
        // An own place for sockets (and -p for the pid file) leaves the machine's run directory alone.
        if (unixSocketDirectory is not null && paths.Privileged) return;
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        try
        {
            Directory.CreateDirectory(paths.RunDirectory, paths.Privileged ? Private | Others : Private);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DaemonStartException(ExitStatus.RunDirectory, $"unable to create rundir '{paths.RunDirectory}': {failure.Message}");
        }
    }
}
