using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Dispatch;
using Libvirtd.Rpc.Streams;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Sessions;

/// <summary>The connection's streams, by the call that opened each.</summary>
internal sealed partial class Session
{
    private readonly Dictionary<StreamKey, ServerStream> _streams = [];
    private int _fullStreams;

    /// <summary>A stream's backend is behind: nothing further is read until it has caught up.</summary>
    private bool StreamsAreFull => Volatile.Read(ref _fullStreams) > 0;

    /// <summary>Answers the opening call, then lets the stream run.</summary>
    public void OpenStream(ServerCall call, StreamEndpoint endpoint, Action reply)
    {
        if (Connection?.Interceptor is { } interceptor)
            endpoint = interceptor.OnStream(call, call.Procedure, endpoint);
        ServerStream stream = new(this, call.Header, endpoint, call.Procedure.Stream, call.IsSparse);
        if (call.InsteadOfReply is { } instead)
        {
            _ = stream.AbandonAsync();
            throw instead;
        }
        bool isNew;
        lock (_streams)
            isNew = !_gone.IsCancellationRequested && _streams.TryAdd(StreamKey.Of(call.Header), stream);
        if (!isNew)
        {
            _ = stream.AbandonAsync();
            throw RpcErrors.Stream("a stream with this serial is open already");
        }
        try
        {
            reply();
        }
        catch
        {
            Remove(stream);
            _ = stream.AbandonAsync();
            throw;
        }
        stream.Start();
    }

    /// <summary>The stream is over: what still comes for it is dropped.</summary>
    public void Remove(ServerStream stream)
    {
        lock (_streams)
            _streams.Remove(StreamKey.Of(stream.Header));
    }

    /// <summary>A stream has more queued than it should, or no longer.</summary>
    public void NoteFull(bool full)
    {
        if (full)
            Interlocked.Increment(ref _fullStreams);
        else if (Interlocked.Decrement(ref _fullStreams) == 0 && IsPaused)
            Wake();
    }

    private void HandleStream(PacketHeader header, ReadOnlySpan<byte> payload)
    {
        ServerStream? stream;
        lock (_streams)
            _streams.TryGetValue(StreamKey.Of(header), out stream);
        if (stream is null)
            return;
        if (header.Type == NetMessageType.StreamHole)
        {
            if (!stream.IsSparse)
                throw new ProtocolViolationException("a hole in a stream that was not opened as sparse");
            stream.TakeHole(DecodeHole(payload));
            return;
        }
        switch (header.Status)
        {
            case NetMessageStatus.Continue:
                stream.TakeData(payload);
                break;
            case NetMessageStatus.Ok:
                stream.TakeFinish();
                break;
            case NetMessageStatus.Error:
                stream.TakeAbort(null);
                break;
            default:
                stream.TakeAbort(RpcErrors.Stream($"stream aborted with unexpected status {(int)header.Status}"));
                break;
        }
    }

    private static long DecodeHole(ReadOnlySpan<byte> payload)
    {
        XdrReader reader = new(payload);
        try
        {
            long length = reader.ReadInt64();
            return reader.ReadUInt32() == 0 ? length : -1;
        }
        catch (XdrException)
        {
            return -1;
        }
    }

    private async Task EndStreamsAsync()
    {
        ServerStream[] streams;
        lock (_streams)
        {
            streams = [.. _streams.Values];
            _streams.Clear();
        }
        await Task.WhenAll(streams.Select(stream => stream.AbandonAsync())).ConfigureAwait(false);
    }
}
