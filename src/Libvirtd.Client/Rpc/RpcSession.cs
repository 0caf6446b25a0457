using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Libvirtd.Client.Transport;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Client.Rpc;

/// <summary>
/// One connection's calls, streams and events: a loop reads and hands out what comes, callers write one after the other. When it ends, everything that
/// waits fails with <see cref="ConnectionLostException"/>.
/// </summary>
internal sealed partial class RpcSession : IAsyncDisposable
{
    private readonly RpcTransport _transport;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly SemaphoreSlim _room;
    private readonly XdrWriter _writer = new(1024, Frame.LengthBytes + Frame.HeaderBytes + Frame.LargestPayload);
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, PendingCall> _calls = [];
    private readonly Dictionary<uint, ClientStream> _streams = [];
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private uint _nextSerial;
    private ConnectionLostException? _lost;

    public RpcSession(RpcTransport transport, LibvirtClientOptions options)
    {
        _transport = transport;
        Options = options;
        _room = new SemaphoreSlim(options.MaxCallsInFlight);
        _lastHeard = options.Time.GetTimestamp();
        _reading = Task.Run(ReadAsync);
    }

    public LibvirtClientOptions Options { get; }

    /// <summary>Ends when the connection has ended, whatever the reason; it never fails.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Why the connection ended; null while it lives.</summary>
    public ConnectionLostException? Lost => Volatile.Read(ref _lost);

    /// <summary>Calls a procedure. A caller that gives up after the call was sent does not undo it.</summary>
    public async Task<RpcReply<TResult>> CallAsync<TArgs, TResult>(uint program, uint version, int procedure, TArgs args, IReadOnlyList<SafeHandle>? files,
        StreamDirection direction, CancellationToken cancel)
        where TArgs : IXdrValue<TArgs>
        where TResult : IXdrValue<TResult>
    {
        if (files is { Count: > 0 } && !_transport.CanPassFiles)
            throw new NotSupportedException("this connection carries no file descriptors");
        await _room.WaitAsync(cancel).ConfigureAwait(false);
        PendingCall call;
        NetMessageHeader header;
        lock (_lock)
        {
            if (_lost is not null)
            {
                _room.Release();
                throw _lost;
            }
            uint serial = _nextSerial++;
            header = new()
            {
                Prog = program,
                Vers = version,
                Proc = procedure,
                Type = files is { Count: > 0 } ? NetMessageType.CallWithFds : NetMessageType.Call,
                Serial = serial,
                Status = NetMessageStatus.Ok,
            };
            ClientStream? stream = direction == StreamDirection.None ? null : new ClientStream(this, header, direction);
            call = new PendingCall(program, procedure, stream);
            _calls.Add(serial, call);
            if (stream is not null)
                _streams.Add(serial, stream);
        }
        try
        {
            await SendCallAsync(header, args, files, cancel).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not ConnectionLostException)
        {
            // Nothing was written: the server knows nothing of it.
            Forget(header.Serial);
            throw;
        }
        (byte[] payload, IReadOnlyList<SafeHandle> received) = await AwaitAsync(call, cancel).ConfigureAwait(false);
        return new RpcReply<TResult>(Decode<TResult>(payload), received, call.Stream);
    }

    /// <summary>Writes a packet of a stream.</summary>
    public Task SendStreamAsync(NetMessageHeader header, ReadOnlyMemory<byte> payload, CancellationToken cancel) => SendAsync(
        writer =>
        {
            Frame.Begin(writer, header);
            writer.WriteRaw(payload.Span);
        },
        null,
        cancel);

    /// <summary>Forgets a stream that was never opened or has been answered for.</summary>
    public void RemoveStream(uint serial)
    {
        lock (_lock)
            _streams.Remove(serial);
    }

