using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Rpc.Transport;

/// <summary>
/// The receiving half of a <see cref="SocketTransport"/>: one contiguous buffer, so that what a read returns is always a single segment. A read tries
/// the socket at once; where nothing is there it pends until the loop reports bytes, and continues on the loop's thread.
/// </summary>
/// <remarks>
/// Only the loop completes a pending read, so a continuation never runs inside the call that caused it. <see cref="_state"/> ties the two sides: the
/// reader clears <see cref="Ready"/> before it asks the socket and pends only while that is still clear, so no report is lost.
/// </remarks>
internal sealed class SocketPipeReader : PipeReader, IValueTaskSource<ReadResult>
{
    private const int Ready = 1;         // the loop reported the socket since we last asked it
    private const int Canceled = 2;      // CancelPendingRead; kept until a read takes it
    private const int TokenCanceled = 4; // the pending read's token
    private const int Stopped = 8;       // the transport ended
    private const int Pending = 16;      // a read waits
    private const int Causes = Ready | Canceled | TokenCanceled | Stopped;

    /// <summary>Reads in a row before other connections of the loop have their turn.</summary>
    private const int ReadsPerTurn = 16;

    /// <summary>Less room than this and the buffer is compacted or grown before the next receive.</summary>
    private const int LeastRoom = 4096;

    /// <summary>A pending read that holds less than a quarter of a larger buffer moves to a smaller one.</summary>
    private const int SmallBuffer = 4096;

    private readonly SocketTransport _transport;
    private ManualResetValueTaskSourceCore<ReadResult> _source;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private int _state;
    private volatile bool _hangUp;   // an end was reported: a short read no longer means that the socket is empty
    private bool _drained;           // the socket was empty when we last asked
    private bool _ended;             // the peer's end of stream was read
    private bool _completed;
    private int _reads = ReadsPerTurn;

    private byte[]? _buffer;
    private int _start;
    private int _examined;
    private int _end;
    private long _received;          // bytes in all, for the places of descriptors

    public SocketPipeReader(SocketTransport transport) => _transport = transport;

