using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Daemon.Interop;

namespace Libvirtd.Daemon.Sockets;

/// <summary>Makes listening TCP sockets, one for each address.</summary>
internal static class TcpListeners
{
    private const int SOL_SOCKET = 1;
    private const int SO_REUSEADDR = 2;

    /// <summary>Listens on every address of a host name (null: of the machine, in both families).</summary>
    /// <param name="service">A port number or a service name. Port 0 is a free one, the same for all addresses.</param>
    /// <exception cref="DaemonStartException">A name is unknown, an address is in use, or no address is usable.</exception>
    public static IReadOnlyList<Socket> Open(string? host, string service, int backlog)
    {
        int port = Port(service);
        List<Socket> opened = [];
        SocketException? unusable = null;
        try
        {
            foreach (IPAddress address in Addresses(host))
            {
                try
                {
                    Socket socket = Listen(address, port, backlog);
                    opened.Add(socket);
                    port = ((IPEndPoint)socket.LocalEndPoint!).Port;
                }
                catch (SocketException failure) when (failure.SocketErrorCode is SocketError.AddressFamilyNotSupported or SocketError.AddressNotAvailable)
                {
                    // A machine without IPv6, or a host name with an address that is not here: the others will do.
                    unusable = failure;
                }
                catch (SocketException failure)
                {
                    throw Refuse($"Unable to bind to {address} port {port}: {failure.Message}");
                }
            }
            return opened.Count > 0 ? opened : throw Refuse($"Unable to bind to '{host ?? "*"}' port {port}: {unusable?.Message}");
        }
        catch
        {
            foreach (Socket socket in opened) socket.Dispose();
            throw;
        }
    }

    private static Socket Listen(IPAddress address, int port, int backlog)
    {
        Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // Raw, since .NET's ReuseAddress means SO_REUSEPORT too, and that would let a second daemon share the port.
            int on = 1;
            socket.SetRawSocketOption(SOL_SOCKET, SO_REUSEADDR, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in on)));
            // Each family has its own socket, so that both can be bound.
            if (address.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static IPAddress[] Addresses(string? host)
    {
        if (string.IsNullOrEmpty(host)) return [IPAddress.Any, IPAddress.IPv6Any];
        if (IPAddress.TryParse(host, out IPAddress? literal)) return [literal];
        try
        {
            return Dns.GetHostAddresses(host);
        }
        catch (SocketException failure)
        {
            throw Refuse($"Unable to resolve address '{host}' (listen_addr): {failure.Message}");
        }
    }

    private static int Port(string service)
    {
        if (ushort.TryParse(service, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)) return port;
        return Libc.ServicePort(service) ?? throw Refuse($"'{service}' is neither a port number nor a service name (tcp_port, tls_port)");
    }

    private static DaemonStartException Refuse(string message) => new(ExitStatus.Network, message);
}
