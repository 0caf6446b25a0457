using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Tests.Transport;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Sessions;

public sealed class AdminServiceTests : IAsyncDisposable
{
    private const int GetLibVersion = 3;
    private const int Close = 2;
    private readonly RpcServer _server = new(new RpcServerOptions { Loops = 1 }, [new FakeDriver()]);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Administration_knows_its_own_program_only_and_needs_no_opening()
    {
        await using RawClient client = Connect(new RpcService(Admin: new FakeAdmin()));
        Packet version = await client.CallOkAsync(GetLibVersion, program: AdminProgram.Number);
        Assert.Equal("00000000 00000007", Packet.Hex(version.Payload));
        Assert.Equal(Patiently.Rpc("Cannot find program 536903814 version 1"), (await client.CallAsync(1)).Error());
        Assert.Equal(Patiently.Rpc("unknown procedure: 21"), (await client.CallAsync(21, program: AdminProgram.Number)).Error());
        await client.SyncAsync();
    }

    [Fact]
    public async Task Other_services_do_not_know_the_admin_program()
    {
        await using RawClient client = Connect(new RpcService());
        Assert.Equal(
            Patiently.Rpc("Cannot find program 110102160 version 1"), (await client.CallAsync(GetLibVersion, program: AdminProgram.Number)).Error());
    }

    [Fact]
    public async Task Close_is_answered_and_ends_the_connection()
    {
        await using RawClient client = Connect(new RpcService(Admin: new FakeAdmin()));
        await client.CallOkAsync(Close, program: AdminProgram.Number);
        Assert.Null(await client.TryReadAsync());
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Service_of_one_user_disconnects_others_at_once(bool isOther)
    {
        await using TransportFixture sockets = new();
        uint me = (await OwnIdAsync()) + (isOther ? 1u : 0u);
        _server.Listen(sockets.ListenUnix(out string path), new RpcService(Admin: new FakeAdmin(), OnlyUser: me));
        await using RawClient client = await ConnectAsync(sockets, path);
        if (isOther) Assert.Null(await client.TryReadAsync());
        else await client.SyncAsync();
    }

    [Fact]
    public async Task Raised_limit_lets_those_in_who_wait()
    {
        await using TransportFixture sockets = new();
        _server.Limits = new ClientLimits(1, 0);
        _server.Listen(sockets.ListenUnix(out string path), new RpcService());
        await using RawClient first = await ConnectAsync(sockets, path);
        await first.SyncAsync();
        await using RawClient second = await ConnectAsync(sockets, path);
        await second.PingAsync();
        await first.SyncAsync();
        Assert.Equal(1, _server.ClientCount);
        _server.Limits = new ClientLimits(2, 0);
        Assert.True(RawClient.IsPong(await second.ReadAsync()));
        Assert.Equal([1L, 2L], _server.Clients.Select(client => client.Id));
    }

    [Fact]
    public async Task Closed_client_counts_no_more_and_sees_the_end()
    {
        await using RawClient client = Connect(new RpcService(IsReadOnly: true));
        await client.SyncAsync();
        RpcClient known = Assert.Single(_server.Clients);
        Assert.True(known.IsReadOnly && known.IsAuthenticated);
        Assert.Equal(0ul, known.Identity.UserId);
        known.Close();
        Assert.Empty(_server.Clients);
        Assert.Null(_server.FindClient(known.Id));
        Assert.Null(await client.TryReadAsync());
    }

    // A socket's own end says who made it.
    private async Task<uint> OwnIdAsync()
    {
        await using TransportFixture sockets = new();
        _server.Listen(sockets.ListenUnix(out string path), new RpcService());
        await using RawClient client = await ConnectAsync(sockets, path);
        await client.SyncAsync();
        return (uint)_server.Clients.Single().Identity.UserId!;
    }

    private RawClient Connect(RpcService service)
    {
        (InMemoryTransport ours, InMemoryTransport theirs) = InMemoryTransport.CreatePair();
        _ = _server.ServeAsync(theirs, service);
        return new RawClient(ours);
    }

    private static async Task<RawClient> ConnectAsync(TransportFixture sockets, string path) =>
        new(sockets.Own(await SocketTransport.ConnectUnixAsync(path, sockets.Loops.Next())));

    private sealed class FakeAdmin : AdminDriver
    {
        public override ValueTask Close(CallContext call) => default;

        public override ValueTask<ulong> GetLibVersion(CallContext call) => new(7ul);
    }
}
