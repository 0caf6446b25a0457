using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Dispatch;
using Libvirtd.Rpc.Transport;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Sessions;

/// <summary>
/// What goes to the client, in order. Any thread may append packets; one at a time sends what has gathered, so that all replies of a batch leave
/// in one write. Buffers go back to the pool when all is sent: an idle connection holds none.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Buffers go back to the pool as soon as all is sent, or the connection fails.")]
internal sealed class PacketOutput(ITransport transport, int maxBacklog, Counter<long> sentBytes)
{
    /// <summary>With more than this unsent, no further input is taken: the client does not read its answers.</summary>
    private const int HighWater = 1 << 20;

    private static readonly Action<object?> s_flush = static state =>
    {
        PacketOutput output = (PacketOutput)state!;
        lock (output._gate)
            output._scheduled = false;
        output.Flush();
    };

    private readonly Lock _gate = new();
    private XdrWriter _pending = new(0);
    private XdrWriter _sending = new(0);
    private List<Attachment>? _attachments;
    private List<TaskCompletionSource>? _waiters;
    private int _inFlight;
    private bool _isSending;
    private bool _scheduled;
    private bool _dead;

    /// <summary>Bytes that the client has not taken yet.</summary>
    public int Backlog => Volatile.Read(ref _inFlight) + _pending.Length;

    /// <summary>Called once when writing fails: the connection is over.</summary>
    public Action<Exception>? OnFailure { get; set; }

    /// <summary>Appends a reply, followed by its descriptors.</summary>
    /// <exception cref="VirException">The result cannot be encoded; nothing was appended.</exception>
    public void AppendReply<T>(ServerCall call, PacketHeader header, T result, Action<ServerCall, XdrWriter, T> encode, List<SafeHandle>? files)
    {
        try
        {
            lock (_gate)
            {
                if (_dead)
                    throw new TransportException(TransportFault.Aborted, "the connection is over");
                int start = Begin(header);
                try
                {
                    if (files is not null)
                        _pending.WriteInt32(files.Count);
                    encode(call, _pending, result);
                    End(start);
                }
                catch
                {
                    _pending.Truncate(start);
                    throw;
                }
                if (files is not null)
                    (_attachments ??= []).Add(new Attachment(_pending.Length, files, default, null));
            }
        }
        catch (Exception failure)
        {
            foreach (SafeHandle file in files ?? [])
                file.Dispose();
            if (failure is TransportException)
                return; // nobody is there to be answered
            if (failure is XdrException)
                throw RpcErrors.Rpc("Unable to encode message payload");
            throw;
        }
    }

    /// <summary>Appends a packet with an error as its payload.</summary>
    public void AppendError(PacketHeader header, VirException error)
    {
        lock (_gate)
        {
            if (_dead)
                return;
            int start = Begin(header);
            RpcErrors.Encode(_pending, error);
            End(start);
        }
    }

    /// <summary>Appends a packet with a payload that is encoded already, after an optional first word.</summary>
    /// <returns>False: the client has let too much pile up, and is to be disconnected.</returns>
    public bool AppendRaw(PacketHeader header, ReadOnlySpan<byte> payload, int? firstWord = null)
    {
        lock (_gate)
        {
            if (_dead)
                return true;
            if (Backlog > maxBacklog)
                return false;
            int start = Begin(header);
            if (firstWord is { } word)
                _pending.WriteInt32(word);
            _pending.WriteRaw(payload);
            End(start);
            return true;
        }
    }

