using System.Globalization;
using System.Net.Sockets;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Daemon.Interop;

namespace Libvirtd.Daemon.Sockets;

/// <summary>A listening socket that the service manager passed.</summary>
internal sealed record ActivatedSocket(int Descriptor, string Name, ServiceKind Kind)
{
    private const int SOL_SOCKET = 1;
    private const int SO_ACCEPTCONN = 30;

    /// <summary>Makes the descriptor ours, not to be inherited further.</summary>
    /// <exception cref="DaemonStartException">It is no socket.</exception>
    public Socket Take()
    {
        try
        {
            _ = Libc.SetDescriptorFlags(Descriptor, Libc.F_SETFD, Libc.FD_CLOEXEC);
            Socket socket = new(new SafeSocketHandle(Descriptor, ownsHandle: true));
            Span<byte> listening = stackalloc byte[sizeof(int)];
            _ = socket.GetRawSocketOption(SOL_SOCKET, SO_ACCEPTCONN, listening);
            if (listening[0] != 0) return socket;
        }
        catch (SocketException)
        {
            // Said below.
        }
        throw new DaemonStartException(ExitStatus.Network, $"descriptor {Descriptor} ('{Name}') of the activation is not a listening socket");
    }
}

/// <summary>systemd's socket activation: the variables LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.</summary>
internal static class SocketActivation
{
    private const int FirstDescriptor = 3;
    private const int MaxSockets = 256;

    /// <summary>The names of libvirtd's own socket units.</summary>
    private static readonly Dictionary<string, ServiceKind> s_services = new(StringComparer.Ordinal)
    {
        ["libvirtd.socket"] = ServiceKind.Unix,
        ["libvirtd-ro.socket"] = ServiceKind.UnixReadOnly,
        ["libvirtd-admin.socket"] = ServiceKind.Admin,
        ["libvirtd-tcp.socket"] = ServiceKind.Tcp,
        ["libvirtd-tls.socket"] = ServiceKind.Tls,
    };

    /// <summary>The sockets that were passed to this process; none when it was started in another way.</summary>
    /// <exception cref="DaemonStartException">The variables contradict each other, or name a service that is not here.</exception>
    public static IReadOnlyList<ActivatedSocket> Read(Func<string, string?> variable, int processId)
    {
        string id = processId.ToString(CultureInfo.InvariantCulture);
        if (variable("LISTEN_PID") != id || variable("LISTEN_FDS") is not { Length: > 0 } count) return [];
        if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int sockets) || sockets > MaxSockets)
            throw Refuse($"LISTEN_FDS is '{count}', which is not a number from 0 to {MaxSockets}");
        if (sockets == 0) return [];
        if (variable("LISTEN_FDNAMES") is not { Length: > 0 } list)
            throw Refuse("LISTEN_FDS is set without LISTEN_FDNAMES: the sockets cannot be told apart");
        string[] names = list.Split(':');
        if (names.Length != sockets) throw Refuse($"LISTEN_FDS announces {sockets} sockets, LISTEN_FDNAMES names {names.Length}");
        return [.. names.Select((name, index) => new ActivatedSocket(FirstDescriptor + index, name, Kind(name)))];
    }

    /// <summary>Forgets the variables, so that children do not take the sockets for theirs.</summary>
    public static void ClearVariables()
    {
        foreach (string name in new[] { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" }) Environment.SetEnvironmentVariable(name, null);
    }

    private static ServiceKind Kind(string name) => s_services.TryGetValue(name, out ServiceKind kind)
        ? kind
        : throw Refuse($"the activation socket '{name}' is unknown; the names are {string.Join(", ", s_services.Keys)}");

    private static DaemonStartException Refuse(string message) => new(ExitStatus.Network, message);
}
