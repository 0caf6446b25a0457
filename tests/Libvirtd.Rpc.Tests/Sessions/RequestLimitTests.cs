using System.Collections.Concurrent;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Sessions;

namespace Libvirtd.Rpc.Tests.Sessions;

public sealed class RequestLimitTests
{
    private const int Suspend = 34;

    [Fact]
    public async Task Calls_beyond_the_limit_start_in_order_as_others_end()
    {
        SlowCalls slow = new();
        await using SessionFixture fixture = new(new RpcServerOptions { Loops = 1, MaxClientRequests = 5 });
        fixture.Connection.Guests.OnSuspend = slow.RunAsync;
        RawClient client = await fixture.OpenAsync();
        for (uint serial = 100; serial < 120; serial++)
            await client.SendAsync(Call(serial));
        await client.SyncAsync(); // answered although calls are parked before it
        await Patiently.UntilAsync(() => slow.Started == 5, "five calls started");

        slow.End(3);
        Assert.Equal(103u, (await client.ReadAsync()).Header.Serial); // out of order
        await Patiently.UntilAsync(() => slow.Started == 6, "the sixth started");
        await client.SyncAsync();
        Assert.Equal(6, slow.Started);

        HashSet<uint> answered = [103];
        for (int i = 0; i < 20; i++)
        {
            if (i == 3)
                continue;
            await Patiently.UntilAsync(() => slow.Started > i, "the next one started");
            slow.End(i);
            Assert.True(answered.Add((await client.ReadAsync()).Header.Serial));
        }
        Assert.Equal(20, answered.Count);
        await client.SyncAsync(); // nothing is answered twice
    }

    [Fact]
    public async Task A_call_that_completes_at_once_behind_parked_ones_waits_its_turn_but_is_answered()
    {
        SlowCalls slow = new();
        await using SessionFixture fixture = new(new RpcServerOptions { Loops = 1, MaxClientRequests = 1 });
        fixture.Connection.Guests.OnSuspend = slow.RunAsync;
        RawClient client = await fixture.OpenAsync();
        await client.SendAsync(Call(1), Packet.Make(RawClient.Header(66, 2), []), Packet.Make(RawClient.Header(999, 3), []), Call(4));
        await Patiently.UntilAsync(() => slow.Started == 1, "the first started");
        await client.SyncAsync();
        slow.End(0);
        Assert.Equal(1u, (await client.ReadAsync()).Header.Serial);
        Assert.Equal(2u, (await client.ReadAsync()).Header.Serial);
        Assert.Equal(3u, (await client.ReadAsync()).Header.Serial);
        await Patiently.UntilAsync(() => slow.Started == 2, "the last started");
        slow.End(1);
        Assert.Equal(4u, (await client.ReadAsync()).Header.Serial);
    }

    [Theory]
    [InlineData(64, 4 << 20, 0)]
    [InlineData(1 << 20, 100_000, 10_000)]
    public async Task A_full_look_ahead_stops_the_reading_and_loses_nothing(int packets, int bytes, int payload)
    {
        SlowCalls slow = new();
        await using SessionFixture fixture = new(new RpcServerOptions { Loops = 1, LookAheadPackets = packets, LookAheadBytes = bytes });
        fixture.Connection.Guests.OnSuspend = slow.RunAsync;
        RawClient client = await fixture.OpenAsync();
        const int Calls = 300;
        Flood flood = new(client, Calls, i => Call((uint)i, payload), RawClient.Ping);
        if (payload > 0)
        {
            await flood.UntilHeldBackAsync(fixture, atLeast: 10);
            Assert.InRange(flood.Sent, 10, 60); // what is parked, what is in the pipe
        }
        else
            await flood.Done.Soon(); // the pipe takes it all, but the ping behind is not read yet
        bool pong = false;
        HashSet<uint> answered = [];
        for (int i = 0; i < Calls; i++)
        {
            await Patiently.UntilAsync(() => slow.Started > i, "the next one started");
            slow.End(i);
            Packet packet = await client.ReadAsync();
            if (RawClient.IsPong(packet))
            {
                Assert.True(answered.Count > Calls / 2, "reading had stopped");
                pong = true;
                packet = await client.ReadAsync();
            }
            Assert.True(answered.Add(packet.Header.Serial));
        }
        if (!pong)
            Assert.True(RawClient.IsPong(await client.ReadAsync()));
        await flood.Done.Soon();
        await client.SyncAsync();
    }

