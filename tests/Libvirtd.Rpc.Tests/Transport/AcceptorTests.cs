using System.Net.Sockets;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Transport;

public sealed class AcceptorTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_paused_connections_wait_in_the_backlog()
    {
        await using TransportFixture fixture = new();
        Socket listener = fixture.ListenUnix(out string path);
        int accepted = 0;
        SocketAcceptor acceptor = fixture.Own(new SocketAcceptor(listener, fixture.Loops, transport =>
        {
            Interlocked.Increment(ref accepted);
            fixture.Own(transport);
            _ = TransportFixture.EchoAsync(transport);
            return true;
        }));

        SocketTransport first = fixture.Own(await SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop));
        await RoundTripAsync(first);
        acceptor.Pause();
        Assert.True(acceptor.IsPaused);
        SocketTransport second = fixture.Own(await SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop));
        await second.Output.WriteAsync(new byte[] { 1 }, Stop);
        await RoundTripAsync(first); // the loops had their turns
        Assert.Equal(1, Volatile.Read(ref accepted));
        Assert.False(second.Input.TryRead(out _));
        acceptor.Resume();
        Assert.Equal([1], await TransportFixture.ReadExactlyAsync(second, 1));
        Assert.Equal(2, accepted);
    }

    [Fact]
    public async Task A_pause_from_within_the_callback_holds_before_the_next_accept()
    {
        await using TransportFixture fixture = new();
        Socket listener = fixture.ListenUnix(out string path);
        List<SocketTransport> accepted = [];
        SocketAcceptor? acceptor = null;
        acceptor = fixture.Own(new SocketAcceptor(listener, fixture.Loops, transport =>
        {
            lock (accepted) accepted.Add(fixture.Own(transport));
            acceptor!.Pause();
            return true;
        }, paused: true));
        for (int i = 0; i < 5; i++) fixture.Own(await SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop));
        Assert.Empty(accepted);
        for (int i = 1; i <= 5; i++)
        {
            acceptor.Resume();
            await TransportFixture.UntilAsync(() => acceptor.IsPaused, "paused again");
            lock (accepted) Assert.Equal(i, accepted.Count);
        }
    }

    [Fact]
    public async Task A_refused_connection_is_closed_and_a_failing_callback_harms_nobody_else()
    {
        await using TransportFixture fixture = new();
        Socket listener = fixture.ListenUnix(out string path);
        int turn = 0;
        fixture.Own(new SocketAcceptor(listener, fixture.Loops, transport =>
        {
            switch (turn++)
            {
                case 0: return false;
                case 1: throw new InvalidOperationException("a bug");
                default:
                    _ = TransportFixture.EchoAsync(fixture.Own(transport));
                    return true;
            }
        }));
        for (int i = 0; i < 2; i++)
        {
            SocketTransport refused = fixture.Own(await SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop));
            Assert.Equal(0, await TransportFixture.ReadToEndAsync(refused));
        }
        await RoundTripAsync(fixture.Own(await SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop)));
    }

    [Fact]
    public async Task A_full_backlog_is_waited_for()
    {
        await using TransportFixture fixture = new();
        Socket listener = fixture.ListenUnix(out string path, backlog: 1);
        SocketAcceptor acceptor = fixture.Own(
            new SocketAcceptor(listener, fixture.Loops, transport => fixture.Own(transport) is not null, paused: true));
        Task<SocketTransport>[] connects =
            [.. Enumerable.Range(0, 6).Select(_ => SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop))];
        Assert.False(Task.WhenAll(connects).IsCompleted);
        acceptor.Resume();
        foreach (SocketTransport client in await Task.WhenAll(connects).WaitAsync(TransportFixture.Patience, Stop)) fixture.Own(client);
    }

    [Fact]
    public async Task Connecting_to_nothing_tells_why()
    {
        await using TransportFixture fixture = new();
        string nowhere = Path.Combine(fixture.Folder, "nowhere");
        IOException failure = await Assert.ThrowsAsync<IOException>(
            () => SocketTransport.ConnectUnixAsync(nowhere, fixture.Loops.Next(), cancel: Stop));
        Assert.Contains(nowhere, failure.Message, StringComparison.Ordinal);
        Assert.Contains("No such file", failure.Message, StringComparison.Ordinal);
        Socket listener = TransportFixture.ListenTcp(out int port);
        listener.Dispose();
        failure = await Assert.ThrowsAsync<IOException>(() => SocketTransport.ConnectTcpAsync("localhost", port, fixture.Loops.Next(), cancel: Stop));
        Assert.Contains("refused", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_disposal_nobody_is_accepted_and_connections_live_on()
    {
        await using TransportFixture fixture = new();
        Socket listener = fixture.ListenUnix(out string path);
        SocketAcceptor acceptor = new(listener, fixture.Loops, transport =>
        {
            _ = TransportFixture.EchoAsync(fixture.Own(transport));
            return true;
        });
        SocketTransport client = fixture.Own(await SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop));
        await RoundTripAsync(client);
        await acceptor.DisposeAsync();
        await acceptor.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => SocketTransport.ConnectUnixAsync(path, fixture.Loops.Next(), cancel: Stop));
        await RoundTripAsync(client);
    }

    private static async Task RoundTripAsync(SocketTransport client)
    {
        await client.Output.WriteAsync(new byte[] { 1, 2, 3 }, Stop);
        Assert.Equal([1, 2, 3], await TransportFixture.ReadExactlyAsync(client, 3));
    }
}
