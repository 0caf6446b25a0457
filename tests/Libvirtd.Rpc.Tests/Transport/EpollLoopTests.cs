using System.IO.Pipelines;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Transport;

public sealed class EpollLoopTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Posted_work_runs_in_order_on_the_loop_and_never_within_the_call()
    {
        using EpollLoop loop = new();
        List<int> order = [];
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        for (int i = 0; i < 1000; i++)
        {
            int number = i;
            loop.Schedule(_ =>
            {
                Assert.True(loop.IsCurrent);
                if (number == 0) loop.Schedule(_ => order.Add(-1), null);
                order.Add(number);
            }, null);
        }
        loop.Schedule(_ => loop.Schedule(_ => done.SetResult(), null), null);
        await done.Task.WaitAsync(TransportFixture.Patience, Stop);
        Assert.Equal(0, order[0]);
        Assert.Equal(Enumerable.Range(0, 1000), order.Where(number => number >= 0));
        Assert.Contains(-1, order);
    }

    [Fact]
    public async Task Work_that_throws_does_not_end_the_loop()
    {
        using EpollLoop loop = new();
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Schedule(_ => throw new InvalidOperationException("a bug"), null);
        loop.Schedule(_ => done.SetResult(), null);
        await done.Task.WaitAsync(TransportFixture.Patience, Stop);
    }

    [Fact]
    public async Task A_handler_that_throws_loses_its_connection_and_no_other()
    {
        await using TransportFixture fixture = new(loops: 1);
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        (SocketTransport third, SocketTransport fourth) = fixture.Pair();
        InvalidOperationException bug = new("a bug");
#pragma warning disable CA2012 // an async method would catch the exception: only a raw continuation lets it reach the loop
        other.Input.ReadAsync(Stop).GetAwaiter().UnsafeOnCompleted(() => throw bug);
#pragma warning restore CA2012
        await one.Output.WriteAsync(new byte[1], Stop);
        Assert.Equal(0, await TransportFixture.ReadToEndAsync(one));
        await TransportFixture.UntilAsync(() => other.Handle.IsClosed, "closed");
        Assert.Same(bug, other.EndReason);
        await third.Output.WriteAsync(new byte[] { 1 }, Stop);
        Assert.Equal([1], await TransportFixture.ReadExactlyAsync(fourth, 1));
    }

    [Fact]
    public async Task A_second_read_or_write_beside_a_pending_one_is_refused()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, _) = fixture.Pair();
        ValueTask<ReadResult> read = one.Input.ReadAsync(Stop);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await one.Input.ReadAsync(Stop));
        ValueTask<FlushResult> write = one.Output.WriteAsync(new byte[8 << 20], Stop);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await one.Output.WriteAsync(new byte[1], Stop));
        one.Abort();
        Assert.True((await read).IsCompleted);
        await Assert.ThrowsAsync<TransportException>(async () => await write);
    }

    [Fact]
    public void Loops_are_dealt_out_in_turn()
    {
        using EpollLoopGroup loops = new(3);
        Assert.Equal([loops[0], loops[1], loops[2], loops[0]], [loops.Next(), loops.Next(), loops.Next(), loops.Next()]);
        using EpollLoopGroup usual = new();
        Assert.InRange(usual.Count, 1, EpollLoopGroup.MostByDefault);
    }

    [Fact]
    public async Task A_steady_exchange_allocates_nothing_on_the_loop()
    {
        await using TransportFixture fixture = new(loops: 1);
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        TaskCompletionSource<long> allocated = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task server = TransportFixture.EchoAsync(other);
        one.Scheduler.Schedule(_ => _ = ClientAsync(), null);
        Assert.InRange(await allocated.Task.WaitAsync(TransportFixture.Patience, Stop), 0, 10_000); // far below a byte for each of the exchanges
        one.Abort();
        await server;

        async Task ClientAsync()
        {
            byte[] message = new byte[28];
            long before = 0;
            for (int i = 0; i < 21_000; i++)
            {
                if (i == 1000) before = GC.GetAllocatedBytesForCurrentThread();
                await one.Output.WriteAsync(message).ConfigureAwait(false);
                ReadResult read = await one.Input.ReadAsync().ConfigureAwait(false);
                one.Input.AdvanceTo(read.Buffer.End);
            }
            allocated.SetResult(GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }
}
