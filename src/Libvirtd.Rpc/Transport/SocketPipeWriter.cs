using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;

namespace Libvirtd.Rpc.Transport;

/// <summary>
/// The sending half of a <see cref="SocketTransport"/>. A write goes to the socket at once, on the caller's thread and from the caller's memory,
/// which must stay valid until the write completes; only where the socket is full does it pend, until the loop has sent the rest.
/// </summary>
/// <remarks>
/// One write at a time. A write that has begun ends only by success, by a failure or by <see cref="SocketTransport.Abort"/>: half a message cannot be
/// taken back, so a token is obeyed before the first byte only.
/// </remarks>
internal sealed class SocketPipeWriter : PipeWriter, IValueTaskSource<FlushResult>
{
    private const int Ready = 1;   // the loop reported room since we last asked
    private const int Stopped = 2; // the transport ended
    private const int Pending = 4; // a write waits

    private const int LeastBuffer = 4096;

    private readonly SocketTransport _transport;
    private readonly Lock _interest = new();
    private ManualResetValueTaskSourceCore<FlushResult> _source;
    private int _state;
    private bool _watching;                // the loop reports room; guarded by _interest
    private bool _completed;
    private ReadOnlyMemory<byte> _sending; // what is left of the write in hand
    private ReadOnlyMemory<byte> _then;    // what follows it
    private SafeHandle? _file;             // goes with one zero byte, after both

    private byte[]? _buffer;
    private int _filled;

    public SocketPipeWriter(SocketTransport transport) => _transport = transport;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _filled;

    public override void Advance(int bytes)
    {
        if (bytes < 0 || bytes > (_buffer?.Length ?? 0) - _filled) throw new ArgumentOutOfRangeException(nameof(bytes));
        _filled += bytes;
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_filled);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_filled);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => WriteAsync(default, cancellationToken);

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        DemandIdle();
        if (_filled == 0)
        {
            _sending = source;
        }
        else
        {
            _sending = _buffer.AsMemory(0, _filled);
            _then = source;
        }
        return Start();
    }

    /// <summary>Sends what is buffered, then one zero byte with the descriptor.</summary>
    internal ValueTask<FlushResult> SendFileAsync(SafeHandle file)
    {
        DemandIdle();
        _sending = _buffer.AsMemory(0, _filled);
        _file = file;
        return Start();
    }

    /// <summary>Not supported: half a message cannot be taken back. <see cref="ITransport.Abort"/> ends a pending write.</summary>
    public override void CancelPendingFlush() => throw new NotSupportedException("a write cannot be cancelled; abort the connection");

    /// <summary>Ends the outgoing direction; what was not flushed is dropped.</summary>
    public override void Complete(Exception? exception = null)
    {
        if (_completed) return;
        _completed = true;
        _filled = 0;
        ReturnBuffer();
        if (exception is not null) _transport.Abort(exception);
        else _transport.ShutdownOutput();
    }

    /// <summary>The loop's report; on its thread.</summary>
    internal void OnReady()
    {
        if ((Interlocked.Or(ref _state, Ready) & Pending) != 0) Resume();
        else Unwatch();
    }

    /// <summary>The transport ended: a pending write fails, and so do later ones.</summary>
    internal void Stop()
    {
        if ((Interlocked.Or(ref _state, Stopped) & Pending) != 0)
            _transport.Scheduler.Schedule(static writer => ((SocketPipeWriter)writer!).Resume(), this);
    }

    private void DemandIdle()
    {
        if (_completed) throw new InvalidOperationException("the writer was completed");
        if ((Volatile.Read(ref _state) & Pending) != 0) throw new InvalidOperationException("a write is pending already");
    }

    private ValueTask<FlushResult> Start()
    {
        try
        {
            while (true)
            {
                if (TrySend()) return new(default(FlushResult));
                _source.Reset();
                short version = _source.Version;
                if (TryPend()) return new(this, version);
            }
        }
        catch (TransportException failure)
        {
            Forget();
            return ValueTask.FromException<FlushResult>(failure);
        }
    }

    /// <summary>Sends until all is gone or the socket is full.</summary>
    private bool TrySend()
    {
        try
        {
            while (true)
            {
                if (_sending.IsEmpty) (_sending, _then) = (_then, default);
                if (_sending.IsEmpty && _file is null) break;
                if ((Interlocked.And(ref _state, ~Ready) & Stopped) != 0) throw TransportException.Ended(_transport.EndReason);
                if (_sending.IsEmpty)
                {
                    if (SocketCalls.SendFile(_transport.Handle, _file!) < 0) return false;
                    _file = null;
                }
                else
                {
                    int sent = SocketCalls.Send(_transport.Handle, _sending.Span);
                    if (sent < 0) return false;
                    _sending = _sending[sent..];
                }
            }
        }
        catch (Exception failure) when (failure is ObjectDisposedException || (Volatile.Read(ref _state) & Stopped) != 0)
        {
            throw TransportException.Ended(_transport.EndReason); // a failing send is but the consequence
        }
        Forget();
        return true;
    }

    private bool TryPend()
    {
        while (true)
        {
            int state = Volatile.Read(ref _state);
            if ((state & (Ready | Stopped)) != 0) return false;
            if (Interlocked.CompareExchange(ref _state, state | Pending, state) == state) break;
        }
        Watch();
        return true;
    }

    /// <summary>Asks the loop to report room. The kernel reports what is there already, so nothing is lost between the send and this.</summary>
    private void Watch()
    {
        lock (_interest)
        {
            if (_watching) return;
            _watching = true;
            _transport.Watch(writable: true);
        }
    }

    /// <summary>Without a write to serve, each message that the peer reads would wake the loop for nothing.</summary>
    private void Unwatch()
    {
        lock (_interest)
        {
            if (!_watching || (Volatile.Read(ref _state) & Pending) != 0) return;
            _watching = false;
            _transport.Watch(writable: false);
        }
    }

    /// <summary>Goes on with the pending write; on the loop's thread.</summary>
    private void Resume()
    {
        while (true)
        {
            int state = Volatile.Read(ref _state);
            if ((state & Pending) == 0) return;
            if (Interlocked.CompareExchange(ref _state, state & ~Pending, state) == state) break;
        }
        Exception? failure = null;
        try
        {
            while (!TrySend())
                if (TryPend()) return;
        }
        catch (Exception thrown)
        {
            failure = thrown;
            Forget();
        }
        if (failure is null) _source.SetResult(default);
        else _source.SetException(failure);
    }

    private void Reserve(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        int room = Math.Max(sizeHint, 1);
        if (_buffer is not null && _buffer.Length - _filled >= room) return;
        int doubled = (int)Math.Min(_filled * 2L, Array.MaxLength);
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(LeastBuffer, Math.Max(checked(_filled + room), doubled)));
        if (_buffer is not null)
        {
            _buffer.AsSpan(0, _filled).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = larger;
    }

    /// <summary>Lets go of the caller's memory and of our own.</summary>
    private void Forget()
    {
        _sending = _then = default;
        _file = null;
        _filled = 0;
        ReturnBuffer();
    }

    private void ReturnBuffer()
    {
        if (_buffer is null) return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