    /// <summary>Sends a whole packet without copying it; returns when it is written, so that <paramref name="packet"/> may be used again.</summary>
    public Task SendAsync(ReadOnlyMemory<byte> packet)
    {
        TaskCompletionSource sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_dead)
                throw new TransportException(TransportFault.Aborted, "the connection is over");
            (_attachments ??= []).Add(new Attachment(_pending.Length, null, packet, sent));
        }
        Flush();
        return sent.Task;
    }

    /// <summary>Starts to send what has gathered, unless somebody sends already.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_isSending || _dead || (_pending.Length == 0 && _attachments is null))
                return;
            _isSending = true;
        }
        SendAll();
    }

    /// <summary>As <see cref="Flush"/>, a little later and on the transport's thread, so that what follows at once leaves in the same write.</summary>
    public void FlushSoon()
    {
        lock (_gate)
        {
            if (_isSending || _scheduled || _dead)
                return;
            _scheduled = true;
        }
        // While a loop sends to many clients, calls that come in are answered first: what they raise leaves in the same writes.
        if (transport.Scheduler is EpollLoop loop)
            loop.Defer(s_flush, this);
        else
            transport.Scheduler.Schedule(s_flush, this);
    }

    /// <summary>The client has so much to read that nothing further should be taken from it.</summary>
    public bool IsFull => Backlog > HighWater;

    /// <summary>Waits while <see cref="IsFull"/>.</summary>
    public Task WaitForRoomAsync() => WaitAsync(HighWater);

    /// <summary>Waits until all is sent, or cannot be sent.</summary>
    public async ValueTask DrainAsync()
    {
        Flush();
        await WaitAsync(0).ConfigureAwait(false);
    }

    private async Task WaitAsync(int atMost)
    {
        while (true)
        {
            TaskCompletionSource waiter;
            lock (_gate)
            {
                if (_dead || (Backlog <= atMost && (atMost > 0 || (!_isSending && _attachments is null))))
                    return;
                waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                (_waiters ??= []).Add(waiter);
            }
            await waiter.Task.ConfigureAwait(false);
        }
    }

    private int Begin(PacketHeader header)
    {
        int start = _pending.Length;
        header.Begin(_pending);
        return start;
    }

    private void End(int start)
    {
        int length = _pending.Length - start;
        if (length > PacketHeader.MaxMessage)
        {
            _pending.Truncate(start);
            throw RpcErrors.Rpc("Unable to encode message payload");
        }
        _pending.Patch(start, (uint)length);
    }

    // What the transport takes at once, which is nearly everything, is sent without a task.
    private void SendAll()
    {
        try
        {
            while (TakeBatch(out List<Attachment>? attachments))
            {
                ValueTask<FlushResult> sending = attachments is null
                    ? transport.Output.WriteAsync(_sending.WrittenMemory)
                    : SendBatchAsync(_sending.WrittenMemory, attachments);
                if (!sending.IsCompleted)
                {
                    _ = SendRestAsync(sending);
                    return;
                }
                sending.GetAwaiter().GetResult();
                EndBatch();
            }
        }
        catch (Exception failure)
        {
            Die(failure);
        }
    }

    private async Task SendRestAsync(ValueTask<FlushResult> sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
            EndBatch();
        }
        catch (Exception failure)
        {
            Die(failure);
            return;
        }
        SendAll();
    }

    /// <summary>What has gathered becomes what is being sent; false, and nobody sends any more, where there is nothing.</summary>
    private bool TakeBatch(out List<Attachment>? attachments)
    {
        lock (_gate)
        {
            Release(ref _waiters);
            attachments = _attachments;
            _attachments = null;
            if (_pending.Length == 0 && attachments is null)
            {
                _isSending = false;
                _pending.Dispose();
                _sending.Dispose();
                return false;
            }
            (_pending, _sending) = (_sending, _pending);
            _inFlight = _sending.Length;
            return true;
        }
    }

    private void EndBatch()
    {
        sentBytes.Add(_sending.Length);
        lock (_gate)
        {
            _sending.Truncate(0);
            _inFlight = 0;
        }
    }

    private async ValueTask<FlushResult> SendBatchAsync(ReadOnlyMemory<byte> bytes, List<Attachment> attachments)
    {
        int sent = 0;
        try
        {
            foreach (Attachment attachment in attachments)
            {
                if (attachment.Offset > sent)
                    await transport.Output.WriteAsync(bytes[sent..attachment.Offset]).ConfigureAwait(false);
                sent = attachment.Offset;
                if (attachment.Files is { } files)
                    await transport.SendFilesAsync(files).ConfigureAwait(false);
                else
                    await transport.Output.WriteAsync(attachment.Packet).ConfigureAwait(false);
                sentBytes.Add(attachment.Files?.Count ?? attachment.Packet.Length);
                attachment.Sent?.TrySetResult();
            }
        }
        finally
        {
            foreach (Attachment attachment in attachments)
                attachment.Drop();
        }
        return bytes.Length > sent ? await transport.Output.WriteAsync(bytes[sent..]).ConfigureAwait(false) : default;
    }

    private void Die(Exception failure)
    {
        List<Attachment>? attachments;
        lock (_gate)
        {
            _dead = true;
            _isSending = false;
            _pending.Dispose();
            _sending.Dispose();
            _inFlight = 0;
            attachments = _attachments;
            _attachments = null;
            Release(ref _waiters);
        }
        foreach (Attachment attachment in attachments ?? [])
            attachment.Drop();
        OnFailure?.Invoke(failure);
    }

    private static void Release(ref List<TaskCompletionSource>? waiters)
    {
        if (waiters is null)
            return;
        foreach (TaskCompletionSource waiter in waiters)
            waiter.TrySetResult();
        waiters = null;
    }

    /// <summary>Something that leaves between two bytes of the buffer: a reply's descriptors, or a packet that is not copied.</summary>
    private sealed record Attachment(int Offset, List<SafeHandle>? Files, ReadOnlyMemory<byte> Packet, TaskCompletionSource? Sent)
    {
        public void Drop()
        {
            foreach (SafeHandle file in Files ?? [])
                file.Dispose();
            Sent?.TrySetException(new TransportException(TransportFault.Aborted, "the connection is over"));
        }
    }
}
