using Libvirtd.Drivers;
using Libvirtd.Rpc.Sessions;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc;

/// <summary>A connected client, as an administrator sees it. It may be gone by the time it is asked; the answers are then the last ones.</summary>
public sealed class RpcClient
{
    private readonly Session _session;

    internal RpcClient(Session session) => _session = session;

    /// <summary>Counts up from 1 for each server, never used twice.</summary>
    public long Id => _session.Id;

    public TransportKind Transport => _session.Transport.Kind;

    public DateTimeOffset Connected => _session.Connected;

    public ClientIdentity Identity => _session.Identity;

    public bool IsReadOnly => _session.IsReadOnly;

    /// <summary>The client has logged in, or need not.</summary>
    public bool IsAuthenticated => _session.IsAuthenticated;

    /// <summary>Calls that have begun and are not answered yet.</summary>
    public int CallsUnderWay => _session.UnderWay;

    /// <summary>Calls that wait until the client's others are answered.</summary>
    public int CallsWaiting => _session.Waiting;

    /// <summary>Disconnects the client, which counts no more from now on; its running calls end on their own.</summary>
    public void Close()
    {
        _session.Abort(new TransportException(TransportFault.Aborted, "the administrator closes the connection"));
        _session.Server.Unlist(_session);
    }
}
