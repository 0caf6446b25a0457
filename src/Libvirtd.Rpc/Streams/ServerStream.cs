using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Sessions;
using Libvirtd.Rpc.Transport;
using Libvirtd.Xdr;

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

    private readonly Lock _gate = new();
    private readonly Queue<Incoming> _incoming = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _reading = Task.CompletedTask;
    private int _queuedBytes;
    private bool _isFull;
    private bool _taking;
    private bool _ended;

    private enum Kind
    {
        Data,
        Hole,
        Finish,
        Abort,
    }

    /// <summary>The call that opened the stream.</summary>
    public PacketHeader Header => header;

    public bool IsSparse => sparse;

    /// <summary>Lets data flow to the client. The opening call's reply has been appended to the output.</summary>
    public void Start()
    {
        if (direction is StreamDirection.ToClient or StreamDirection.Both)
            _reading = Task.Run(ReadAsync);
    }

    public void TakeData(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            return;
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
            DropQueue();
        _stop.Cancel();
        Take(new Incoming(Kind.Abort, [], 0, fault));
    }

    /// <summary>The connection is gone, or the stream never came to be: the endpoint is aborted, nobody is answered.</summary>
    public async Task AbandonAsync()
    {
        lock (_gate)
        {
            if (_ended)
                return;
            _ended = true;
            DropQueue();
        }
        await _stop.CancelAsync().ConfigureAwait(false);
        try
        {
            await endpoint.AbortAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            RpcLog.CallbackFailed(session.Server.Logger, session.Id, "stream abort", failure);
        }
        await CloseAsync().ConfigureAwait(false);
    }

    private void Take(Incoming incoming)
    {
        lock (_gate)
        {
            if (_ended)
            {
                incoming.Release();
                return;
            }
            _incoming.Enqueue(incoming);
            if (incoming.Kind == Kind.Data)
                _queuedBytes += (int)incoming.Length;
            NoteFull();
            if (_taking)
                return;
            _taking = true;
        }
        _ = Task.Run(WriteAsync);
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
            incoming.Release();
        _queuedBytes = 0;
        NoteFull();
    }

    // From the client to the endpoint.
    private async Task WriteAsync()
    {
        while (true)
        {
            Incoming incoming;
            lock (_gate)
            {
                if (_ended || !_incoming.TryDequeue(out incoming))
                {
                    _taking = false;
                    return;
                }
            }
            try
            {
                await ApplyAsync(incoming).ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                await FailAsync(failure).ConfigureAwait(false);
            }
            finally
            {
                incoming.Release();
                lock (_gate)
                {
                    if (incoming.Kind == Kind.Data && _queuedBytes > 0)
                        _queuedBytes -= (int)Math.Min(_queuedBytes, incoming.Length);
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
                await endpoint.FinishAsync(session.Cancellation).ConfigureAwait(false);
                await AnswerAsync(null).ConfigureAwait(false);
                break;
            default:
                await StopReadingAsync().ConfigureAwait(false);
                await endpoint.AbortAsync().ConfigureAwait(false);
                await AnswerAsync(incoming.Fault).ConfigureAwait(false);
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
                    AppendHole(read.Hole);
                if (read.Count > 0 || read.IsEnd)
                {
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
            await FailAsync(failure).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void AppendHole(long length)
    {
        Span<byte> payload = stackalloc byte[12];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(payload, length);
        payload[8..].Clear();
        session.Output.AppendRaw(header.Stream(NetMessageStatus.Continue, NetMessageType.StreamHole), payload);
        session.Output.Flush();
    }

    private async Task StopReadingAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
    }

    // The endpoint failed. Where the client's finish is under way, this is its answer: exactly one packet ends a stream.
    private async Task FailAsync(Exception failure)
    {
        lock (_gate)
        {
            if (_ended)
                return;
            _ended = true;
            DropQueue();
        }
        if (failure is not (VirException or OperationCanceledException))
            RpcLog.CallbackFailed(session.Server.Logger, session.Id, "stream", failure);
        session.Remove(this);
        session.Output.AppendError(header.Stream(NetMessageStatus.Error), AsStreamError(failure));
        session.Output.Flush();
        try
        {
            await endpoint.AbortAsync().ConfigureAwait(false);
        }
        catch (Exception second)
        {
            RpcLog.CallbackFailed(session.Server.Logger, session.Id, "stream abort", second);
        }
        await CloseAsync().ConfigureAwait(false);
    }

    private async Task AnswerAsync(VirException? fault)
    {
        lock (_gate)
        {
            if (_ended)
                return;
            _ended = true;
            DropQueue();
        }
        session.Remove(this);
        if (fault is null)
            session.Output.AppendRaw(header.Stream(NetMessageStatus.Ok), []);
        else
            session.Output.AppendError(header.Stream(NetMessageStatus.Error), fault);
        session.Output.Flush();
        await CloseAsync().ConfigureAwait(false);
    }

    private async ValueTask CloseAsync()
    {
        try
        {
            await endpoint.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            RpcLog.CallbackFailed(session.Server.Logger, session.Id, "stream close", failure);
        }
    }

    private static VirException AsStreamError(Exception failure) => failure switch
    {
        IOException => VirException.Of(ErrorCode.SystemError, ErrorDomain.Streams, failure.Message),
        _ => RpcErrors.Of(failure),
    };

    private readonly record struct Incoming(Kind Kind, byte[] Data, long Length, VirException? Fault)
    {
        public void Release()
        {
            if (Data.Length > 0)
                ArrayPool<byte>.Shared.Return(Data);
        }
    }
}