    [Fact]
    public async Task A_client_that_vanishes_cancels_its_calls_and_the_driver_is_closed_after_the_last()
    {
        SlowCalls slow = new();
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using SessionFixture fixture = new();
        fixture.Connection.Guests.OnSuspend = call =>
        {
            call.Cancellation.Register(() => cancelled.TrySetResult());
            return slow.RunAsync(call);
        };
        RawClient client = await fixture.OpenAsync();
        for (uint serial = 0; serial < 10; serial++)
            await client.SendAsync(Call(serial));
        await Patiently.UntilAsync(() => slow.Started == 5, "five calls started");
        await client.DisposeAsync();
        await cancelled.Task.Soon();
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(0, fixture.Connection.Disposals);
            Assert.False(fixture.Serving.IsCompleted);
            slow.End(i);
        }
        await fixture.Serving.Soon();
        Assert.Equal(1, fixture.Connection.Disposals);
        Assert.Equal(5, slow.Started); // what was parked never began
        Assert.Equal(0, fixture.Server.ClientCount);
    }

    [Fact]
    public async Task The_server_stops_although_a_client_has_filled_its_look_ahead()
    {
        SlowCalls slow = new();
        await using SessionFixture fixture = new(new RpcServerOptions { Loops = 1, LookAheadPackets = 2 });
        fixture.Connection.Guests.OnSuspend = slow.RunAsync;
        RawClient client = await fixture.OpenAsync();
        for (uint serial = 0; serial < 50; serial++)
            await client.SendAsync(Call(serial));
        await Patiently.UntilAsync(() => slow.Started == 5, "five calls started");
        Task<bool> stopping = fixture.Server.StopAsync(RawClient.Patience);
        await client.EndsAsync();
        await Patiently.UntilAsync(() => fixture.Server.ClientCount == 0, "the client is gone");
        for (int i = 0; i < 5; i++)
            slow.End(i);
        Assert.True(await stopping.Soon());
        Assert.Equal(1, fixture.Connection.Disposals);
    }

    [Fact]
    public async Task Closing_sends_what_is_answered_and_reads_no_further()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        await client.SendAsync(Packet.Make(RawClient.Header(66, 1), []), Packet.Make(RawClient.Header(2, 2), []), Packet.Make(RawClient.Header(66, 3), []));
        Assert.Equal(1u, (await client.ReadAsync()).Header.Serial);
        Assert.Equal(2u, (await client.ReadAsync()).Header.Serial);
        await client.EndsAsync();
        await fixture.Serving.Soon();
        Assert.Equal(1, fixture.Connection.Disposals);
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_replies_is_not_read_either()
    {
        await using SessionFixture fixture = new();
        fixture.Connection.Guests.Defined = [new string('x', 100_000)];
        RawClient client = await fixture.OpenAsync();
        byte[] call = Packet.Make(RawClient.Header(21, 5), [0, 0, 0, 1]);
        const int Calls = 20_000;
        Flood flood = new(client, Calls, _ => call);
        PacketOutput output = Assert.Single(fixture.Server.Sessions).Output;
        await Patiently.UntilAsync(() => output.IsFull, "the output is full");
        for (int i = 0; i < Calls; i++)
        {
            Assert.InRange(output.Backlog, 0, 3 << 20); // one packet above the mark, in both buffers
            Assert.InRange(flood.Sent, 0, i + Calls / 2); // what the pipe holds, and a few that are answered
            await client.ReadAsync();
        }
        await flood.Done.Soon();
        await client.SyncAsync();
    }

    private static byte[] Call(uint serial, int trailing = 0) =>
        Packet.Make(RawClient.Header(Suspend, serial), [.. Packet.Encode(FakeDomains.Arguments), .. new byte[trailing]]);

    /// <summary>Calls that end when the test says so, in the order in which they began.</summary>
    private sealed class SlowCalls
    {
        private readonly ConcurrentDictionary<int, TaskCompletionSource> _calls = new();
        private int _started;

        public int Started => _calls.Count;

        public ValueTask RunAsync(Libvirtd.Drivers.CallContext call)
        {
            TaskCompletionSource end = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _calls[_started++] = end; // starts never overlap: they are the session's
            return new(end.Task);
        }

        public void End(int index) => _calls[index].SetResult();
    }
}
