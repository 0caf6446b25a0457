using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Sessions;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Streams;

/// <summary>
/// One open stream: pumps a driver's endpoint. At most one data packet of a stream waits in the connection's output, so a slow client stalls the
/// backend; and a backend that is slow to take data stops the reading of its connection, so nothing piles up on either side.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer: nothing is held; late callers may still cancel it.")]
internal sealed class ServerStream(Session session, PacketHeader header, StreamEndpoint endpoint, StreamDirection direction, bool sparse)
{
    private const int FullBytes = 4 << 20;
    private const int RelievedBytes = 1 << 20;

    /// <summary>What a queued packet costs beside its data: without it, holes and packets of one byte would pile up unseen.</summary>
    private const int PacketCost = 64;

    private readonly Lock _gate = new();
    private readonly Queue<Incoming> _incoming = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _reading = Task.CompletedTask;
    private int _queuedBytes;
    private bool _isFull;
    private bool _pumping;
    private bool _lastCame;
    private bool _endpointEnded;
    private bool _ended;

    private enum Kind
    {
        Data,
        Hole,
        Finish,
        Abort,

        /// <summary>Not from the client: the stream has had its last packet, the endpoint is to be given back.</summary>
        Close,
    }

    /// <summary>The call that opened the stream.</summary>
    public PacketHeader Header => header;

    public bool IsSparse => sparse;

