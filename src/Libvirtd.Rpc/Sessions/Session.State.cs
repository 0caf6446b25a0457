using System.Globalization;
using Libvirtd.Drivers;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Sessions;

/// <summary>What a session remembers of its client.</summary>
internal sealed partial class Session
{
    private ClientIdentity? _identity;

    /// <summary>Who the client is: as its socket tells, or as CONNECT_SET_IDENTITY said.</summary>
    public ClientIdentity Identity
    {
        get => _identity ??= FromTransport(_transport);
        set => _identity = value;
    }

    /// <summary>The client has asked feature 16, so it sends the arguments of NETWORK_UPDATE in the declared order.</summary>
    public bool KnowsNetworkUpdateOrder { get; set; }

    private static ClientIdentity FromTransport(ITransport transport) => new()
    {
        UserId = transport.Peer?.UserId,
        GroupId = transport.Peer?.GroupId,
        ProcessId = transport.Peer?.ProcessId,
        ProcessTime = transport.Peer is { } peer ? StartTime(peer.ProcessId) : null,
        SocketAddress = transport.RemoteEndPoint is { } address ? TransportAddress.Display(address) : null,
    };

    // Field 22 of /proc/PID/stat; the name in field 2 may hold blanks and parentheses.
    private static ulong? StartTime(int process)
    {
        try
        {
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return ulong.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
