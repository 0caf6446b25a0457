using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Daemons;

/// <summary>
/// Debian's libvirtd, run in a mount namespace of its own: whatever it keeps under /run, /var and /etc is an empty memory file system that goes
/// with it, so it neither sees nor touches a libvirtd of the machine, and many may run side by side.
/// </summary>
public sealed class UpstreamDaemon : Daemon
{
    private const string Executable = "/usr/sbin/libvirtd";

    // $1 = configuration, $2 = pid file. exec all the way down keeps one process id for everything.
    private const string Script =
        """
        set -e
        mount -t tmpfs tmpfs /run
        for folder in /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt; do
            if [ -d "$folder" ]; then mount -t tmpfs tmpfs "$folder"; fi
        done
        exec /usr/sbin/libvirtd -f "$1" --listen -p "$2"
        """;

    public override string Name => "upstream";

    public override string? Missing =>
        File.Exists(Upstream.Path(Executable)) ? null : $"{Executable} is not installed (Debian package: libvirt-daemon)";

    protected override (string Program, IReadOnlyList<string> Arguments) Command(string configuration)
    {
        string[] command = Upstream.Unshared(Upstream.Command("sh", "-c", Script, "sh", configuration, PidPath));
        return (command[0], command[1..]);
    }
}