    /// <summary>Bytes of buffer held; 0 while the connection is idle.</summary>
    internal int BufferBytes => _buffer?.Length ?? 0;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancel = default)
    {
        try
        {
            while (true)
            {
                if (cancel.IsCancellationRequested) return ValueTask.FromCanceled<ReadResult>(cancel);
                if (TryFill(out ReadResult result)) return new(result);
                if (_reads <= 0) _reads = ReadsPerTurn; // used up: now in the hands of the loop
                _source.Reset();
                short version = _source.Version;
                if (cancel.CanBeCanceled)
                {
                    _token = cancel;
                    _registration = cancel.UnsafeRegister(static reader => ((SocketPipeReader)reader!).Raise(TokenCanceled), this);
                }
                if (TryPend()) return new(this, version);
                ClearToken();
            }
        }
        catch (TransportException failure)
        {
            return ValueTask.FromException<ReadResult>(failure);
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        if (TryFill(out result)) return true;
        // Asked for what is there, not for a turn: the next call may ask the socket again.
        if (_reads <= 0) _reads = ReadsPerTurn;
        return false;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // The result of a read without bytes was of no buffer of ours.
        if (_buffer is null || !ReferenceEquals(consumed.GetObject(), _buffer)) return;
        int to = consumed.GetInteger();
        int seen = examined.GetInteger();
        if (to < _start || to > _end || seen < to || seen > _end)
            throw new ArgumentOutOfRangeException(nameof(consumed), "outside of what was read");
        _start = to;
        _examined = seen;
        if (_start == _end) _start = _examined = _end = 0;
    }

    public override void CancelPendingRead() => Raise(Canceled);

    public override void Complete(Exception? exception = null)
    {
        if (_completed) return;
        _completed = true;
        _start = _end = _examined = 0;
        ReturnBuffer();
    }

    /// <summary>The loop's report; on its thread.</summary>
    internal void OnReady(bool hangUp)
    {
        if (hangUp) _hangUp = true;
        if ((Interlocked.Or(ref _state, Ready) & Pending) != 0) Resume();
    }

    /// <summary>The transport ended: a pending read finishes, later ones find it.</summary>
    internal void Stop() => Raise(Stopped);

    private void Raise(int cause)
    {
        if ((Interlocked.Or(ref _state, cause) & Pending) != 0)
            _transport.Scheduler.Schedule(static reader => ((SocketPipeReader)reader!).Resume(), this);
    }

    private bool TryFill(out ReadResult result)
    {
        if (_completed) throw new InvalidOperationException("the reader was completed");
        while (true)
        {
            int state = Volatile.Read(ref _state);
            if ((state & Pending) != 0) throw new InvalidOperationException("a read is pending already");
            if ((state & Canceled) != 0)
            {
                Interlocked.And(ref _state, ~Canceled);
                result = Result(isCanceled: true);
                return true;
            }
            if (_end > _examined)
            {
                result = Result();
                return true;
            }
            if ((state & Stopped) != 0)
            {
                if (_transport.EndReason is { } reason) throw TransportException.Ended(reason);
                _ended = true;
            }
            if (_ended)
            {
                result = Result();
                return true;
            }
            if ((_drained && (state & Ready) == 0) || _reads <= 0)
            {
                result = default;
                return false;
            }
            Interlocked.And(ref _state, ~Ready); // before asking: a report from here on is news
            Receive();
        }
    }

    private void Receive()
    {
        _reads--;
        try
        {
            Span<byte> room = Room();
            SafeFileHandle? file = null;
            int read = _transport.CanPassFiles
                ? SocketCalls.Receive(_transport.Handle, room, out file)
                : SocketCalls.Receive(_transport.Handle, room);
            if (read < 0)
            {
                _drained = true;
                return;
            }
            if (read == 0)
            {
                file?.Dispose();
                _ended = true;
                return;
            }
            _end += read;
            _received += read;
            // A read that brought a descriptor ends there, whatever is behind it.
            _drained = read < room.Length && file is null && !_hangUp;
            if (file is not null && !_transport.ReceivedFiles.TryAdd(file, _received - 1))
                throw new TransportException(TransportFault.Violation, $"more than {ReceivedFiles.Limit} descriptors that no message announced");
        }
        catch (ObjectDisposedException)
        {
            _ended = true; // disposed under us: the same as an abort without a reason
        }
        catch (TransportException failure)
        {
            _transport.Abort(failure); // unless it was ended before: then this is but the consequence
        }
    }

    /// <summary>Where the next bytes go: compacts or grows the buffer as needed.</summary>
    private Span<byte> Room()
    {
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(_transport.Options.FirstReceiveBytes);
            _start = _examined = _end = 0;
        }
        else if (_buffer.Length - _end < LeastRoom)
        {
            int held = _end - _start;
            int limit = _transport.Options.MaxReceiveBytes;
            // Moving less than half a buffer is cheaper than a larger one; a full one doubles.
            if (held > _buffer.Length / 2 && _buffer.Length < limit) MoveTo(ArrayPool<byte>.Shared.Rent(Math.Min(_buffer.Length * 2, limit)));
            else if (_start > 0) MoveTo(_buffer);
            if (held >= limit || _end == _buffer.Length)
                throw new TransportException(TransportFault.Violation, $"more than {limit} bytes wait unconsumed");
        }
        return _buffer.AsSpan(_end);
    }

    private void MoveTo(byte[] target)
    {
        byte[] source = _buffer!;
        source.AsSpan(_start, _end - _start).CopyTo(target);
        _examined -= _start;
        _end -= _start;
        _start = 0;
        if (ReferenceEquals(source, target)) return;
        _buffer = target;
        ArrayPool<byte>.Shared.Return(source);
    }

    private void ReturnBuffer()
    {
        if (_buffer is null) return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
    }

    private ReadResult Result(bool isCanceled = false) => new(
        _buffer is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(_buffer, _start, _end - _start), isCanceled, _ended);

    /// <summary>Makes the read pending, unless something happened since the socket was asked.</summary>
    private bool TryPend()
    {
        if (_drained) GiveUpRoom();
        while (true)
        {
            int state = Volatile.Read(ref _state);
            // Not drained: the reads of this turn are used up, and the loop calls again after the others.
            int causes = _drained ? Causes : Causes & ~Ready;
            if ((state & causes) != 0) return false;
            if (Interlocked.CompareExchange(ref _state, state | Pending, state) != state) continue;
            if ((causes & Ready) == 0) _transport.Scheduler.Schedule(static reader => ((SocketPipeReader)reader!).OnReady(false), this);
            return true;
        }
    }

    /// <summary>A connection that waits holds no more memory than its partial message needs.</summary>
    private void GiveUpRoom()
    {
        int held = _end - _start;
        if (held == 0) ReturnBuffer();
        else if (_buffer!.Length > SmallBuffer && held <= _buffer.Length / 4)
            MoveTo(ArrayPool<byte>.Shared.Rent(Math.Max(held * 2, SmallBuffer / 4)));
    }

    /// <summary>Completes the pending read if it can be; on the loop's thread.</summary>
    private void Resume()
    {
        while (true)
        {
            int state = Volatile.Read(ref _state);
            if ((state & Pending) == 0) return;
            if (Interlocked.CompareExchange(ref _state, state & ~Pending, state) == state) break;
        }
        ReadResult result = default;
        Exception? failure = null;
        try
        {
            while (true)
            {
                _reads = ReadsPerTurn;
                if (TryFill(out result)) break;
                if ((Volatile.Read(ref _state) & TokenCanceled) != 0)
                {
                    failure = new OperationCanceledException(_token);
                    break;
                }
                if (TryPend()) return;
            }
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }
        ClearToken();
        if (failure is null) _source.SetResult(result);
        else _source.SetException(failure);
    }

    private void ClearToken()
    {
        if (!_token.CanBeCanceled) return;
        _registration.Dispose(); // waits for a callback under way, which takes no lock of ours
        _registration = default;
        _token = default;
        Interlocked.And(ref _state, ~TokenCanceled);
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
