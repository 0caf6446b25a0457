using Libvirtd.Drivers;

namespace Libvirtd.Rpc;

/// <summary>The limits of a server. Defaults match libvirtd's, unless said otherwise.</summary>
public sealed record RpcServerOptions
{
    /// <summary>What tells this server's figures from those of others in the process.</summary>
    public string Name { get; init; } = "libvirtd";

    /// <summary>Connections in all; at the limit the server stops accepting (max_clients). <see cref="RpcServer.Limits"/> changes it later.</summary>
    public int MaxClients { get; init; } = 5000;

    /// <summary>Connections that have not authenticated yet; 0 for no limit (max_anonymous_clients).</summary>
    public int MaxAnonymousClients { get; init; } = 20;

    /// <summary>Calls of one connection that may be under way at once (max_client_requests). Calls that complete at once do not count.</summary>
    public int MaxClientRequests { get; init; } = 5;

    /// <summary>Calls that wait for one of <see cref="MaxClientRequests"/> while keepalive and streams behind them are still served. Ours.</summary>
    public int LookAheadPackets { get; init; } = 64;

    /// <summary>Bytes of such calls; one larger call is still taken. Ours.</summary>
    public int LookAheadBytes { get; init; } = 4 << 20;

    /// <summary>Silence after which a client that knows keepalive is pinged; zero or less: never (keepalive_interval).</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Unanswered pings before the connection is closed (keepalive_count).</summary>
    public int KeepAliveCount { get; init; } = 5;

    /// <summary>Bytes that may wait for a client that does not read before it is disconnected. Ours; libvirtd has no limit.</summary>
    public int MaxBacklogBytes { get; init; } = 64 << 20;

    /// <summary>What CONNECT_GET_LIB_VERSION answers: major * 1,000,000 + minor * 1,000 + release.</summary>
    public ulong LibraryVersion { get; init; } = 9_000_000;

    /// <summary>The URI of a client that gives none; null: the first driver that offers itself.</summary>
    public string? DefaultUri { get; init; }

    /// <summary>Threads that serve sockets; 0: by the number of processors.</summary>
    public int Loops { get; init; }

    /// <summary>
    /// How long such a thread looks for further calls, at most, before it sleeps. It does so only while calls follow each other that closely, and
    /// never where there is one processor alone; zero: not at all.
    /// </summary>
    public TimeSpan BusyPoll { get; init; } = TimeSpan.FromMicroseconds(50);
}

/// <summary>A listening service: what its connections start with.</summary>
/// <param name="IsReadOnly">Its connections may not change anything.</param>
/// <param name="Admin">Answers the admin program, which is then the only one; null: the programs of hypervisors are served.</param>
/// <param name="OnlyUser">The number of the Unix user who alone may connect; others are disconnected at once. Null: whoever can.</param>
public sealed record RpcService(bool IsReadOnly = false, AdminDriver? Admin = null, uint? OnlyUser = null)
{
    /// <summary>Its clients log in before anything else, and count as anonymous until then.</summary>
    internal bool IsAnonymous { get; init; }
}
