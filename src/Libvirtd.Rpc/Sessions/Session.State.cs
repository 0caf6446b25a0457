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
        IsLocalProcess = transport.Peer is not null,
        SocketAddress = transport.RemoteEndPoint is { } address ? TransportAddress.Display(address) : null,
    };
}
