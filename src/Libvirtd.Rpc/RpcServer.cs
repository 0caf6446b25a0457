using System.Collections.Concurrent;
using System.Net.Sockets;
using Libvirtd.Drivers;
using Libvirtd.Rpc.Diagnostics;
using Libvirtd.Rpc.Dispatch;
using Libvirtd.Rpc.Sessions;
using Libvirtd.Rpc.Transport;
using Libvirtd.Xdr;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Libvirtd.Rpc;

/// <summary>
/// Serves the remote, qemu and lxc programs on any number of sockets, with the drivers that it is given; on administration services the admin
/// program instead.
/// </summary>
public sealed class RpcServer : IAsyncDisposable
{
    /// <summary>The name of the meter and of the activity source of all servers.</summary>
    public const string TelemetryName = "Libvirtd";

    private static readonly ServerProgram[] s_programs = [new RemoteDispatcher(), new QemuDispatcher(), new LxcDispatcher()];
    private static readonly ServerProgram[] s_adminPrograms = [new AdminDispatcher()];
    private readonly ConcurrentDictionary<long, Session> _sessions = new();
    private readonly ConcurrentDictionary<long, Task> _running = new();
    private readonly List<SocketAcceptor> _acceptors = [];
    private readonly Lock _gate = new();
    private readonly Lock _idleGate = new();
    private readonly EpollLoopGroup _loops;
    private volatile ClientLimits _limits;
    private ITimer? _keepAliveTimer;
    private long _lastId;
    private bool _hasAnonymous;
    private bool _isFull;
    private bool _isIdle = true;
    private bool _stopping;

    /// <summary>Makes a server; nothing is served before <see cref="Listen"/>.</summary>
    /// <param name="options">Limits.</param>
    /// <param name="drivers">Asked in this order to open a URI.</param>
    /// <param name="time">The clock of keepalive.</param>
    /// <param name="logger">Where the RPC layer logs.</param>
    public RpcServer(RpcServerOptions options, IReadOnlyList<Driver> drivers, TimeProvider? time = null, ILogger? logger = null)
    {
        Options = options;
        Drivers = drivers;
        Time = time ?? TimeProvider.System;
        Logger = logger ?? NullLogger.Instance;
        _limits = new ClientLimits(options.MaxClients, options.MaxAnonymousClients);
        Telemetry = new RpcTelemetry(this);
        _loops = new EpollLoopGroup(options.Loops, Logger, options.BusyPoll);
    }

    /// <summary>The number of clients went from or to zero. Called on any thread.</summary>
    public event Action<bool>? IdleChanged;

    public RpcServerOptions Options { get; }

    public IReadOnlyList<Driver> Drivers { get; }

    /// <summary>Connections at this moment.</summary>
    public int ClientCount => _sessions.Count;

    /// <summary>How many clients may be connected. A change takes effect at once: nobody is disconnected, but clients that wait may come in.</summary>
    public ClientLimits Limits
    {
        get => _limits;
        set
        {
            _limits = value;
            CheckLimits();
        }
    }

    /// <summary>The clients of this moment, the longest connected first.</summary>
    public IReadOnlyList<RpcClient> Clients => [.. _sessions.Values.OrderBy(session => session.Id).Select(session => new RpcClient(session))];

    /// <summary>A client by its number; null when it is not there (any more).</summary>
    public RpcClient? FindClient(long id) => _sessions.TryGetValue(id, out Session? session) ? new RpcClient(session) : null;

    internal IEnumerable<Session> Sessions => _sessions.Values;

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    internal StringPool Strings { get; } = new();

    internal RpcTelemetry Telemetry { get; }

    /// <summary>Accepts connections on a socket that is bound and listens; the server owns it from now on.</summary>
    public void Listen(Socket listening, RpcService service)
    {
        lock (_gate)
            _acceptors.Add(new SocketAcceptor(listening, _loops, transport => Accept(transport, service), logger: Logger, time: Time, paused: _isFull));
    }

    /// <summary>Serves one connection that comes from elsewhere; the task ends with it.</summary>
    public Task ServeAsync(ITransport transport, RpcService service)
    {
        Session session = Enlist(transport, service);
        return Run(session);
    }

