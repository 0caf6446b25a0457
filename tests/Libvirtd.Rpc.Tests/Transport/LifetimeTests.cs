using System.IO.Pipelines;
using System.Net.Sockets;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Transport;

public sealed class LifetimeTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cancelling_a_pending_read_from_another_thread_answers_it()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        for (int i = 0; i < 100; i++)
        {
            ValueTask<ReadResult> read = other.Input.ReadAsync(Stop);
            Assert.False(read.IsCompleted);
            _ = Task.Run(other.Input.CancelPendingRead, Stop);
            ReadResult result = await read;
            Assert.True(result.IsCanceled);
            Assert.False(result.IsCompleted);
            other.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
        await one.Output.WriteAsync(new byte[] { 1 }, Stop);
        Assert.Equal([1], await TransportFixture.ReadExactlyAsync(other, 1));
    }

    [Fact]
    public async Task A_cancellation_without_a_pending_read_waits_for_the_next_one()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        other.Input.CancelPendingRead();
        other.Input.CancelPendingRead();
        Assert.True((await other.Input.ReadAsync(Stop)).IsCanceled);
        Assert.False(other.Input.TryRead(out _));
        await one.Output.WriteAsync(new byte[] { 1 }, Stop);
        Assert.Equal([1], await TransportFixture.ReadExactlyAsync(other, 1));
    }

    [Fact]
    public async Task A_cancelled_read_shows_the_bytes_of_a_partial_message_again()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        await one.Output.WriteAsync(new byte[] { 1, 2 }, Stop);
        ReadResult read = await other.Input.ReadAsync(Stop);
        other.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        ValueTask<ReadResult> pending = other.Input.ReadAsync(Stop);
        Assert.False(pending.IsCompleted);
        other.Input.CancelPendingRead();
        read = await pending;
        Assert.True(read.IsCanceled);
        Assert.Equal([1, 2], read.Buffer.FirstSpan.ToArray());
        other.Input.AdvanceTo(read.Buffer.End);
    }

    [Fact]
    public async Task The_token_of_a_read_ends_only_that_read()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        using CancellationTokenSource source = new();
        ValueTask<ReadResult> read = other.Input.ReadAsync(source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await read);
        await one.Output.WriteAsync(new byte[] { 5 }, Stop);
        Assert.Equal([5], await TransportFixture.ReadExactlyAsync(other, 1));
    }

    [Fact]
    public async Task Reads_continue_on_the_loop()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        TaskCompletionSource<bool> onLoop = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = ReadAsync();
        await one.Output.WriteAsync(new byte[] { 5 }, Stop);
        Assert.True(await onLoop.Task.WaitAsync(TransportFixture.Patience, Stop));

        async Task ReadAsync()
        {
            await other.Input.ReadAsync(Stop).ConfigureAwait(false);
            onLoop.SetResult(((EpollLoop)other.Scheduler).IsCurrent);
        }
    }

    [Fact]
    public async Task Abort_with_a_reason_fails_the_pending_read_and_the_pending_write()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, _) = fixture.Pair();
        Task<ReadResult> read = one.Input.ReadAsync(Stop).AsTask();
        Task<FlushResult> write = one.Output.WriteAsync(new byte[8 << 20], Stop).AsTask();
        Assert.False(write.IsCompleted);
        InvalidOperationException reason = new("first");
        await Task.Run(() => one.Abort(reason), Stop);
        one.Abort(new InvalidOperationException("second"));

        TransportException failure = await Assert.ThrowsAsync<TransportException>(() => read.WaitAsync(TransportFixture.Patience, Stop));
        Assert.Equal(TransportFault.Aborted, failure.Fault);
        Assert.Same(reason, failure.InnerException);
        failure = await Assert.ThrowsAsync<TransportException>(() => write.WaitAsync(TransportFixture.Patience, Stop));
        Assert.Same(reason, failure.InnerException);
        Assert.Same(reason, one.EndReason);
        await Assert.ThrowsAsync<TransportException>(async () => await one.Output.WriteAsync(new byte[1], Stop));
    }

    [Fact]
    public async Task Abort_without_a_reason_is_the_end_of_the_stream_for_both_sides()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        Task<ReadResult> read = one.Input.ReadAsync(Stop).AsTask();
        await one.Output.WriteAsync(new byte[] { 3 }, Stop);
        one.Abort();
        Assert.True((await read.WaitAsync(TransportFixture.Patience, Stop)).IsCompleted);
        Assert.Equal(1, await TransportFixture.ReadToEndAsync(other));
    }

    [Fact]
    public async Task A_write_to_a_peer_that_does_not_read_pends_until_it_does()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        for (int round = 0; round < 5; round++)
        {
            byte[] sent = TransportFixture.Pattern(3 << 20, round);
            ValueTask<FlushResult> write = one.Output.WriteAsync(sent, Stop);
            Assert.False(write.IsCompleted);
            Assert.Equal(sent, await TransportFixture.ReadExactlyAsync(other, sent.Length));
            await write;
            // And a small one goes through at once after it.
            await one.Output.WriteAsync(new byte[] { 1 }, Stop);
            Assert.Equal([1], await TransportFixture.ReadExactlyAsync(other, 1));
        }
    }

    [Fact]
    public async Task Both_ends_can_flood_each_other()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        byte[] sent = TransportFixture.Pattern(20 << 20);
        Task a = one.Output.WriteAsync(sent, Stop).AsTask();
        Task b = other.Output.WriteAsync(sent, Stop).AsTask();
        Task<byte[]> c = TransportFixture.ReadExactlyAsync(one, sent.Length);
        Task<byte[]> d = TransportFixture.ReadExactlyAsync(other, sent.Length);
        await Task.WhenAll(a, b, c, d);
        Assert.Equal(sent, await c);
        Assert.Equal(sent, await d);
    }

    [Fact]
    public async Task A_reset_by_the_peer_is_told_from_other_failures()
    {
        await using TransportFixture fixture = new();
        (SocketTransport ours, Socket raw) = await fixture.AcceptRawAsync(tcp: true);
        Task<ReadResult> read = ours.Input.ReadAsync(Stop).AsTask();
        raw.LingerState = new LingerOption(true, 0); // close sends RST
        raw.Dispose();
        TransportException failure = await Assert.ThrowsAsync<TransportException>(() => read.WaitAsync(TransportFixture.Patience, Stop));
        Assert.Equal(TransportFault.Reset, failure.Fault);
        failure = await Assert.ThrowsAsync<TransportException>(async () => await ours.Output.WriteAsync(new byte[1], Stop));
        Assert.Equal(TransportFault.Reset, failure.Fault);
    }

    [Fact]
    public async Task A_write_to_a_closed_unix_peer_is_a_reset_and_what_it_sent_is_still_read()
    {
        await using TransportFixture fixture = new();
        (SocketTransport ours, Socket raw) = await fixture.AcceptRawAsync();
        raw.Send([1, 2, 3]);
        raw.Dispose();
        TransportException failure = await Assert.ThrowsAsync<TransportException>(async () => await ours.Output.WriteAsync(new byte[1], Stop));
        Assert.Equal(TransportFault.Reset, failure.Fault);
        Assert.Equal(3, await TransportFixture.ReadToEndAsync(ours));
    }

    [Fact]
    public async Task Completing_the_writer_is_the_peers_end_of_stream_but_not_ours()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        one.Output.Complete();
        Assert.Equal(0, await TransportFixture.ReadToEndAsync(other));
        await other.Output.WriteAsync(new byte[] { 1 }, Stop);
        Assert.Equal([1], await TransportFixture.ReadExactlyAsync(one, 1));
    }

    [Fact]
    public async Task More_unconsumed_bytes_than_the_limit_end_the_connection()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair(new TransportOptions { MaxReceiveBytes = 100_000, FirstReceiveBytes = 1024 });
        Task write = one.Output.WriteAsync(new byte[1 << 20], Stop).AsTask();
        TransportException failure = await Assert.ThrowsAsync<TransportException>(() => TransportFixture.ReadExactlyAsync(other, 1 << 20));
        Assert.Equal(TransportFault.Violation, failure.Fault);
        await Assert.ThrowsAsync<TransportException>(() => write.WaitAsync(TransportFixture.Patience, Stop));
    }

    [Fact]
    public async Task An_idle_connection_holds_no_buffer_and_a_partial_message_a_small_one()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        Task<ReadResult> read = other.Input.ReadAsync(Stop).AsTask();
        Assert.Equal(0, other.BufferBytes);
        await one.Output.WriteAsync(new byte[3], Stop);
        ReadResult result = await read;
        Assert.True(other.BufferBytes >= 3);
        other.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        read = other.Input.ReadAsync(Stop).AsTask();
        Assert.InRange(other.BufferBytes, 3, 4096);
        await one.Output.WriteAsync(new byte[3], Stop);
        result = await read;
        Assert.Equal(6, result.Buffer.Length);
        other.Input.AdvanceTo(result.Buffer.End);
        read = other.Input.ReadAsync(Stop).AsTask();
        Assert.Equal(0, other.BufferBytes);
        other.Abort();
        await read;
    }

    [Fact]
    public async Task Disposal_closes_unclaimed_descriptors_and_the_peer_sees_the_end()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        using AnonymousPipe pipe = new();
        await one.SendFilesAsync([pipe.WriteEnd]);
        await TransportFixture.ReadExactlyAsync(other, 1);
        pipe.WriteEnd.Dispose();
        await other.DisposeAsync();
        Assert.Equal(0, pipe.Read()); // the last writer is gone
        Assert.Equal(0, await TransportFixture.ReadToEndAsync(one));
    }

    [Fact]
    public async Task The_end_of_a_loop_ends_its_connections()
    {
        EpollLoop loop = new();
        (SocketTransport one, SocketTransport other) = SocketTransport.CreatePair(loop, loop);
        Task<ReadResult> read = one.Input.ReadAsync(Stop).AsTask();
        loop.Dispose();
        await Assert.ThrowsAsync<TransportException>(() => read.WaitAsync(TransportFixture.Patience, Stop));
        await one.DisposeAsync().AsTask().WaitAsync(TransportFixture.Patience, Stop);
        await other.DisposeAsync().AsTask().WaitAsync(TransportFixture.Patience, Stop);
        TaskCompletionSource ran = new();
        loop.Schedule(static state => ((TaskCompletionSource)state!).SetResult(), ran);
        await ran.Task.WaitAsync(TransportFixture.Patience, Stop);
    }

    [Fact]
    public async Task In_memory_ends_echo_abort_and_push_back()
    {
        (InMemoryTransport one, InMemoryTransport other) = InMemoryTransport.CreatePair();
        Task echo = TransportFixture.EchoAsync(other);
        byte[] sent = TransportFixture.Pattern(5_000_000);
        Task<FlushResult> write = one.Output.WriteAsync(sent, Stop).AsTask();
        Assert.Equal(sent, await TransportFixture.ReadExactlyAsync(one, sent.Length));
        await write;
        Task<FlushResult> stuck = one.Output.WriteAsync(new byte[5_000_000], Stop).AsTask(); // nobody reads the echo
        one.Abort();
        await echo.WaitAsync(TransportFixture.Patience, Stop);
        await Assert.ThrowsAsync<TransportException>(() => stuck.WaitAsync(TransportFixture.Patience, Stop));
    }
}
