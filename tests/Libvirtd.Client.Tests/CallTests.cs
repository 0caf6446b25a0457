using Libvirtd.Client.Rpc;
using Libvirtd.Client.Transport;
using Libvirtd.Protocol;

namespace Libvirtd.Client.Tests;

public sealed class CallTests
{
    private static readonly DomainRef s_domain = new() { Name = "test", Uuid = Guid.Parse("6695eb01-f6a4-8304-79aa-97f2502e193f"), Id = 1 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Opening_asks_for_authentication_and_keepalive_and_names_the_driver()
    {
        (FakeServer server, RpcTransport client) = FakeServer.Pair();
        Task<LibvirtConnection> opening = LibvirtConnection.OpenAsync(client, "test:///default", new LibvirtClientOptions { ReadOnly = true }, Cancel);
        Frame list = await server.ExpectAsync(66);
        Assert.Equal((0u, RemoteProgram.Number, 1u), (list.Header.Serial, list.Header.Prog, list.Header.Vers));
        await server.ReplyAsync(list, new AuthListRet { Types = [] });
        Frame feature = await server.ExpectAsync(60);
        Assert.Equal((1u, 10), (feature.Header.Serial, FakeServer.Decode<ConnectSupportsFeatureArgs>(feature).Feature));
        await server.ReplyAsync(feature, new ConnectSupportsFeatureRet { Supported = 0 });
        Frame open = await server.ExpectAsync(1);
        ConnectOpenArgs args = FakeServer.Decode<ConnectOpenArgs>(open);
        Assert.Equal(("test:///default", 1u), (args.Name, args.Flags));
        await server.ReplyAsync(open, default(NoValue));
        LibvirtConnection connection = await opening;
        ValueTask closing = connection.DisposeAsync();
        await server.ReplyAsync(await server.ExpectAsync(2), default(NoValue));
        await closing;
        Assert.NotNull(connection.Lost);
        await Assert.ThrowsAsync<EndOfStreamException>(server.ReceiveAsync);
    }

    [Fact]
    public async Task A_server_that_wants_authentication_is_left()
    {
        (FakeServer server, RpcTransport client) = FakeServer.Pair();
        Task<LibvirtConnection> opening = LibvirtConnection.OpenAsync(client, "", null, Cancel);
        await server.ReplyAsync(await server.ExpectAsync(66), new AuthListRet { Types = [AuthType.Sasl] });
        await Assert.ThrowsAsync<NotSupportedException>(() => opening);
        await Assert.ThrowsAsync<EndOfStreamException>(server.ReceiveAsync);
    }

    [Fact]
    public async Task An_error_of_the_server_arrives_whole()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        await using LibvirtConnection open = connection;
        Task<DomainRef> call = connection.Remote.DomainLookupByNameAsync("x", Cancel);
        await server.FailAsync(await server.ExpectAsync(23), 42, "Domain not found: x");
        VirException error = await Assert.ThrowsAsync<VirException>(() => call);
        Assert.Equal((ErrorCode.NoDomain, ErrorDomain.Test, "Domain not found: x", "%s", 5, 6),
            (error.Code, error.Domain, error.Message, error.Str1, error.Int1, error.Int2));
    }

