namespace Libvirtd.Daemon.Configuration;

/// <summary>Where libvirt's clients, service managers and administrators look for a daemon's files.</summary>
/// <param name="Privileged">System mode (root) or session mode.</param>
internal sealed record DaemonPaths(bool Privileged, string RunDirectory, string ConfigFile, string PidFile, string LogFile)
{
    /// <summary>The paths of this process' user. Variables are read through <paramref name="variable"/>.</summary>
    public static DaemonPaths Of(bool privileged, Func<string, string?> variable)
    {
        if (privileged)
        {
            return new DaemonPaths(true, "/run/libvirt", "/etc/libvirt/libvirtd.conf", "/run/libvirtd.pid", "/var/log/libvirt/libvirtd.log");
        }
        string home = Set("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string cache = Path.Combine(Set("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "libvirt");
        string run = Set("XDG_RUNTIME_DIR") is string runtime ? Path.Combine(runtime, "libvirt") : Path.Combine(home, ".cache", "libvirt");
        string config = Path.Combine(Set("XDG_CONFIG_HOME") ?? Path.Combine(home, ".config"), "libvirt", "libvirtd.conf");
        return new DaemonPaths(false, run, config, Path.Combine(run, "libvirtd.pid"), Path.Combine(cache, "libvirtd.log"));

        string? Set(string name) => variable(name) is { Length: > 0 } value ? value : null;
    }

    /// <summary>The sockets of one daemon; null where it has none.</summary>
    public sealed record SocketPaths(string ReadWrite, string? ReadOnly, string? Admin);

    /// <summary>The socket files: under unix_sock_dir when that is set, else in the run directory.</summary>
    public SocketPaths Sockets(string? unixSocketDirectory)
    {
        string directory = unixSocketDirectory ?? RunDirectory;
        bool admin = Privileged || unixSocketDirectory is null;
        return new SocketPaths(
            Path.Combine(directory, "libvirt-sock"),
            Privileged ? Path.Combine(directory, "libvirt-sock-ro") : null,
            admin ? Path.Combine(directory, "libvirt-admin-sock") : null);
    }
}