    /// <summary>Lets data flow to the client. The opening call's reply has been appended to the output.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (direction is StreamDirection.ToClient or StreamDirection.Both && !_ended && !_lastCame)
                _reading = Task.Run(ReadAsync);
        }
    }

    public void TakeData(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            return;
        session.Server.Telemetry.CountStream(data.Length, fromClient: true);
        byte[] copy = ArrayPool<byte>.Shared.Rent(data.Length);
        data.CopyTo(copy);
        Take(new Incoming(Kind.Data, copy, data.Length, null));
    }

    /// <summary>A hole of that many bytes; a negative length is a fault of the client.</summary>
    public void TakeHole(long length) => Take(new Incoming(Kind.Hole, [], length, null));

    public void TakeFinish() => Take(new Incoming(Kind.Finish, [], 0, null));

    /// <summary>The client aborts; <paramref name="fault"/>, if any, is what it is answered instead of OK.</summary>
    public void TakeAbort(VirException? fault)
    {
        lock (_gate)
        {
            if (_ended || _endpointEnded)
                return;
            DropQueue();
            _lastCame = true;
            Enqueue(new Incoming(Kind.Abort, [], 0, fault));
        }
        _ = _stop.CancelAsync();
    }

    /// <summary>The connection is gone, or the stream never came to be: the endpoint is aborted, nobody is answered.</summary>
    public async Task AbandonAsync()
    {
        TryEnd();
        await _closed.Task.ConfigureAwait(false);
    }

    private void Take(Incoming incoming)
    {
        lock (_gate)
        {
            if (_ended || _lastCame)
            {
                incoming.Release();
                return;
            }
            _lastCame = incoming.Kind == Kind.Finish;
            Enqueue(incoming);
        }
    }

    private void Enqueue(Incoming incoming)
    {
        _incoming.Enqueue(incoming);
        _queuedBytes += incoming.Cost;
        NoteFull();
        if (_pumping)
            return;
        _pumping = true;
        _ = Task.Run(PumpAsync);
    }

    private void NoteFull()
    {
        bool full = _isFull ? _queuedBytes > RelievedBytes : _queuedBytes > FullBytes;
        if (full == _isFull)
            return;
        _isFull = full;
        session.NoteFull(full);
    }

    private void DropQueue()
    {
        while (_incoming.TryDequeue(out Incoming incoming))
        {
            _queuedBytes -= incoming.Cost;
            incoming.Release();
        }
        NoteFull();
    }

    // From the client to the endpoint; also the only place where the endpoint is ended, so nothing overlaps that.
    private async Task PumpAsync()
    {
        while (true)
        {
            Incoming incoming;
            lock (_gate)
            {
                if (!_incoming.TryDequeue(out incoming))
                {
                    _pumping = false;
                    return;
                }
            }
            try
            {
                await ApplyAsync(incoming).ConfigureAwait(false);
            }
            catch (Exception) when (_stop.IsCancellationRequested && incoming.Kind is Kind.Data or Kind.Hole)
            {
                // Cut short by an abort, or by the end of the stream: that is answered instead.
            }
            catch (Exception failure)
            {
                Fail(failure);
            }
            finally
            {
                incoming.Release();
                lock (_gate)
                {
                    _queuedBytes -= incoming.Cost;
                    NoteFull();
                }
            }
        }
    }

    private async ValueTask ApplyAsync(Incoming incoming)
    {
        switch (incoming.Kind)
        {
            case Kind.Data:
                await endpoint.WriteAsync(incoming.Data.AsMemory(0, (int)incoming.Length), _stop.Token).ConfigureAwait(false);
                break;
            case Kind.Hole when incoming.Length < 0:
                throw RpcErrors.Stream("the hole is malformed");
            case Kind.Hole:
                await endpoint.WriteHoleAsync(incoming.Length, _stop.Token).ConfigureAwait(false);
                break;
            case Kind.Finish:
                await StopReadingAsync().ConfigureAwait(false);
                if (!TryEndEndpoint())
                    return;
                await endpoint.FinishAsync(session.Cancellation).ConfigureAwait(false);
                Answer(null);
                break;
            case Kind.Abort:
                await StopReadingAsync().ConfigureAwait(false);
                if (!TryEndEndpoint())
                    return;
                await endpoint.AbortAsync().ConfigureAwait(false);
                Answer(incoming.Fault);
                break;
            default:
                await CloseAsync().ConfigureAwait(false);
                break;
        }
    }

    // From the endpoint to the client.
    private async Task ReadAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PacketHeader.Size + PacketHeader.MaxStreamData);
        try
        {
            Memory<byte> room = buffer.AsMemory(PacketHeader.Size, PacketHeader.MaxStreamData);
            while (true)
            {
                StreamRead read = await endpoint.ReadAsync(room, _stop.Token).ConfigureAwait(false);
                if (_stop.IsCancellationRequested)
                    return;
                if (read.Hole > 0)
                    await session.Output.SendAsync(HolePacket(read.Hole)).ConfigureAwait(false);
                if (read.Count > 0 || read.IsEnd)
                {
                    session.Server.Telemetry.CountStream(read.Count, fromClient: false);
                    int length = PacketHeader.Size + read.Count;
                    header.Stream(NetMessageStatus.Continue).Write(buffer, length);
                    await session.Output.SendAsync(buffer.AsMemory(0, length)).ConfigureAwait(false);
                }
                if (read.IsEnd)
                    return;
            }
        }
        catch (Exception failure) when (_stop.IsCancellationRequested || failure is TransportException)
        {
            // The client has ended the stream, or is gone.
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private byte[] HolePacket(long length)
    {
        byte[] packet = new byte[PacketHeader.Size + 12];
        header.Stream(NetMessageStatus.Continue, NetMessageType.StreamHole).Write(packet, packet.Length);
        BinaryPrimitives.WriteInt64BigEndian(packet.AsSpan(PacketHeader.Size), length);
        return packet;
    }

    private async Task StopReadingAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
    }

    // The endpoint failed. Where the client's finish is under way, this is its answer: exactly one packet ends a stream.
    private void Fail(Exception failure)
    {
        if (!TryEnd())
            return;
        if (failure is DisconnectException)
        {
            session.Remove(this);
            session.Disconnect(failure);
            return;
        }
        if (failure is not (VirException or OperationCanceledException))
            RpcLog.CallbackFailed(session.Server.Logger, session.Id, "stream", failure);
        SendLast(AsStreamError(failure));
    }

    private void Answer(VirException? fault)
    {
        if (TryEnd())
            SendLast(fault);
    }

    private void SendLast(VirException? fault)
    {
        session.Remove(this);
        if (fault is not null)
            session.Output.AppendError(header.Stream(NetMessageStatus.Error), fault);
        else if (!session.Output.AppendRaw(header.Stream(NetMessageStatus.Ok), []))
            session.Abort(new TransportException(TransportFault.Aborted, "the client does not read"));
        session.Output.Flush();
    }

    // Whoever ends the stream first sends its last packet; the pump then gives the endpoint back.
    private bool TryEnd()
    {
        lock (_gate)
        {
            if (_ended)
                return false;
            _ended = true;
            DropQueue();
            Enqueue(new Incoming(Kind.Close, [], 0, null));
        }
        _ = _stop.CancelAsync();
        return true;
    }

    // An endpoint is finished or aborted, once; not when the reading side has failed meanwhile.
    private bool TryEndEndpoint()
    {
        lock (_gate)
        {
            if (_ended || _endpointEnded)
                return false;
            return _endpointEnded = true;
        }
    }

    private async ValueTask CloseAsync()
    {
        try
        {
            await StopReadingAsync().ConfigureAwait(false);
            if (!_endpointEnded)
            {
                _endpointEnded = true;
                await endpoint.AbortAsync().ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            RpcLog.CallbackFailed(session.Server.Logger, session.Id, "stream abort", failure);
        }
        try
        {
            await endpoint.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            RpcLog.CallbackFailed(session.Server.Logger, session.Id, "stream close", failure);
        }
        _closed.TrySetResult();
    }

    private static VirException AsStreamError(Exception failure) => failure switch
    {
        // .NET keeps errno where Windows has its HRESULT.
        IOException => new VirException(ErrorCode.SystemError, ErrorDomain.Streams, failure.Message, "%s", failure.Message,
            int1: failure.HResult is > 0 and < 4096 ? failure.HResult : -1),
        _ => RpcErrors.Of(failure),
    };

    private readonly record struct Incoming(Kind Kind, byte[] Data, long Length, VirException? Fault)
    {
        public int Cost => PacketCost + Data.Length;

        public void Release()
        {
            if (Data.Length > 0)
                ArrayPool<byte>.Shared.Return(Data);
        }
    }
}
