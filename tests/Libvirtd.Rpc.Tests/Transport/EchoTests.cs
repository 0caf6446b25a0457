using System.Net;
using System.Net.Sockets;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Transport;

public sealed class EchoTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<int> Sizes => [1, 27, 28, 4095, 4096, 65535, 65536, 65537, 300_000, 5_000_000];

    [Theory, MemberData(nameof(Sizes))]
    public async Task Unix_echo_returns_every_byte(int size)
    {
        await using TransportFixture fixture = new();
        Socket listener = fixture.ListenUnix(out string path);
        fixture.Own(new SocketAcceptor(listener, fixture.Loops, StartEcho));
        SocketTransport client = fixture.Own(await SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop));

        await RoundTripAsync(client, size);

        Assert.Equal(TransportKind.Unix, client.Kind);
        Assert.True(client.CanPassFiles);
        Assert.Equal(Environment.ProcessId, client.Peer!.Value.ProcessId);
        Assert.Null(client.RemoteEndPoint);
    }

    [Theory, MemberData(nameof(Sizes))]
    public async Task Tcp_echo_returns_every_byte(int size)
    {
        await using TransportFixture fixture = new();
        Socket listener = TransportFixture.ListenTcp(out int port);
        fixture.Own(new SocketAcceptor(listener, fixture.Loops, StartEcho));
        SocketTransport client = fixture.Own(await SocketTransport.ConnectTcpAsync("127.0.0.1", port, fixture.Loops.Next(), cancel: Stop));

        await RoundTripAsync(client, size);

        Assert.Equal(TransportKind.Tcp, client.Kind);
        Assert.False(client.CanPassFiles);
        Assert.Null(client.Peer);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, port), client.RemoteEndPoint);
        Assert.Equal($"127.0.0.1:{port}", TransportAddress.Display(client.RemoteEndPoint!));
        Assert.Equal($"127.0.0.1;{port}", TransportAddress.Sasl(client.RemoteEndPoint!));
    }

    [Fact]
    public async Task Tcp_connections_send_small_messages_at_once()
    {
        await using TransportFixture fixture = new();
        (SocketTransport ours, Socket raw) = await fixture.AcceptRawAsync(tcp: true);
        using Socket _ = raw;
        Assert.NotNull(ours.LocalEndPoint);
        Assert.Equal(1, NoDelayOf(ours));
    }

    [Fact]
    public async Task A_hundred_connections_echo_at_the_same_time()
    {
        await using TransportFixture fixture = new();
        Socket listener = fixture.ListenUnix(out string path);
        fixture.Own(new SocketAcceptor(listener, fixture.Loops, StartEcho));

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
        {
            SocketTransport client = fixture.Own(await SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop));
            for (int i = 0; i < 20; i++) await RoundTripAsync(client, 1 + i * 997);
        }));
    }

    [Fact]
    public async Task Bytes_written_into_the_pipes_own_memory_go_before_a_direct_write()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        one.Output.GetSpan(2)[0] = 1;
        one.Output.Advance(1);
        Assert.Equal(1, one.Output.UnflushedBytes);
        await one.Output.WriteAsync(new byte[] { 2, 3 }, Stop);
        one.Output.GetMemory(10_000).Span[..10_000].Fill(4);
        one.Output.Advance(10_000);
        await one.Output.FlushAsync(Stop);

        byte[] got = await TransportFixture.ReadExactlyAsync(other, 10_003);
        Assert.Equal([1, 2, 3, 4], got[..4]);
        Assert.Equal(4, got[^1]);
        Assert.Equal(0, one.Output.UnflushedBytes);
    }

    [Fact]
    public async Task What_was_read_is_always_one_segment_and_unconsumed_bytes_come_again()
    {
        await using TransportFixture fixture = new();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        byte[] sent = TransportFixture.Pattern(700_000);
        Task write = one.Output.WriteAsync(sent, Stop).AsTask();
        int held = 0;
        while (held < sent.Length)
        {
            System.IO.Pipelines.ReadResult read = await other.Input.ReadAsync(Stop);
            Assert.True(read.Buffer.IsSingleSegment);
            Assert.True(read.Buffer.Length > held);
            held = (int)read.Buffer.Length;
            Assert.Equal(sent.AsSpan(0, held), read.Buffer.FirstSpan);
            other.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        await write;
        Assert.Equal(sent, await ReadAgainAsync(other, sent.Length));
    }

    [Fact]
    public async Task A_connection_that_floods_does_not_starve_another_of_its_loop()
    {
        await using TransportFixture fixture = new(loops: 1);
        (SocketTransport flooder, SocketTransport flooded) = fixture.Pair();
        (SocketTransport one, SocketTransport other) = fixture.Pair();
        bool flooding = true;
        Task sink = TransportFixture.ReadToEndAsync(flooded);
        Task flood = Task.Run(async () =>
        {
            byte[] block = new byte[1 << 20];
            while (Volatile.Read(ref flooding)) await flooder.Output.WriteAsync(block, Stop);
            flooder.Output.Complete();
        }, Stop);
        Task echo = TransportFixture.EchoAsync(other);
        for (int i = 0; i < 50; i++) await RoundTripAsync(one, 100);
        Volatile.Write(ref flooding, false);
        await flood;
        await sink;
        one.Abort();
        await echo;
    }

    private static bool StartEcho(SocketTransport transport)
    {
        transport.Scheduler.Schedule(static state => _ = TransportFixture.EchoAsync((SocketTransport)state!), transport);
        return true;
    }

    private static async Task RoundTripAsync(SocketTransport client, int size)
    {
        byte[] sent = TransportFixture.Pattern(size, size);
        Task write = client.Output.WriteAsync(sent, Stop).AsTask();
        Assert.Equal(sent, await TransportFixture.ReadExactlyAsync(client, size));
        await write;
    }

    private static async Task<byte[]> ReadAgainAsync(SocketTransport transport, int count)
    {
        transport.Input.CancelPendingRead(); // all of it was examined: a plain read would wait for more
        return await TransportFixture.ReadExactlyAsync(transport, count);
    }

    private static unsafe int NoDelayOf(SocketTransport transport)
    {
        int value;
        int length = sizeof(int);
        return Native.getsockopt(transport.Handle, Native.IPPROTO_TCP, Native.TCP_NODELAY, &value, &length) == 0 ? value : -1;
    }
}