    [Fact]
    public async Task Answers_find_their_calls_in_any_order()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        await using LibvirtConnection open = connection;
        Task<string> xml = connection.Remote.DomainGetXmlDescAsync(s_domain, DomainXmlFlags.Inactive, Cancel);
        Frame first = await server.ExpectAsync(14);
        Task<ulong> version = connection.Remote.ConnectGetVersionAsync(Cancel);
        Frame second = await server.ExpectAsync(4);
        Assert.Equal(2u, FakeServer.Decode<DomainGetXmlDescArgs>(first).Flags);
        await server.ReplyAsync(second, new ConnectGetVersionRet { HvVer = 2 });
        await server.ReplyAsync(first, new DomainGetXmlDescRet { Xml = "<domain/>" });
        Assert.Equal(2ul, await version);
        Assert.Equal("<domain/>", await xml);
    }

    [Fact]
    public async Task A_caller_may_give_up_and_the_late_answer_does_no_harm()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        await using LibvirtConnection open = connection;
        using CancellationTokenSource patience = new();
        Task<ulong> call = connection.Remote.ConnectGetVersionAsync(patience.Token);
        Frame frame = await server.ExpectAsync(4);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await server.ReplyAsync(frame, new ConnectGetVersionRet { HvVer = 1 });
        Task<ulong> next = connection.Remote.ConnectGetVersionAsync(Cancel);
        await server.ReplyAsync(await server.ExpectAsync(4), new ConnectGetVersionRet { HvVer = 7 });
        Assert.Equal(7ul, await next);
    }

    [Fact]
    public async Task When_the_server_goes_away_every_caller_is_told()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        Task<ulong>[] calls = [.. Enumerable.Range(0, 10).Select(_ => connection.Remote.ConnectGetVersionAsync(Cancel))];
        await server.ExpectAsync(4);
        await server.DisposeAsync();
        foreach (Task<ulong> call in calls)
            await Assert.ThrowsAsync<ConnectionLostException>(() => call);
        await connection.Closed.WaitAsync(Cancel);
        await Assert.ThrowsAsync<ConnectionLostException>(() => connection.Remote.ConnectGetVersionAsync(Cancel));
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task An_answer_that_nobody_waits_for_closes_the_connection()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        Task<ulong> call = connection.Remote.ConnectGetVersionAsync(Cancel);
        Frame frame = await server.ExpectAsync(4);
        await server.ReplyAsync(frame with { Header = frame.Header with { Serial = 77 } }, default(NoValue));
        ConnectionLostException lost = await Assert.ThrowsAsync<ConnectionLostException>(() => call);
        Assert.Equal("no call waiting for reply with prog 536903814 vers 1 serial 77", lost.Message);
        await connection.DisposeAsync();
    }

    [Theory]
    [InlineData(0x00000000u)]
    [InlineData(27u)]
    [InlineData(33554437u)]
    [InlineData(0xffffffffu)]
    public async Task A_length_that_no_message_has_closes_the_connection(uint length)
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        await server.SendRawAsync([(byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length]);
        await connection.Closed.WaitAsync(Cancel);
        Assert.Equal($"the server sent a message of {length} bytes", connection.Lost!.Message);
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task What_the_protocol_does_not_allow_is_not_sent()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        await using LibvirtConnection open = connection;
        await Assert.ThrowsAsync<Xdr.XdrException>(() => connection.Remote.DomainLookupByNameAsync(new string('x', 4194305), Cancel));
        Task<ulong> next = connection.Remote.ConnectGetVersionAsync(Cancel);
        await server.ReplyAsync(await server.ExpectAsync(4), new ConnectGetVersionRet { HvVer = 7 });
        Assert.Equal(7ul, await next);
    }

    [Fact]
    public async Task No_more_calls_are_sent_than_may_be_in_flight()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync(
            new LibvirtClientOptions { KeepAliveInterval = TimeSpan.Zero, MaxCallsInFlight = 1, CloseTimeout = TimeSpan.FromMilliseconds(50) });
        await using LibvirtConnection open = connection;
        Task<ulong> first = connection.Remote.ConnectGetVersionAsync(Cancel);
        Task<string> second = connection.Remote.ConnectGetTypeAsync(Cancel);
        await server.ReplyAsync(await server.ExpectAsync(4), new ConnectGetVersionRet { HvVer = 7 });
        await server.ReplyAsync(await server.ExpectAsync(3), new ConnectGetTypeRet { Type = "TEST" });
        Assert.Equal((7ul, "TEST"), (await first, await second));
    }

    [Fact]
    public async Task Pings_are_answered()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync();
        await using LibvirtConnection open = connection;
        await server.SendRawAsync(Convert.FromHexString("0000001C" + "6B656570" + "00000001" + "00000001" + "00000002" + "00000000" + "00000000"));
        Frame pong = await server.ReceiveAsync();
        Assert.Equal((KeepaliveProgram.Number, 2, NetMessageType.Message, 0u, 0),
            (pong.Header.Prog, pong.Header.Proc, pong.Header.Type, pong.Header.Serial, pong.Payload.Length));
    }

    [Fact]
    public async Task A_silent_server_is_pinged_and_then_given_up()
    {
        (FakeServer server, LibvirtConnection connection) = await FakeServer.OpenAsync(
            new LibvirtClientOptions { KeepAliveInterval = TimeSpan.FromMilliseconds(20), KeepAliveCount = 2, CloseTimeout = TimeSpan.FromMilliseconds(50) });
        for (int i = 0; i < 2; i++)
            Assert.Equal((KeepaliveProgram.Number, 1), ((await server.ReceiveAsync()).Header is { } header) ? (header.Prog, header.Proc) : default);
        await connection.Closed.WaitAsync(Cancel);
        Assert.Contains("keepalive timeout", connection.Lost!.Message, StringComparison.Ordinal);
        await connection.DisposeAsync();
    }
}
