using System.Net.Sockets;
using Libvirtd.Rpc.Tests.Transport;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Sessions;

public sealed class ClientLimitTests
{
    [Fact]
    public async Task At_max_clients_others_wait_in_the_backlog_until_somebody_leaves()
    {
        await using TransportFixture sockets = new();
        await using RpcServer server = new(new RpcServerOptions { Loops = 1, MaxClients = 2 }, [new FakeDriver()]);
        server.Listen(sockets.ListenUnix(out string path), new RpcService());
        server.Listen(sockets.ListenUnix(out string other), new RpcService(IsReadOnly: true));
        await using RawClient first = await ConnectAsync(sockets, path);
        await using RawClient second = await ConnectAsync(sockets, other);
        await first.OpenAsync();
        await second.OpenAsync();
        await using RawClient third = await ConnectAsync(sockets, path); // connecting succeeds
        await using RawClient fourth = await ConnectAsync(sockets, other);
        await third.PingAsync();
        await fourth.PingAsync();
        await first.SyncAsync();
        await second.SyncAsync();
        Assert.Equal(2, server.ClientCount);
        Assert.False(third.Transport.Input.TryRead(out _));
        await first.DisposeAsync();
        await second.DisposeAsync();
        Assert.True(RawClient.IsPong(await third.ReadAsync()));
        Assert.True(RawClient.IsPong(await fourth.ReadAsync()));
        Assert.Equal(2, server.ClientCount);
    }

    [Fact]
    public async Task At_max_anonymous_clients_others_wait_until_somebody_logs_in()
    {
        await using TransportFixture sockets = new();
        await using RpcServer server = new(new RpcServerOptions { Loops = 1, MaxAnonymousClients = 2 }, [new FakeDriver()]);
        server.Listen(sockets.ListenUnix(out string path), new RpcService { IsAnonymous = true });
        server.Listen(sockets.ListenUnix(out string open), new RpcService());
        await using RawClient known = await ConnectAsync(sockets, open);
        await known.SyncAsync(); // counts for nothing
        await using RawClient first = await ConnectAsync(sockets, path);
        await using RawClient second = await ConnectAsync(sockets, path);
        await first.SyncAsync();
        await second.SyncAsync();
        await using RawClient third = await ConnectAsync(sockets, path);
        await using RawClient other = await ConnectAsync(sockets, open); // the service without login waits as well
        await third.PingAsync();
        await other.PingAsync();
        await first.SyncAsync();
        Assert.Equal(3, server.ClientCount);
        server.Sessions.First(session => !session.IsAuthenticated).Authenticate();
        Assert.True(RawClient.IsPong(await third.ReadAsync()));
        await third.DisposeAsync();
        Assert.True(RawClient.IsPong(await other.ReadAsync()));
    }

    [Fact]
    public async Task Becoming_idle_and_busy_is_told()
    {
        List<bool> told = [];
        await using SessionFixture fixture = new();
        fixture.Server.IdleChanged += told.Add;
        RawClient one = await fixture.OpenAsync();
        Task first = fixture.Serving;
        RawClient two = await fixture.OpenAsync();
        await one.DisposeAsync();
        await first.Soon();
        Assert.Equal([false], told);
        await two.DisposeAsync();
        await fixture.Serving.Soon();
        Assert.Equal([false, true], told);
    }

    private static async Task<RawClient> ConnectAsync(TransportFixture sockets, string path) =>
        new(sockets.Own(await SocketTransport.ConnectUnixAsync(path, sockets.Loops.Next())));
}
