using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>What the generated dispatcher checks before a driver is called, in upstream's words.</summary>
public sealed class RuleTests
{
    public static TheoryData<int, string, int, string> Arguments => new()
    {
        // procedure, arguments behind the domain, error domain, message
        { 31, "00000000 00000000", 20, "memory in virDomainSetMemory must not be zero" },
        { 232, "00000001 78000000 00000000 00000006", 20, "Flags 'VIR_DOMAIN_SAVE_RUNNING' and 'VIR_DOMAIN_SAVE_PAUSED' are mutually exclusive" },
        { 185, "00000001 78000000 00000002", 35, "Flag 'VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE' is required by flag 'VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT'" },
        { 20, "00000000 00000001", 20, "info in virDomainGetVcpus must not be NULL" },
        { 103, "00000000 00000000 00000000 00000001 00000000", 20, "string disk in virDomainBlockPeek must not be empty" },
    };

    public static TheoryData<int, string, string> Limits => new()
    {
        { 20, "ffffffff 00000001", "maxinfo must be non-negative" },
        { 20, "00000001 ffffffff", "maplen must be non-negative" },
        { 20, "00004001 00000001", "maxinfo > REMOTE_VCPUINFO_MAX" },
        { 20, "00004000 00000201", "maxinfo * maplen > REMOTE_CPUMAPS_MAX" },
        { 20, "00004000 7fffffff", "maxinfo * maplen > REMOTE_CPUMAPS_MAX" },
        { 230, "00004001 00000001 00000000", "ncpumaps > REMOTE_VCPUINFO_MAX" },
        { 230, "00004000 00000201 00000000", "maxinfo * maplen > REMOTE_CPUMAPS_MAX" },
        { 280, "ffffffff 00000000", "maplen must be non-negative" },
        { 280, "00800001 00000000", "maplen > REMOTE_CPUMAPS_MAX" },
        { 103, "00000001 78000000 00000000 00000000 00400001 00000000", "size > maximum buffer size" },
        { 104, "00000000 00000000 ffffffff 00000000", "size > maximum buffer size" },
        { 159, "00000401 00000000", "maxStats > REMOTE_DOMAIN_MEMORY_STATS_MAX" },
        { 262, "00000011 00000000 00000001 00000000", "nparams too large" },
        { 262, "00000001 00000000 00000081 00000000", "ncpus too large" },
        { 263, "00000101 00000000", "maxerrors too large" },
        { 198, "00000011 00000000", "nparams too large" },
        { 198, "ffffffff 00000000", "nparams must be non-negative" },
    };

