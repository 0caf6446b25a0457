using System.Buffers.Binary;
using Libvirtd.Client.Rpc;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Client;

/// <summary>What a read of a sparse stream gave: data, or a hole, which is a range that reads as zeros; neither at the end.</summary>
/// <param name="Count">Bytes of data in the buffer.</param>
/// <param name="Hole">Bytes of the hole.</param>
public readonly record struct SparseRead(int Count, long Hole)
{
    /// <summary>No more data will come.</summary>
    public bool IsEnd => Count == 0 && Hole == 0;
}

/// <summary>
/// The data that belongs to a call: a download, an upload, a console. It is to be ended by <see cref="FinishAsync"/>, which alone tells whether all went
/// well, or by <see cref="AbortAsync"/>; disposing one that was not ended aborts it. One reader and one writer may use it at a time.
/// </summary>
public sealed class ClientStream : IAsyncDisposable
{
    private readonly RpcSession _session;
    private readonly NetMessageHeader _header;
    private readonly Lock _lock = new();
    private readonly Queue<(byte[] Data, long Hole)> _packets = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _arrival;
    private TaskCompletionSource? _room;
    private Exception? _failure;
    private bool _atEnd;
    private bool _ending;
    private int _offset;
    private long _holeLeft;
    private long _backlog;

    internal ClientStream(RpcSession session, NetMessageHeader call, StreamDirection direction)
    {
        _session = session;
        _header = call with { Type = NetMessageType.Stream };
        Direction = direction;
    }

    /// <summary>Which way data goes.</summary>
    public StreamDirection Direction { get; }

    /// <summary>Reads data; holes are read as zeros. 0 is the end. Waits until there is something.</summary>
    /// <exception cref="VirException">The server reports that the stream has failed.</exception>
    /// <exception cref="ConnectionLostException">The connection has ended.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel = default)
    {
        if (_holeLeft == 0)
        {
            SparseRead read = await ReadSparseAsync(buffer, cancel).ConfigureAwait(false);
            if (read.Hole == 0)
                return read.Count;
            _holeLeft = read.Hole;
        }
        int zeros = (int)Math.Min(_holeLeft, buffer.Length);
        buffer.Span[..zeros].Clear();
        _holeLeft -= zeros;
        return zeros;
    }

    /// <summary>Reads data or a hole.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public async ValueTask<SparseRead> ReadSparseAsync(Memory<byte> buffer, CancellationToken cancel = default)
    {
        while (true)
        {
            Task arrival;
            lock (_lock)
            {
                if (_packets.TryPeek(out (byte[] Data, long Hole) packet))
                    return Take(packet, buffer.Span);
                if (_failure is not null)
                    throw _failure;
                if (_atEnd || _ending || Direction == StreamDirection.ToServer)
                    return default;
                arrival = (_arrival ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
            await arrival.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Sends data. It returns when the data is on its way: what the server makes of it, <see cref="FinishAsync"/> tells.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel = default)
    {
        while (!data.IsEmpty)
        {
            CheckWritable();
            int length = Math.Min(data.Length, Frame.LargestStreamData);
            await _session.SendStreamAsync(_header with { Status = NetMessageStatus.Continue }, data[..length], cancel).ConfigureAwait(false);
            data = data[length..];
        }
    }

    /// <summary>Sends a hole: <paramref name="length"/> bytes that read as zeros. Only for streams that were opened as sparse.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public async ValueTask WriteHoleAsync(long length, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        CheckWritable();
        byte[] payload = new byte[12];
        BinaryPrimitives.WriteInt64BigEndian(payload, length);
        await _session.SendStreamAsync(_header with { Type = NetMessageType.StreamHole, Status = NetMessageStatus.Continue }, payload, cancel).ConfigureAwait(false);
    }

    /// <summary>Ends the stream and waits until the server has done with all of it.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public Task FinishAsync(CancellationToken cancel = default) => EndAsync(NetMessageStatus.Ok, cancel);

    /// <summary>Gives the stream up; data that is on its way is lost.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public Task AbortAsync(CancellationToken cancel = default) => EndAsync(NetMessageStatus.Error, cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_ending || _failure is not null)
                return;
        }
        using CancellationTokenSource patience = new(_session.Options.CloseTimeout, _session.Options.Time);
        try
        {
            await AbortAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is VirException or ConnectionLostException or OperationCanceledException)
        {
            // It is given up in any case.
        }
    }

