using Libvirtd.Protocol;

namespace Libvirtd.Rpc.Tests.Sessions;

public sealed class KeepAliveTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(2, 2)]
    [InlineData(5, 5)]
    [InlineData(1, 3)]
    public async Task Silence_is_pinged_at_each_interval_and_ends_the_connection_one_interval_after_the_last(int interval, int count)
    {
        ManualTime time = new();
        await using SessionFixture fixture = Make(time, interval, count);
        RawClient client = fixture.Connect();
        await EnableAsync(client);
        for (int ping = 1; ping <= count; ping++)
        {
            time.Advance(interval * s_second - TimeSpan.FromMilliseconds(1));
            time.Advance(TimeSpan.FromMilliseconds(1));
            Packet packet = await client.ReadAsync();
            Assert.Equal("0000001c 6b656570 00000001 00000001 00000002 00000000 00000000", Packet.Hex(packet.Whole));
        }
        time.Advance(interval * s_second - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, fixture.Server.ClientCount);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await client.EndsAsync();
        await fixture.Serving.Soon();
    }

    [Fact]
    public async Task Any_message_restarts_the_count()
    {
        ManualTime time = new();
        await using SessionFixture fixture = Make(time, 2, 1);
        RawClient client = fixture.Connect();
        await EnableAsync(client);
        for (int i = 0; i < 5; i++)
        {
            time.Advance(2 * s_second);
            Assert.Equal(1, (await client.ReadAsync()).Header.Procedure); // a ping each time, never the end
            time.Advance(s_second);
            Assert.False((await client.CallAsync(66)).IsError);
        }
        time.Advance(2 * s_second);
        Assert.Equal(1, (await client.ReadAsync()).Header.Procedure);
        time.Advance(2 * s_second);
        await client.EndsAsync();
    }

    [Fact]
    public async Task A_count_of_zero_closes_after_one_interval_without_a_ping()
    {
        ManualTime time = new();
        await using SessionFixture fixture = Make(time, 2, 0);
        RawClient client = fixture.Connect();
        await EnableAsync(client);
        time.Advance(2 * s_second);
        await client.EndsAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task Without_an_interval_nobody_is_pinged(int interval)
    {
        ManualTime time = new();
        await using SessionFixture fixture = Make(time, interval, 5);
        RawClient client = fixture.Connect();
        await EnableAsync(client);
        time.Advance(TimeSpan.FromHours(1));
        await client.SyncAsync();
    }

    [Fact]
    public async Task A_client_that_did_not_ask_is_not_pinged()
    {
        ManualTime time = new();
        await using SessionFixture fixture = Make(time, 2, 2);
        RawClient asks = fixture.Connect();
        await EnableAsync(asks);
        RawClient silent = fixture.Connect();
        await silent.SyncAsync();
        time.Advance(TimeSpan.FromSeconds(10));
        await silent.SyncAsync();
    }

    [Fact]
    public async Task Pings_are_answered_whatever_they_carry_and_other_procedures_ignored()
    {
        await using SessionFixture fixture = new();
        RawClient client = fixture.Connect();
        await client.SendAsync(
            Packet.Make(RawClient.Header(7, 0, NetMessageType.Message, program: KeepaliveProgram.Number), []),
            Packet.Make(RawClient.Header(2, 0, NetMessageType.Message, program: KeepaliveProgram.Number), []),
            Packet.Make(RawClient.Header(1, 0, NetMessageType.Message, program: KeepaliveProgram.Number, version: 2), []),
            Packet.Make(RawClient.Header(1, 99, NetMessageType.Message, program: KeepaliveProgram.Number), [1, 2, 3, 4, 5]));
        Assert.Equal("0000001c 6b656570 00000001 00000002 00000002 00000000 00000000", Packet.Hex((await client.ReadAsync()).Whole));
        Assert.False((await client.CallAsync(66)).IsError);
    }

    [Fact]
    public async Task While_the_server_itself_does_not_read_silence_counts_for_nothing()
    {
        ManualTime time = new();
        await using SessionFixture fixture = new(
            new RpcServerOptions
            {
                Loops = 1,
                MaxClientRequests = 1,
                LookAheadPackets = 1,
                KeepAliveInterval = 2 * s_second,
                KeepAliveCount = 1,
            },
            time);
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Connection.Guests.OnSuspend = async _ => await go.Task;
        RawClient client = await fixture.OpenAsync();
        await EnableAsync(client);
        for (int i = 0; i < 5; i++)
            await client.SendAsync(client.Call(34, FakeDomains.Arguments));
        await Patiently.UntilAsync(() => Assert.Single(fixture.Server.Sessions).IsPaused, "the server does not read");
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, fixture.Server.ClientCount);
        go.SetResult();
        for (int i = 0; i < 5; i++)
            Assert.Equal(34, (await client.ReadAsync()).Header.Procedure);
        await client.SyncAsync();
    }

    private static SessionFixture Make(ManualTime time, int interval, int count) =>
        new(new RpcServerOptions { Loops = 1, KeepAliveInterval = interval * s_second, KeepAliveCount = count }, time);

    private static async Task EnableAsync(RawClient client) =>
        Assert.Equal(1, (await client.CallOkAsync(60, writer => writer.WriteInt32(10))).FirstWord);
}