    [Theory]
    [MemberData(nameof(Arguments))]
    public async Task Arguments_are_judged_as_the_public_functions_do(int procedure, string behindDomain, int domain, string message)
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        Packet reply = await client.CallAsync(procedure, Domain(behindDomain));
        Assert.Equal((8, domain, message), reply.Error());
        // Function and argument stand in str1 and str2, and the integers are zero.
        Assert.Equal("00000000 00000000 00000000 00000000", Packet.Hex(reply.Payload[^16..]));
    }

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task Counts_above_their_limits_are_internal_errors(int procedure, string behindDomain, string message)
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        Assert.Equal(Patiently.Internal(message), (await client.CallAsync(procedure, Domain(behindDomain))).Error());
    }

    [Fact]
    public async Task At_the_limit_the_driver_is_asked()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        Assert.Equal(3, (await client.CallAsync(20, Domain("00004000 00000200"))).Error().Code);
        Assert.Equal(3, (await client.CallAsync(104, Domain("00000000 00000000 00400000 00000001"))).Error().Code);
        fixture.Connection.Guests.Cpus = new DomainGetCpuStatsRet { Params = [new TypedParam("a", 1)], Nparams = 1 };
        await client.CallOkAsync(262, Domain("00000010 00000000 00000080 00000000"));
    }

    [Fact]
    public async Task Limits_of_generated_and_of_connection_wide_calls()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        Assert.Equal(Patiently.Rpc("maxcells > REMOTE_NODE_MAX_CELLS"), (await client.CallAsync(101, Words("00000000 00000401"))).Error());
        Assert.Equal(Patiently.Rpc("maxcells must be non-negative"), (await client.CallAsync(101, Words("00000000 ffffffff"))).Error());
        Assert.Equal(Patiently.Internal("the result won't fit into REMOTE_NODE_MAX_CELLS"),
            (await client.CallAsync(340, Words("00000002 00000004 00000008 00000000 00000201 00000000"))).Error());
        Assert.Equal(Patiently.Internal("the result won't fit into REMOTE_NODE_MAX_CELLS"),
            (await client.CallAsync(340, Words("00000002 00000004 00000008 00000000 ffffffff 00000000"))).Error());
        Assert.Equal(Patiently.Rpc("maxnames must be non-negative"), (await client.CallAsync(21, Words("ffffffff"))).Error());
        Assert.Equal(Patiently.Rpc("maxnames > REMOTE_DOMAIN_LIST_MAX"), (await client.CallAsync(21, Words("00004001"))).Error());
    }

    [Theory]
    [InlineData(34, "", 20, "read only access prevents virDomainSuspend")]
    [InlineData(31, "00000000 00000000", 20, "read only access prevents virDomainSetMemory")] // before the arguments are judged
    [InlineData(14, "00000001", 20, "virDomainGetXMLDesc with secure flag")]
    [InlineData(14, "00000008", 20, "virDomainGetXMLDesc with secure flag")]
    [InlineData(200, "00000008", 20, "read only access prevents virDomainGetVcpusFlags")]
    [InlineData(353, "00000001 00000000", 20, "read only access prevents virDomainInterfaceAddresses")]
    [InlineData(185, "00000001 78000000 00000000", 35, "read only access prevents virDomainSnapshotCreateXML")]
    public async Task Read_only_connections_are_refused_what_changes_something(int procedure, string behindDomain, int domain, string message)
    {
        await using SessionFixture fixture = new();
        RawClient bySocket = await fixture.OpenAsync(readOnly: true);
        RawClient byFlag = fixture.Connect();
        await byFlag.OpenAsync(flags: 0xffffffff);
        RawClient writing = fixture.Connect();
        await writing.OpenAsync(flags: 0xfffffffe);
        Assert.Equal((29, domain, "operation forbidden: " + message), (await bySocket.CallAsync(procedure, Domain(behindDomain))).Error());
        Assert.Equal((29, domain, "operation forbidden: " + message), (await byFlag.CallAsync(procedure, Domain(behindDomain))).Error());
        Assert.NotEqual(29, (await writing.CallAsync(procedure, Domain(behindDomain))).Error().Code);
    }

    [Theory]
    [InlineData(14, "00000000")]
    [InlineData(200, "00000000")]
    [InlineData(353, "00000000 00000000")]
    public async Task Read_only_connections_may_read(int procedure, string behindDomain)
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync(readOnly: true);
        Assert.Equal(3, (await client.CallAsync(procedure, Domain(behindDomain))).Error().Code); // the driver's own answer
    }

    [Fact]
    public async Task Lists_give_the_count_alone_when_nobody_wants_the_results()
    {
        await using SessionFixture fixture = new();
        fixture.Connection.Guests.All = [FakeDomains.Vm1, FakeDomains.Vm1 with { Id = -1 }];
        RawClient client = await fixture.OpenAsync();
        Assert.Equal("00000000 00000002", Packet.Hex((await client.CallOkAsync(273, Words("00000000 00000003"))).Payload));
        Packet all = await client.CallOkAsync(273, Words("00000001 00000003"));
        Assert.Equal(2, all.FirstWord);
        Assert.Equal("00000002", Packet.Hex(all.Payload[^4..]));
        fixture.Connection.Guests.All = [.. Enumerable.Repeat(FakeDomains.Vm1, 16_385)];
        Assert.Equal(Patiently.Internal("Too many domains '16385' for limit '16384'"), (await client.CallAsync(273, Words("00000001 00000003"))).Error());
    }

    [Fact]
    public async Task Old_lists_are_cut_silently()
    {
        await using SessionFixture fixture = new();
        fixture.Connection.Guests.Defined = ["a", "b", "c"];
        RawClient client = await fixture.OpenAsync();
        Assert.Equal("00000002 00000001 61000000 00000001 62000000", Packet.Hex((await client.CallOkAsync(21, Words("00000002"))).Payload));
        Assert.Equal("00000000", Packet.Hex((await client.CallOkAsync(21, Words("00000000"))).Payload));
        Assert.Equal(3, (await client.CallOkAsync(21, Words("00000009"))).FirstWord);
    }

    [Fact]
    public async Task Parameters_are_probed_cut_and_strings_left_out()
    {
        await using SessionFixture fixture = new();
        fixture.Connection.Guests.Parameters = [new("a", 1), new("s", "text"), new("b", 2UL)];
        RawClient client = await fixture.OpenAsync();
        Assert.Equal("00000000 00000003", Packet.Hex((await client.CallOkAsync(198, Domain("00000000 00000004"))).Payload));
        Assert.Equal((DomainModificationImpact)0, fixture.Connection.Guests.SeenFlags); // the bit is not the driver's business
        Assert.Equal("00000000 00000002", Packet.Hex((await client.CallOkAsync(198, Domain("00000000 00000000"))).Payload));
        Assert.Equal(["a", "b"], Fields(await client.CallOkAsync(198, Domain("00000010 00000000"))));
        Assert.Equal(["a", "s", "b"], Fields(await client.CallOkAsync(198, Domain("00000010 00000004"))));
        Packet cut = await client.CallOkAsync(198, Domain("00000002 00000004"));
        Assert.Equal(["a", "s"], Fields(cut));
        Assert.Equal("00000000", Packet.Hex(cut.Payload[^4..])); // upstream counts only when it is asked for the count
    }

    [Fact]
    public async Task Cpu_statistics_are_rows_of_equal_length_that_are_never_empty()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        fixture.Connection.Guests.Cpus = new() { Params = [new("a", 1), new("s", "x"), new("a", 2), new("s", "y")], Nparams = 2 };
        Packet all = await client.CallOkAsync(262, Domain("00000002 00000000 00000002 00000004"));
        Assert.Equal(["a", "s", "a", "s"], Fields(all));
        Assert.Equal("00000002", Packet.Hex(all.Payload[^4..]));
        Packet numbers = await client.CallOkAsync(262, Domain("00000002 00000000 00000002 00000000"));
        Assert.Equal(["a", "a"], Fields(numbers));
        Assert.Equal("00000001", Packet.Hex(numbers.Payload[^4..]));
        fixture.Connection.Guests.Cpus = new() { Params = [], Nparams = 0 };
        Assert.Equal(1, (await client.CallAsync(262, Domain("00000002 00000000 00000002 00000000"))).Error().Code); // it would divide by zero
        fixture.Connection.Guests.Cpus = new() { Params = [], Nparams = 7 };
        Assert.Equal("00000000 00000007", Packet.Hex((await client.CallOkAsync(262, Domain("00000000 00000000 00000000 00000000"))).Payload));
    }

    [Fact]
    public async Task A_count_that_stock_clients_do_not_set_is_ignored()
    {
        await using SessionFixture fixture = new();
        fixture.Connection.Node.Sev = [new("a", 1), new("s", "text")];
        RawClient client = await fixture.OpenAsync();
        foreach (string rubbish in new[] { "00000000", "ffffffff", "7fffffff", "00000001" })
        {
            Assert.Equal(["a", "s"], Fields(await client.CallOkAsync(395, Words(rubbish + "00000004"))));
            Assert.Equal(["a"], Fields(await client.CallOkAsync(395, Words(rubbish + "00000000"))));
        }
    }

    [Fact]
    public async Task Old_clients_send_the_arguments_of_network_update_swapped()
    {
        await using SessionFixture fixture = new();
        RawClient old = await fixture.OpenAsync();
        void Arguments(XdrWriter writer)
        {
            new NetworkRef { Name = "netw1", Uuid = Guid.Empty }.Encode(writer);
            writer.WriteInt32(2); // command: delete
            writer.WriteInt32(4); // section: ip-dhcp-host
            writer.WriteInt32(-1);
            writer.WriteString("<host/>", 100);
            writer.WriteInt32(0);
        }

        await old.CallOkAsync(291, Arguments);
        Assert.Equal(((NetworkUpdateCommand)4, (NetworkUpdateSection)2), fixture.Connection.Nets.Updated);
        Assert.Equal(1, (await old.CallOkAsync(60, writer => writer.WriteInt32(16))).FirstWord);
        await old.CallOkAsync(291, Arguments);
        Assert.Equal(((NetworkUpdateCommand)2, (NetworkUpdateSection)4), fixture.Connection.Nets.Updated);
        await old.SendAsync(Packet.Make(RawClient.Header(291, 99), [0xff, 0xff, 0xff, 0xff]));
        Assert.Equal(Patiently.Rpc("Unable to decode message payload"), (await old.ReadAsync()).Error());
    }

    [Fact]
    public async Task Set_identity_replaces_who_calls()
    {
        await using SessionFixture fixture = new();
        string? name = null;
        fixture.Connection.Guests.OnSuspend = call =>
        {
            name = $"{call.Identity.UserName}/{call.Identity.UserId}/{call.Identity.ProcessId}";
            return default;
        };
        RawClient client = await fixture.OpenAsync(readOnly: false);
        await client.CallOkAsync(34, FakeDomains.Arguments);
        Assert.Equal($"/0/{Environment.ProcessId}", name);
        await client.CallOkAsync(419, Identity(new TypedParam("user-name", "joe"), new TypedParam("unix-user-id", 1000UL), new TypedParam("system.token", "t")));
        await client.CallOkAsync(34, FakeDomains.Arguments);
        Assert.Equal("joe/1000/", name);
        Assert.Equal((74, 0, "argument unsupported: parameter 'shoe-size' not supported"), (await client.CallAsync(419, Identity(new TypedParam("shoe-size", 43)))).Error());
        Assert.Equal((8, 0, "invalid argument: invalid type 'int' for parameter 'user-name', expected 'string'"),
            (await client.CallAsync(419, Identity(new TypedParam("user-name", 43)))).Error());
        Assert.Equal((8, 0, "invalid argument: parameter 'user-name' occurs multiple times"),
            (await client.CallAsync(419, Identity(new TypedParam("user-name", "a"), new TypedParam("user-name", "b")))).Error());
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 1)]
    [InlineData(5, 0)]
    [InlineData(6, 1)]
    [InlineData(8, 1)]
    [InlineData(9, 1)]
    [InlineData(10, 1)]
    [InlineData(14, 1)]
    [InlineData(15, 1)]
    [InlineData(16, 1)]
    [InlineData(17, 0)]
    [InlineData(1000, 0)]
    [InlineData(-1, 0)]
    public async Task Features_are_answered(int feature, int expected)
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        Assert.Equal(expected, (await client.CallOkAsync(60, writer => writer.WriteInt32(feature))).FirstWord);
    }

    [Theory]
    [InlineData("other:///x", 5, 0, "no connection driver available for other:///x")]
    [InlineData("fake:///a b", 1, 45, "internal error: Unable to parse URI fake:///a b")]
    public async Task A_uri_that_nobody_opens_is_an_error_and_another_may_be_tried(string name, int code, int domain, string message)
    {
        await using SessionFixture fixture = new();
        RawClient client = fixture.Connect();
        Packet reply = await client.CallAsync(1, writer =>
        {
            writer.WriteBool(true);
            writer.WriteString(name, 1000);
            writer.WriteInt32(0);
        });
        Assert.Equal((code, domain, message), reply.Error());
        await client.OpenAsync();
    }

    [Theory]
    [InlineData("00000001 00000000 00000000")]
    [InlineData("00000000 00000000")]
    public async Task Without_a_name_the_default_driver_is_opened(string arguments)
    {
        await using SessionFixture fixture = new();
        RawClient client = fixture.Connect();
        await client.CallOkAsync(1, Words(arguments));
        Assert.Equal("fake:///default", fixture.Driver.Request?.Name);
    }

    [Fact]
    public async Task Of_two_opens_at_once_one_wins_and_the_other_is_closed()
    {
        FakeConnection loser = new();
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        FakeDriver driver = new();
        int opens = 0;
        driver.OnOpen = async _ =>
        {
            bool first = opens++ == 0;
            await go.Task;
            return first ? driver.Connection : loser;
        };
        await using SessionFixture fixture = new(driver: driver);
        RawClient client = fixture.Connect();
        byte[] open = [.. Packet.FromHex("00000001 00000008 66616b65 3a2f2f2f 00000000")];
        await client.SendAsync(Packet.Make(RawClient.Header(1, 1), open), Packet.Make(RawClient.Header(1, 2), open));
        await client.SyncAsync();
        go.SetResult();
        Packet[] replies = [await client.ReadAsync(), await client.ReadAsync()];
        Assert.Equal(Patiently.Internal("connection already open"), Assert.Single(replies, reply => reply.IsError).Error());
        await client.DisposeAsync();
        await fixture.Serving.Soon();
        Assert.Equal((1, 1), (driver.Connection.Disposals, loser.Disposals));
    }

    private static Action<XdrWriter> Domain(string behind) => writer =>
    {
        FakeDomains.Vm1.Encode(writer);
        writer.WriteRaw(Packet.FromHex(behind));
    };

    private static Action<XdrWriter> Words(string words) => writer => writer.WriteRaw(Packet.FromHex(words));

    private static Action<XdrWriter> Identity(params TypedParam[] parameters) => writer =>
    {
        writer.WriteArray(parameters, 20);
        writer.WriteInt32(0);
    };

    private static string[] Fields(Packet packet)
    {
        XdrReader reader = new(packet.Payload);
        return [.. reader.ReadArray<TypedParam>(64, 12).Select(parameter => parameter.Field)];
    }
}
