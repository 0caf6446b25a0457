using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Libvirtd.Rpc.Transport;

/// <summary>
/// Accepts the connections of one listening socket on a loop, and deals them out to a group's loops. It outlives every failure but its disposal.
/// </summary>
public sealed class SocketAcceptor : IEpollHandler, IAsyncDisposable
{
    /// <summary>Accepts in a row before the loop's other work has its turn.</summary>
    private const int AcceptsPerTurn = 64;

    /// <summary>How long accepting rests when descriptors or memory run out; as libvirtd does.</summary>
    public static readonly TimeSpan BackOff = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Socket _listener;
    private readonly EpollLoop _loop;
    private readonly EpollLoopGroup _loops;
    private readonly Func<SocketTransport, bool> _onConnection;
    private readonly TransportOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ulong _key;
    private ITimer? _resting;
    private bool _paused;
    private bool _disposed;

    /// <summary>Starts accepting at once.</summary>
    /// <param name="listener">Bound and listening; made non-blocking here, owned by the acceptor from now on.</param>
    /// <param name="loops">The listener and the connections are dealt out to these.</param>
    /// <param name="onConnection">Called for each connection, on the listener's loop, not on the connection's: schedule the session on
    /// <see cref="SocketTransport.Scheduler"/>. Must not block. False, or an exception, closes the connection. <see cref="Pause"/> within it takes
    /// effect before the next accept.</param>
    /// <param name="options">Buffer sizes of the connections.</param>
    /// <param name="time">The clock of the rest after running out of descriptors.</param>
    /// <param name="logger">Where failures go.</param>
    /// <param name="paused">Start paused.</param>
    public SocketAcceptor(Socket listener, EpollLoopGroup loops, Func<SocketTransport, bool> onConnection, TransportOptions? options = null,
        TimeProvider? time = null, ILogger? logger = null, bool paused = false)
    {
        _listener = listener;
        _loops = loops;
        _loop = loops.Next();
        _onConnection = onConnection;
        _options = options ?? TransportOptions.Default;
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger.Instance;
        _paused = paused;
        SetNonBlocking(listener.SafeHandle);
        _key = _loop.Register(listener.SafeHandle, this, EpollEvents.EdgeTriggered);
        lock (_gate) Watch(); // only now is the key known to the handler
    }

    /// <summary>Whether <see cref="Pause"/> was called last.</summary>
    public bool IsPaused
    {
        get
        {
            lock (_gate) return _paused;
        }
    }

    /// <summary>Stops accepting, from any thread; connections wait in the kernel's backlog.</summary>
    public void Pause() => SetPaused(true);

    /// <summary>Accepts again what waits and what comes.</summary>
    public void Resume() => SetPaused(false);

    /// <summary>Stops accepting and closes the listening socket. Connections made before live on.</summary>
    public ValueTask DisposeAsync()
    {
        if (_loop.IsCurrent) Close();
        else if (!_closed.Task.IsCompleted) _loop.Schedule(static acceptor => ((SocketAcceptor)acceptor!).Close(), this);
        return new ValueTask(_closed.Task);
    }

    void IEpollHandler.OnReady(EpollEvents events)
    {
        // Level-triggered: what this turn leaves is reported again.
        for (int left = AcceptsPerTurn; left > 0 && IsAccepting; left--)
            if (!AcceptOne()) return;
    }

    void IEpollHandler.OnFault(Exception? fault)
    {
        if (fault is null) Close(); // the loop stops; anything else we survive
    }

    private bool IsAccepting
    {
        get
        {
            lock (_gate) return !_paused && !_disposed && _resting is null;
        }
    }

    private unsafe bool AcceptOne()
    {
        // SAFETY: no address is asked for; the transport asks the socket itself.
        int accepted = Native.accept4(_listener.SafeHandle, null, null, Native.SOCK_NONBLOCK | Native.SOCK_CLOEXEC);
        if (accepted < 0) return OnFailure(Native.LastError);
        SocketTransport transport;
        try
        {
            transport = new SocketTransport(new FileDescriptor(accepted), _loops.Next(), _options);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            TransportLog.AcceptHandlerFailed(_logger, failure); // the transport closed the descriptor
            return true;
        }
        bool taken = false;
        try
        {
            taken = _onConnection(transport);
        }
        catch (Exception failure)
        {
            TransportLog.AcceptHandlerFailed(_logger, failure);
        }
        if (!taken) _ = transport.DisposeAsync().AsTask(); // cannot fail; nobody waits for it
        return true;
    }

    /// <summary>True: try the next one.</summary>
    private bool OnFailure(int error)
    {
        switch (error)
        {
            case Native.EAGAIN:
                return false;
            case Native.EINTR:
                return true;
            case Native.EMFILE or Native.ENFILE or Native.ENOBUFS or Native.ENOMEM:
                Rest(Marshal.GetPInvokeErrorMessage(error));
                return false;
            case Native.EBADF or Native.EINVAL or Native.ENOTSOCK or Native.EOPNOTSUPP:
                // Not a listening socket any more: asking again at once would spin.
                Rest(Marshal.GetPInvokeErrorMessage(error));
                return false;
            default: // ECONNABORTED, EPERM (a firewall), and the network errors of a connection that died in the backlog
                TransportLog.AcceptIgnored(_logger, error);
                return true;
        }
    }

    private void Rest(string reason)
    {
        TransportLog.AcceptBackOff(_logger, reason, BackOff.TotalSeconds);
        lock (_gate)
        {
            if (_disposed || _resting is not null) return;
            _resting = _time.CreateTimer(static acceptor => ((SocketAcceptor)acceptor!).OnRested(), this, BackOff, Timeout.InfiniteTimeSpan);
            Watch();
        }
    }

    private void OnRested()
    {
        lock (_gate)
        {
            _resting?.Dispose();
            _resting = null;
            Watch();
        }
    }

    private void SetPaused(bool paused)
    {
        lock (_gate)
        {
            if (_paused == paused) return;
            _paused = paused;
            Watch();
        }
    }

    /// <summary>Makes the loop report what the state wants; under the gate.</summary>
    private void Watch()
    {
        if (_disposed) return;
        // Hang-ups are reported whatever one asks for: edge-triggered, so that a dead listener does not spin the loop while we wait.
        _loop.Modify(_listener.SafeHandle, _paused || _resting is not null ? EpollEvents.EdgeTriggered : EpollEvents.Readable, _key);
    }

    private void Close()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            _resting?.Dispose();
            _resting = null;
        }
        try
        {
            _loop.Unregister(_listener.SafeHandle, _key);
        }
        catch (ObjectDisposedException)
        {
            // the loop, or the daemon's own listener, has ended
        }
        _listener.Dispose();
        _closed.TrySetResult();
    }

    private static void SetNonBlocking(SafeHandle socket)
    {
        int flags = Native.fcntl(socket, Native.F_GETFL, 0);
        if (flags < 0 || Native.fcntl(socket, Native.F_SETFL, flags | Native.O_NONBLOCK) < 0) throw Native.Failure("fcntl");
    }
}