    /// <summary>
    /// Accepts no more, disconnects all clients at once and lets running calls end. False: some did not end within <paramref name="grace"/>.
    /// </summary>
    public async Task<bool> StopAsync(TimeSpan grace)
    {
        SocketAcceptor[] acceptors;
        lock (_gate)
        {
            _stopping = true;
            acceptors = [.. _acceptors];
            _acceptors.Clear();
        }
        foreach (SocketAcceptor acceptor in acceptors)
            await acceptor.DisposeAsync().ConfigureAwait(false);
        foreach (Session session in _sessions.Values)
            session.Abort(new TransportException(TransportFault.Aborted, "the server stops"));
        try
        {
            await Task.WhenAll(_running.Values).WaitAsync(grace, Time).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false);
        if (_keepAliveTimer is { } timer)
            await timer.DisposeAsync().ConfigureAwait(false);
        _loops.Dispose();
        Telemetry.Dispose();
    }

    internal static ServerProgram? FindProgram(RpcService service, uint number, uint version)
    {
        foreach (ServerProgram program in service.Admin is null ? s_programs : s_adminPrograms)
        {
            if (program.Number == number)
                return program.Version == version ? program : null;
        }
        return null;
    }

    /// <summary>A session wants to be pinged: from now on all are looked after.</summary>
    internal void WatchKeepAlive()
    {
        if (_keepAliveTimer is not null)
            return;
        lock (_gate)
        {
            TimeSpan period = TimeSpan.FromTicks(Math.Clamp(Options.KeepAliveInterval.Ticks / 8, TimeSpan.TicksPerMillisecond * 50, TimeSpan.TicksPerSecond));
            _keepAliveTimer ??= Time.CreateTimer(static state => ((RpcServer)state!).CheckKeepAlive(), this, period, period);
        }
    }

    /// <summary>The connection is over for the client, and counts no more.</summary>
    internal void Unlist(Session session)
    {
        if (!_sessions.TryRemove(session.Id, out _))
            return;
        CheckLimits();
        CheckIdle();
    }

    /// <summary>Clients came, went or logged in: accept more, or no more.</summary>
    internal void CheckLimits()
    {
        lock (_gate)
        {
            ClientLimits limits = _limits;
            int anonymous = limits.MaxAnonymousClients == 0 || !_hasAnonymous ? 0 : _sessions.Count(session => !session.Value.IsAuthenticated);
            bool full = _sessions.Count >= limits.MaxClients || (anonymous > 0 && anonymous >= limits.MaxAnonymousClients);
            if (full == _isFull)
                return;
            _isFull = full;
            if (full)
                RpcLog.Full(Logger, limits.MaxClients);
            foreach (SocketAcceptor acceptor in _acceptors)
            {
                if (full)
                    acceptor.Pause();
                else
                    acceptor.Resume();
            }
        }
    }

    // Clients come and go on all threads: what is told last is what is true.
    private void CheckIdle()
    {
        lock (_idleGate)
        {
            bool idle = _sessions.IsEmpty;
            if (idle == _isIdle)
                return;
            _isIdle = idle;
            IdleChanged?.Invoke(idle);
        }
    }

    private bool Accept(SocketTransport transport, RpcService service)
    {
        if (_stopping)
            return false;
        if (service.OnlyUser is { } user && transport.Peer?.UserId != user)
        {
            RpcLog.WrongUser(Logger, transport.Peer?.ProcessId ?? -1, transport.Peer?.UserId);
            return false;
        }
        Session session = Enlist(transport, service);
        transport.Scheduler.Schedule(static state => _ = ((Session)state!).Server.Run((Session)state), session);
        return true;
    }

    private Session Enlist(ITransport transport, RpcService service)
    {
        Session session = new(this, transport, service, Interlocked.Increment(ref _lastId));
        _sessions[session.Id] = session;
        CheckIdle();
        _hasAnonymous |= service.IsAnonymous;
        RpcLog.Connected(Logger, session.Id, transport.Kind);
        if (_sessions.Count >= _limits.MaxClients || !session.IsAuthenticated)
            CheckLimits();
        return session;
    }

    private async Task Run(Session session)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _running[session.Id] = ended.Task;
        await session.RunAsync().ConfigureAwait(false);
        _running.TryRemove(session.Id, out _);
        ended.SetResult();
    }

    private void CheckKeepAlive()
    {
        foreach (Session session in _sessions.Values)
            session.CheckKeepAlive();
    }
}
