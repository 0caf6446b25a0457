using System.Net.Sockets;
using System.Text;

namespace Libvirtd.Interop.Daemons;

/// <summary>
/// What a service manager listens to: a daemon that is started with <see cref="Variable"/> naming <see cref="Path"/> says there when it serves
/// clients.
/// </summary>
internal sealed class ReadyNotice : IDisposable
{
    public const string Variable = "NOTIFY_SOCKET";

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public ReadyNotice(string path)
    {
        Path = path;
        _socket.Bind(new UnixDomainSocketEndPoint(path));
    }

    public string Path { get; }

    /// <summary>Waits for READY=1; what else the daemon tells is passed over.</summary>
    public async Task WaitAsync(CancellationToken stop)
    {
        byte[] buffer = new byte[256];
        string state;
        do
        {
            int length = await _socket.ReceiveAsync(buffer, stop);
            state = Encoding.ASCII.GetString(buffer, 0, length);
        }
        while (!state.Split('\n').Contains("READY=1"));
    }

    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(Path);
    }
}
