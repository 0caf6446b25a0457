using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Tests.Sessions;

public sealed class EventTests
{
    private const int Suspend = 34;
    private const int Register = 316;
    private const int Deregister = 317;

    private static readonly DomainRef s_vm2 = new() { Name = "vm2", Uuid = Guid.Parse("22222222-2222-2222-2222-222222222222"), Id = 2 };

    [Fact]
    public async Task All_three_generations_are_told_in_their_own_way()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        Assert.Equal(0, (await client.CallOkAsync(105)).FirstWord);
        Assert.Equal(0, (await client.CallOkAsync(167, writer => writer.WriteInt32(1))).Payload.Length);
        Assert.Equal(2, (await RegisterAsync(client, 0)).FirstWord);
        fixture.Connection.Events.Raise(Lifecycle(FakeDomains.Vm1, 2));
        Assert.Equal("00000040 20008086 00000001 0000006b 00000002 00000001 00000000"
            + " 00000003 766d3100 11223344 55667788 99aabbcc ddeeff00 00000001 00000002 00000000", Packet.Hex((await client.ReadAsync()).Whole));
        Assert.Equal("00000044 20008086 00000001 0000013e 00000002 00000001 00000000 00000002"
            + " 00000003 766d3100 11223344 55667788 99aabbcc ddeeff00 00000001 00000002 00000000", Packet.Hex((await client.ReadAsync()).Whole));
        fixture.Connection.Events.Raise(new DomainRebootEvent { Dom = FakeDomains.Vm1 });
        Assert.Equal("00000038 20008086 00000001 000000a9 00000002 00000001 00000000 00000003 766d3100 11223344 55667788 99aabbcc ddeeff00 00000001",
            Packet.Hex((await client.ReadAsync()).Whole));
        await client.CallOkAsync(106);
        await client.CallOkAsync(168, writer => writer.WriteInt32(1));
        await client.CallOkAsync(Deregister, writer => writer.WriteInt32(2));
        fixture.Connection.Events.Raise(Lifecycle(FakeDomains.Vm1, 2));
        fixture.Connection.Events.Raise(new DomainRebootEvent { Dom = FakeDomains.Vm1 });
        await client.SyncAsync();
        Assert.Equal(Patiently.Internal("domain event 0 not registered"), (await client.CallAsync(106)).Error());
        Assert.Equal(Patiently.Internal("domain event 1 not registered"), (await client.CallAsync(168, writer => writer.WriteInt32(1))).Error());
        Assert.Equal(Patiently.Internal("domain event callback 2 not registered"), (await client.CallAsync(Deregister, writer => writer.WriteInt32(2))).Error());
    }

    [Fact]
    public async Task Generations_do_not_remove_each_others_registrations()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        await RegisterAsync(client, 0);
        Assert.True((await client.CallAsync(106)).IsError);
        Assert.True((await client.CallAsync(168, writer => writer.WriteInt32(0))).IsError);
        fixture.Connection.Events.Raise(Lifecycle(s_vm2, 1));
        Assert.Equal(318, (await client.ReadAsync()).Header.Procedure);
    }

    [Fact]
    public async Task Filters_match_by_uuid_and_each_callback_is_told_for_itself()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        Assert.Equal(0, (await RegisterAsync(client, 0, FakeDomains.Vm1 with { Name = "another name" })).FirstWord);
        Assert.Equal(1, (await RegisterAsync(client, 0)).FirstWord);
        fixture.Connection.Events.Raise(Lifecycle(s_vm2, 1));
        fixture.Connection.Events.Raise(Lifecycle(FakeDomains.Vm1, 1));
        Assert.Equal(1, (await client.ReadAsync()).FirstWord);
        Assert.Equal(0, (await client.ReadAsync()).FirstWord);
        Assert.Equal(1, (await client.ReadAsync()).FirstWord);
        await client.SyncAsync();
        foreach (DomainRef? filter in new DomainRef?[] { null, FakeDomains.Vm1 })
            Assert.Equal((8, 0, "invalid argument: event callback already tracked"), (await RegisterAsync(client, 0, filter)).Error());
    }

    [Fact]
    public async Task Callback_ids_are_unique_over_all_kinds_and_devices_match_by_name()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        Assert.Equal(0, (await RegisterAsync(client, 0)).FirstWord);
        Assert.Equal(1, (await client.CallOkAsync(313, writer => writer.WriteInt64(0))).FirstWord);
        Assert.Equal(2, (await client.CallOkAsync(368, writer => writer.WriteInt64(0))).FirstWord);
        Assert.Equal(3, (await client.CallOkAsync(374, writer =>
        {
            writer.WriteInt32(0);
            writer.WriteBool(true);
            writer.WriteString("pci_1", 100);
        })).FirstWord);
        Assert.Equal(4, (await client.CallOkAsync(380, writer => writer.WriteInt64(0))).FirstWord);
        fixture.Connection.Events.Raise(new NodeDeviceLifecycleEvent { Dev = new NodeDeviceRef { Name = "pci_2" }, Event = 0, Detail = 0 });
        fixture.Connection.Events.Raise(new NodeDeviceLifecycleEvent { Dev = new NodeDeviceRef { Name = "pci_1" }, Event = 0, Detail = 0 });
        Packet told = await client.ReadAsync();
        Assert.Equal((376, 3), (told.Header.Procedure, told.FirstWord));
        await client.SyncAsync();
    }

    [Theory]
    [InlineData(Register, 30, "unsupported event ID 30")]
    [InlineData(Register, -1, "unsupported event ID -1")]
    [InlineData(167, 16, "unsupported event ID 16")]
    [InlineData(313, 9, "unsupported network event ID 9")]
    [InlineData(368, 9, "unsupported storage pool event ID 9")]
    [InlineData(374, 9, "unsupported node device event ID 9")]
    [InlineData(380, 9, "unsupported secret event ID 9")]
    [InlineData(314, 9, "network event callback 9 not registered")]
    [InlineData(369, 9, "storage pool event callback 9 not registered")]
    [InlineData(375, 9, "node device event callback 9 not registered")]
    [InlineData(381, 9, "secret event callback 9 not registered")]
    public async Task Wrong_ids_are_refused_with_upstreams_texts(int procedure, int id, string text)
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync(readOnly: true);
        Packet reply = await client.CallAsync(procedure, writer =>
        {
            writer.WriteInt32(id);
            writer.WriteBool(false);
        });
        Assert.Equal(Patiently.Internal(text), reply.Error());
    }

    [Fact]
    public async Task Every_domain_event_of_any_client_release_can_be_registered()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync(readOnly: true);
        for (int id = 0; id <= 29; id++)
            Assert.Equal(id, (await RegisterAsync(client, id)).FirstWord);
    }

    [Fact]
    public async Task Events_of_ones_own_call_follow_its_reply_in_order()
    {
        await using SessionFixture fixture = new();
        fixture.Connection.Guests.OnSuspend = _ =>
        {
            fixture.Connection.Events.Raise(Lifecycle(FakeDomains.Vm1, 1));
            Task.Run(() => fixture.Connection.Events.Raise(Lifecycle(FakeDomains.Vm1, 2))).Soon().GetAwaiter().GetResult();
            fixture.Connection.Events.Raise(Lifecycle(FakeDomains.Vm1, 3));
            return default;
        };
        RawClient client = await fixture.OpenAsync();
        await RegisterAsync(client, 0);
        await client.CallOkAsync(Suspend, FakeDomains.Arguments);
        for (int i = 1; i <= 3; i++)
            Assert.Equal(i, EventOf(await client.ReadAsync()));
    }

    [Fact]
    public async Task An_event_never_precedes_the_reply_that_announces_its_callback()
    {
        await using SessionFixture fixture = new();
        RawClient busy = await fixture.OpenAsync();
        await RegisterAsync(busy, 1); // so that the hub has listeners all the time
        using CancellationTokenSource stop = new();
        Task raising = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                fixture.Connection.Events.Raise(Lifecycle(FakeDomains.Vm1, 1));
                Thread.Yield();
            }
        });
        RawClient client = await fixture.OpenAsync();
        // Calls that end on other threads announce nothing either.
        fixture.Connection.Guests.OnSuspend = async _ => await Task.Yield();
        HashSet<int> announced = [];
        for (int round = 0; round < 200; round++)
        {
            await client.SendAsync(client.Call(Suspend, FakeDomains.Arguments), client.Call(Register, writer =>
            {
                writer.WriteInt32(0);
                writer.WriteBool(false);
            }));
            int id = -1;
            for (int replies = 0; replies < 2;)
            {
                Packet packet = await client.ReadAsync();
                if (packet.Header.Type == NetMessageType.Message)
                {
                    Assert.Contains(packet.FirstWord, announced);
                    continue;
                }
                replies++;
                if (packet.Header.Procedure == Register)
                {
                    id = packet.FirstWord;
                    announced.Add(id);
                }
            }
            await client.SendAsync(client.Call(Deregister, writer => writer.WriteInt32(id)));
            while ((await client.ReadAsync()).Header.Type == NetMessageType.Message)
            {
            }
            announced.Clear(); // after that reply nothing of it may come
        }
        await stop.CancelAsync();
        await raising.Soon();
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_events_is_disconnected_at_the_bound()
    {
        await using SessionFixture fixture = new(new RpcServerOptions { Loops = 1, MaxBacklogBytes = 1 << 20 });
        RawClient client = await fixture.OpenAsync();
        await RegisterAsync(client, 0);
        RawClient good = await fixture.OpenAsync();
        for (int i = 0; i < 40_000 && fixture.Server.ClientCount == 2; i++)
            fixture.Connection.Events.Raise(Lifecycle(FakeDomains.Vm1, i));
        await Patiently.UntilAsync(() => fixture.Server.ClientCount == 1, "the slow client is disconnected");
        int expected = 0;
        while (await client.TryReadAsync() is { } packet)
            Assert.Equal(expected++, EventOf(packet)); // what arrives is whole and in order
        await good.SyncAsync();
    }

    [Fact]
    public async Task An_event_is_encoded_once_for_all()
    {
        await using SessionFixture fixture = new();
        RawClient[] clients = [await fixture.OpenAsync(), await fixture.OpenAsync(), await fixture.OpenAsync()];
        foreach (RawClient client in clients)
            await RegisterAsync(client, 0);
        CountingEvent raised = new();
        fixture.Connection.Events.Raise(raised);
        foreach (RawClient client in clients)
            await client.ReadAsync();
        Assert.Equal(1, raised.Encodings);
    }

    [Fact]
    public async Task Monitor_events_are_filtered_by_name()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        Assert.Equal(0, (await RegisterMonitorAsync(client, null, 0)).FirstWord);
        Assert.Equal(1, (await RegisterMonitorAsync(client, "SHUTDOWN", 0)).FirstWord);
        Assert.Equal(2, (await RegisterMonitorAsync(client, "^block_.*ed$", 3)).FirstWord);
        Assert.Equal(3, (await RegisterMonitorAsync(client, "shutdown", 2)).FirstWord);
        Assert.Equal((8, 0), (await RegisterMonitorAsync(client, "(", 1)).Error() is var bad ? (bad.Code, bad.Domain) : default);
        Assert.Equal("unsupported flags (0x4) in function virConnectDomainQemuMonitorEventRegister", (await RegisterMonitorAsync(client, "x", 4)).Error().Message);
        fixture.Connection.Events.Raise(Monitor("SHUTDOWN"));
        foreach (int expected in new[] { 0, 1, 3 })
            Assert.Equal(expected, (await client.ReadAsync()).FirstWord);
        fixture.Connection.Events.Raise(Monitor("BLOCK_JOB_COMPLETED"));
        foreach (int expected in new[] { 0, 2 })
            Assert.Equal(expected, (await client.ReadAsync()).FirstWord);
        Packet reply = await client.CallAsync(5, writer => writer.WriteInt32(0), QemuProgram.Number);
        Assert.False(reply.IsError);
        fixture.Connection.Events.Raise(Monitor("STOP"));
        await client.SyncAsync();
        RawClient readOnly = await fixture.OpenAsync(readOnly: true);
        Assert.Equal((29, 0, "operation forbidden: read only access prevents virConnectDomainQemuMonitorEventRegister"),
            (await RegisterMonitorAsync(readOnly, null, 0)).Error());
    }

    private static Task<Packet> RegisterAsync(RawClient client, int id, DomainRef? filter = null) => client.CallAsync(Register, writer =>
    {
        writer.WriteInt32(id);
        writer.WriteBool(filter is not null);
        filter?.Encode(writer);
    });

    private static Task<Packet> RegisterMonitorAsync(RawClient client, string? name, uint flags) => client.CallAsync(
        4,
        writer =>
        {
            writer.WriteBool(false);
            writer.WriteBool(name is not null);
            if (name is not null)
                writer.WriteString(name, 100);
            writer.WriteUInt32(flags);
        },
        QemuProgram.Number);

    private static int EventOf(Packet packet)
    {
        Assert.Equal(318, packet.Header.Procedure);
        XdrReader reader = new(packet.Payload);
        reader.ReadInt32();
        DomainRef.Decode(ref reader);
        return reader.ReadInt32();
    }

    private static DomainLifecycleEvent Lifecycle(DomainRef domain, int what) => new() { Dom = domain, Event = what, Detail = 0 };

    private static DomainMonitorEvent Monitor(string name) =>
        new() { Dom = FakeDomains.Vm1, Event = name, Seconds = 1, Micros = 2, Details = "{}" };

    private sealed class CountingEvent : DriverEvent
    {
        public int Encodings { get; private set; }

        public override EventKind Kind => EventKind.Domain;

        public override int EventId => 0;

        public override int Procedure => 318;

        public override EventSubject About => EventSubject.Of(FakeDomains.Vm1);

        protected override void EncodeBody(XdrWriter writer)
        {
            Encodings++;
            writer.WriteInt32(0);
        }
    }
}
