using System.Net.Sockets;
using System.Text;

namespace Libvirtd.Daemon.Hosting;

/// <summary>Tells the service manager how far the daemon is, by datagrams to NOTIFY_SOCKET. Without a manager it does nothing.</summary>
internal sealed class ServiceNotifier(string? address)
{
    /// <summary>Clients are served from now on.</summary>
    public void Ready() => Send("READY=1");

    /// <summary>The daemon is on its way out.</summary>
    public void Stopping() => Send("STOPPING=1");

    private void Send(string state)
    {
        // A path, or a name in the abstract space, which is written with an at sign.
        if (address is not { Length: > 1 } || address[0] is not ('/' or '@')) return;
        try
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.ASCII.GetBytes(state), new UnixDomainSocketEndPoint(address[0] == '@' ? '\0' + address[1..] : address));
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            // A manager that does not listen is no reason to stop serving.
        }
    }
}