    /// <summary>Ends the connection at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await EndAsync(new ConnectionLostException("the connection was closed")).ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
    }

    private static TResult Decode<TResult>(byte[] payload)
        where TResult : IXdrValue<TResult>
    {
        XdrReader reader = new(payload);
        return TResult.Decode(ref reader);
    }

    private static async Task<(byte[] Payload, IReadOnlyList<SafeHandle> Files)> AwaitAsync(PendingCall call, CancellationToken cancel)
    {
        using (cancel.UnsafeRegister(static (state, token) => ((PendingCall)state!).GiveUp(token), call))
            return await call.Answer.ConfigureAwait(false);
    }

    private Task SendCallAsync<TArgs>(NetMessageHeader header, TArgs args, IReadOnlyList<SafeHandle>? files, CancellationToken cancel)
        where TArgs : IXdrValue<TArgs> => SendAsync(
        writer =>
        {
            Frame.Begin(writer, header);
            if (files is { Count: > 0 })
                writer.WriteCount(files.Count, RpcConstants.NetMessageNumFdsMax);
            args.Encode(writer);
        },
        files,
        cancel);

    // Cancelling ends the wait for one's turn; a message that was begun is always written to its end, or the connection would be lost.
    private async Task SendAsync(Action<XdrWriter> encode, IReadOnlyList<SafeHandle>? files, CancellationToken cancel)
    {
        await _writing.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (Lost is { } lost)
                throw lost;
            encode(_writer);
            Frame.End(_writer);
            try
            {
                await _transport.Output.WriteAsync(_writer.WrittenMemory, CancellationToken.None).ConfigureAwait(false);
                if (files is { Count: > 0 })
                    await _transport.SendFilesAsync(files).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                ConnectionLostException reason = new("cannot write to the server", error);
                _ = EndAsync(reason);
                throw Lost ?? reason;
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    private void Forget(uint serial)
    {
        bool known;
        lock (_lock)
        {
            known = _calls.Remove(serial);
            _streams.Remove(serial);
        }
        if (known)
            _room.Release();
    }

    private async Task ReadAsync()
    {
        Task keepAlive = KeepAliveAsync();
        try
        {
            while (true)
            {
                ReadResult read = await _transport.Input.ReadAsync(_ending.Token).ConfigureAwait(false);
                ReadOnlySequence<byte> buffer = read.Buffer;
                if (!buffer.IsEmpty)
                    Heard();
                if (read.IsCanceled)
                    throw new ConnectionLostException("the connection was closed");
                bool cut = Frame.TryCut(ref buffer, out Frame frame);
                _transport.Input.AdvanceTo(buffer.Start, cut ? buffer.Start : buffer.End);
                if (cut)
                    await DispatchAsync(frame).ConfigureAwait(false);
                else if (read.IsCompleted)
                    throw new ConnectionLostException("the server closed the connection");
            }
        }
        catch (ConnectionLostException lost)
        {
            await EndAsync(lost).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            await EndAsync(new ConnectionLostException("cannot read from the server", error)).ConfigureAwait(false);
        }
        await keepAlive.ConfigureAwait(false);
        try
        {
            await _transport.Input.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It is gone already.
        }
        _closed.TrySetResult();
    }

    private async ValueTask DispatchAsync(Frame frame)
    {
        switch (frame.Header.Type)
        {
            case NetMessageType.Reply:
            case NetMessageType.ReplyWithFds:
                await OnReplyAsync(frame).ConfigureAwait(false);
                break;
            case NetMessageType.Stream:
            case NetMessageType.StreamHole:
                ClientStream? stream;
                lock (_lock)
                    _streams.TryGetValue(frame.Header.Serial, out stream);
                if (stream is not null)
                    await stream.OnPacketAsync(frame, _ending.Token).ConfigureAwait(false);
                break;
            case NetMessageType.Message when frame.Header.Prog == KeepaliveProgram.Number:
                OnKeepAlive(frame.Header);
                break;
            case NetMessageType.Message:
                OnEvent(frame);
                break;
            default:
                throw new ConnectionLostException($"the server sent a message of type {(int)frame.Header.Type}");
        }
    }

    private async ValueTask OnReplyAsync(Frame frame)
    {
        List<SafeHandle> files = [];
        byte[] payload = frame.Payload;
        if (frame.Header.Type == NetMessageType.ReplyWithFds)
        {
            int count = new XdrReader(payload).ReadCount(RpcConstants.NetMessageNumFdsMax, 0);
            payload = payload[4..];
            await ReceiveFilesAsync(count, files).ConfigureAwait(false);
        }
        PendingCall? call;
        lock (_lock)
        {
            if (_calls.Remove(frame.Header.Serial, out call) && frame.Header.Status != NetMessageStatus.Ok)
                _streams.Remove(frame.Header.Serial);
        }
        if (call is null || call.Program != frame.Header.Prog || call.Procedure != frame.Header.Proc)
        {
            files.ForEach(file => file.Dispose());
            call?.Fail(new ConnectionLostException("the server answered another procedure"));
            throw new ConnectionLostException(
                $"no call waiting for reply with prog {frame.Header.Prog} vers {frame.Header.Vers} serial {frame.Header.Serial}");
        }
        _room.Release();
        if (frame.Header.Status == NetMessageStatus.Ok)
        {
            if (call.Complete(payload, files))
                return;
            // The caller has given up: what the answer opened must not stay open.
            files.ForEach(file => file.Dispose());
            if (call.Stream is { } stream)
                _ = stream.DisposeAsync().AsTask();
        }
        else
        {
            files.ForEach(file => file.Dispose());
            call.Fail((frame with { Payload = payload }).ToException());
        }
    }

    private async ValueTask ReceiveFilesAsync(int count, List<SafeHandle> files)
    {
        while (files.Count < count)
        {
            ReadResult read = await _transport.Input.ReadAtLeastAsync(1, _ending.Token).ConfigureAwait(false);
            if (read.Buffer.IsEmpty)
                throw new ConnectionLostException("the server closed the connection");
            _transport.Input.AdvanceTo(read.Buffer.GetPosition(1));
            files.Add(_transport.TakeFile() ?? throw new ConnectionLostException("the server sent no file descriptor where one belongs"));
        }
    }

    private async Task EndAsync(ConnectionLostException reason)
    {
        List<PendingCall> calls;
        List<ClientStream> streams;
        lock (_lock)
        {
            if (_lost is not null)
                return;
            _lost = reason;
            calls = [.. _calls.Values];
            streams = [.. _streams.Values];
            _calls.Clear();
            _streams.Clear();
        }
        await _ending.CancelAsync().ConfigureAwait(false);
        await _transport.DisposeAsync().ConfigureAwait(false);
        foreach (PendingCall call in calls)
        {
            call.Fail(reason);
            _room.Release();
        }
        foreach (ClientStream stream in streams)
            stream.Fail(reason);
        EndSubscriptions(reason);
    }
}
