using System.IO.Pipelines;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Transport;

public sealed class StressTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, InlineData(1, 1), InlineData(2, 2)]
    public async Task No_wake_up_is_lost_among_small_writes_cancellations_and_full_sockets(int loops, int seed)
    {
        await using TransportFixture fixture = new(loops);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            (SocketTransport one, SocketTransport other) = fixture.Pair(new TransportOptions { FirstReceiveBytes = 4096 });
            using CancellationTokenSource done = new();
            Task noise = Task.Run(() => CancelAtRandomAsync(other, new Random(seed * 1000 + i), done.Token), Stop);
            Task<int> read = ReadSumAsync(other);
            int sent = await WriteAsync(one, new Random(seed * 100 + i));
            one.Output.Complete();
            Assert.Equal(sent, await read.WaitAsync(TransportFixture.Patience, Stop));
            await done.CancelAsync();
            await noise;
        }));
    }

    private static async Task<int> WriteAsync(SocketTransport transport, Random random)
    {
        int sum = 0;
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = new byte[random.Next(100) == 0 ? random.Next(1, 500_000) : random.Next(1, 200)];
            random.NextBytes(bytes);
            foreach (byte value in bytes) sum = unchecked(sum * 31 + value);
            await transport.Output.WriteAsync(bytes, Stop);
            if (random.Next(20) == 0) await Task.Yield(); // another thread from time to time
        }
        return sum;
    }

    private static async Task<int> ReadSumAsync(SocketTransport transport)
    {
        Random random = new(7);
        int sum = 0;
        while (true)
        {
            ReadResult read = await transport.Input.ReadAsync(random.Next(10) == 0 ? Stop : CancellationToken.None);
            // Some bytes are left for the next time, as a partial message is.
            int take = read.IsCompleted ? (int)read.Buffer.Length : random.Next((int)read.Buffer.Length + 1);
            foreach (byte value in read.Buffer.FirstSpan[..take]) sum = unchecked(sum * 31 + value);
            transport.Input.AdvanceTo(read.Buffer.GetPosition(take), read.Buffer.End);
            if (read.IsCompleted) return sum;
            if (random.Next(50) == 0) await Task.Yield();
        }
    }

    private static async Task CancelAtRandomAsync(SocketTransport transport, Random random, CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            transport.Input.CancelPendingRead();
            for (int i = random.Next(50); i > 0; i--) await Task.Yield();
        }
    }
}
