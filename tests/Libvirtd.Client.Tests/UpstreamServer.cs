using System.Diagnostics;
using System.Net.Sockets;

namespace Libvirtd.Client.Tests;

/// <summary>
/// An installed libvirtd in a mount namespace of its own, so that it neither sees nor touches one of the machine. Where it cannot be started,
/// <see cref="Missing"/> says why and the tests are skipped.
/// </summary>
public sealed class UpstreamServer : IAsyncLifetime
{
    private const string Executable = "/usr/sbin/libvirtd";

    private const string Script =
        """
        set -e
        mount -t tmpfs tmpfs /run
        for folder in /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt; do
            if [ -d "$folder" ]; then mount -t tmpfs tmpfs "$folder"; fi
        done
        exec /usr/sbin/libvirtd -f "$1" -p "$2"
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("lvx-upstream-").FullName;
    private Process? _process;

    public string? Missing { get; private set; }

    public string Uri => $"test+unix:///default?socket={_folder}/libvirt-sock";

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Executable))
        {
            Missing = $"{Executable} is not installed (Debian package: libvirt-daemon)";
            return;
        }
        string configuration = Path.Combine(_folder, "libvirtd.conf");
        await File.WriteAllTextAsync(configuration, $"unix_sock_dir = \"{_folder}\"\nauth_unix_rw = \"none\"\nauth_unix_ro = \"none\"\nlog_outputs = \"4:stderr\"\n");
        ProcessStartInfo start = new("unshare") { RedirectStandardError = true };
        foreach (string argument in (string[])[.. Environment.IsPrivilegedProcess ? ["-m"] : (string[])["-r", "-m"], "--propagation", "private", "sh", "-c",
            Script, "sh", configuration, Path.Combine(_folder, "pid")])
            start.ArgumentList.Add(argument);
        try
        {
            _process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            Missing = $"unshare cannot be run: {error.Message}";
            return;
        }
        Task<string> errors = _process.StandardError.ReadToEndAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (!await ListensAsync(patience.Token))
        {
            if (_process.HasExited || patience.IsCancellationRequested)
            {
                Missing = "libvirtd does not start here: " + (_process.HasExited ? await errors : "no socket after 30 s");
                return;
            }
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            if (!_process.HasExited)
                _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> ListensAsync(CancellationToken cancel)
    {
        try
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(_folder, "libvirt-sock")), cancel);
            return true;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