    /// <summary>Takes a packet; while too much waits to be read, it does not return.</summary>
    internal async ValueTask OnPacketAsync(Frame frame, CancellationToken ending)
    {
        switch (frame.Header.Status)
        {
            case NetMessageStatus.Continue:
                OnData(frame);
                await HoldUpAsync(ending).ConfigureAwait(false);
                break;
            case NetMessageStatus.Error:
                _session.RemoveStream(_header.Serial);
                Fail(frame.Payload.Length == 0 ? VirException.Of(ErrorCode.Rpc, ErrorDomain.Streams, "stream aborted by the server") : frame.ToException());
                break;
            case NetMessageStatus.Ok when _ending:
                _session.RemoveStream(_header.Serial);
                _ended.TrySetResult();
                break;
            default:
                throw new ConnectionLostException("the server ended a stream that nobody asked it to end");
        }
    }

    internal void Fail(Exception reason)
    {
        lock (_lock)
        {
            _failure ??= reason;
            Wake(ref _arrival);
            Wake(ref _room);
        }
        _ended.TrySetException(reason);
        _ = _ended.Task.Exception;
    }

    private static void Wake(ref TaskCompletionSource? waiting)
    {
        waiting?.TrySetResult();
        waiting = null;
    }

    private void OnData(Frame frame)
    {
        lock (_lock)
        {
            // After the end was asked for, what was on its way is dropped.
            if (_ending)
                return;
            if (frame.Header.Type == NetMessageType.StreamHole)
            {
                XdrReader reader = new(frame.Payload);
                NetStreamHole hole = NetStreamHole.Decode(ref reader);
                if (hole.Length < 0)
                    throw new ConnectionLostException($"the server sent a hole of {hole.Length} bytes");
                if (hole.Length > 0)
                    _packets.Enqueue(([], hole.Length));
            }
            else if (frame.Payload.Length == 0)
                _atEnd = true;
            else
            {
                _packets.Enqueue((frame.Payload, 0));
                _backlog += frame.Payload.Length;
            }
            Wake(ref _arrival);
        }
    }

    private async ValueTask HoldUpAsync(CancellationToken ending)
    {
        while (true)
        {
            Task room;
            lock (_lock)
            {
                if (_backlog <= _session.Options.StreamBacklog || _ending || _failure is not null)
                    return;
                room = (_room ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
            _session.IsHeldUp = true;
            try
            {
                await room.WaitAsync(ending).ConfigureAwait(false);
            }
            finally
            {
                _session.IsHeldUp = false;
            }
        }
    }

    private SparseRead Take((byte[] Data, long Hole) packet, Span<byte> buffer)
    {
        if (packet.Hole > 0)
        {
            _packets.Dequeue();
            return new SparseRead(0, packet.Hole);
        }
        int count = Math.Min(buffer.Length, packet.Data.Length - _offset);
        packet.Data.AsSpan(_offset, count).CopyTo(buffer);
        _offset += count;
        _backlog -= count;
        if (_offset == packet.Data.Length)
        {
            _packets.Dequeue();
            _offset = 0;
        }
        if (_backlog <= _session.Options.StreamBacklog)
            Wake(ref _room);
        return new SparseRead(count, 0);
    }

    private void CheckWritable()
    {
        lock (_lock)
        {
            if (_failure is not null)
                throw _failure;
            if (_ending || Direction == StreamDirection.ToClient)
                throw new InvalidOperationException(_ending ? "the stream was ended" : "the stream carries data from the server only");
        }
    }

    private async Task EndAsync(NetMessageStatus status, CancellationToken cancel)
    {
        bool first;
        lock (_lock)
        {
            if (_failure is not null)
                throw _failure;
            first = !_ending;
            _ending = true;
            _packets.Clear();
            _backlog = 0;
            Wake(ref _arrival);
            Wake(ref _room);
        }
        if (first)
            await _session.SendStreamAsync(_header with { Status = status }, default, cancel).ConfigureAwait(false);
        await _ended.Task.WaitAsync(cancel).ConfigureAwait(false);
    }
}
