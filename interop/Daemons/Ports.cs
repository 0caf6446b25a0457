using System.Net;
using System.Net.Sockets;

namespace Libvirtd.Interop.Daemons;

internal static class Ports
{
    /// <summary>A TCP port of 127.0.0.1 that was free a moment ago. The kernel hands out another one each time, so parallel callers do not meet.</summary>
    public static int Free()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
