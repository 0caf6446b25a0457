using System.Buffers.Binary;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Sessions;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Sessions;

public sealed class MalformedInputTests
{
    private const int LookupByName = 23;

    [Theory]
    [InlineData(0u)]
    [InlineData(3u)]
    [InlineData(4u)]
    [InlineData(5u)]
    [InlineData(27u)]
    [InlineData(33_554_437u)]
    [InlineData(0x80000000u)]
    [InlineData(uint.MaxValue)]
    public async Task An_impossible_length_word_closes_the_connection_without_a_reply(uint length)
    {
        await using SessionFixture fixture = new();
        RawClient client = fixture.Connect();
        byte[] word = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(word, length);
        await client.SendAsync(word);
        await client.EndsAsync();
        await fixture.Serving.Soon();
        Assert.Equal(0, fixture.Server.ClientCount);
    }

    [Fact]
    public async Task A_body_that_never_comes_is_waited_for()
    {
        await using SessionFixture fixture = new();
        RawClient client = fixture.Connect();
        byte[] call = client.Call(66);
        await client.SendAsync(call[..20]);
        Assert.False(fixture.Serving.IsCompleted);
        await client.SendAsync(call[20..]);
        Assert.Equal(66, (await client.ReadAsync()).Header.Procedure);
    }

    [Fact]
    public async Task The_largest_message_is_taken()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        byte[] call = Packet.Make(RawClient.Header(LookupByName, 9), new byte[PacketHeader.MaxMessage - PacketHeader.Size]);
        Task sending = client.SendAsync(call);
        Assert.Equal((42, 12, "Domain not found"), (await client.ReadAsync()).Error()); // an empty name, and trailing bytes
        await sending;
    }

    [Theory]
    [InlineData(0x12345678u, 1u)]
    [InlineData(RemoteProgram.Number, 2u)]
    [InlineData(RemoteProgram.Number, 0u)]
    [InlineData(0x6b656570u, 1u)]
    [InlineData(0x06900690u, 1u)]
    public async Task A_call_of_an_unknown_program_is_answered_with_its_numbers(uint program, uint version)
    {
        await using SessionFixture fixture = new();
        RawClient client = fixture.Connect();
        PacketHeader header = new(program, version, 77, NetMessageType.Call, 0xfedcba98, NetMessageStatus.Ok);
        await client.SendAsync(Packet.Make(header, []));
        Packet reply = await client.ReadAsync();
        Assert.Equal(header with { Type = NetMessageType.Reply, Status = NetMessageStatus.Error }, reply.Header);
        Assert.Equal(Patiently.Rpc($"Cannot find program {program} version {version}"), reply.Error());
        await client.SyncAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(999)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    [InlineData(318)]
    [InlineData(107)]
    public async Task An_unknown_procedure_and_an_event_cannot_be_called(int procedure)
    {
        await using SessionFixture fixture = new();
        RawClient client = fixture.Connect();
        Packet reply = await client.CallAsync(procedure);
        Assert.Equal(Patiently.Rpc($"unknown procedure: {procedure}"), reply.Error());
        await client.SyncAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(-1)]
    public async Task A_call_with_another_status_than_ok_is_refused(int status)
    {
        await using SessionFixture fixture = new();
        RawClient client = fixture.Connect();
        await client.SendAsync(Packet.Make(RawClient.Header(66, 3, status: (NetMessageStatus)status), []));
        Assert.Equal(Patiently.Rpc($"Unexpected message status {status}"), (await client.ReadAsync()).Error());
        await client.SyncAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(-1)]
    public async Task Other_types_than_calls_are_dropped_silently(int type)
    {
        await using SessionFixture fixture = new(new RpcServerOptions { Loops = 1, MaxClientRequests = 1 });
        RawClient client = fixture.Connect();
        for (int i = 0; i < 10; i++)
        {
            await client.SendAsync(Packet.Make(RawClient.Header(66, 3, (NetMessageType)type), []));
            await client.SendAsync(Packet.Make(RawClient.Header(66, 3, (NetMessageType)type, program: 4711), [1, 2, 3]));
        }
        await client.SyncAsync();
        Assert.False((await client.CallAsync(66)).IsError);
    }

    [Theory]
    [InlineData("")] // no arguments at all
    [InlineData("0000")] // a truncated count
    [InlineData("0000000a 61626364")] // a truncated string
    [InlineData("00400001 61626364")] // a string above its bound
    [InlineData("ffffffff")]
    [InlineData("00000002 c3280000")] // not UTF-8
    public async Task Arguments_that_do_not_decode_are_answered(string payload)
    {
        await using SessionFixture fixture = new();
        RawClient client = fixture.Connect(); // decoded before the connection is looked at
        await client.SendAsync(Packet.Make(RawClient.Header(LookupByName, 3), Packet.FromHex(payload)));
        Assert.Equal(Patiently.Rpc("Unable to decode message payload"), (await client.ReadAsync()).Error());
        await client.SyncAsync();
    }

    [Fact]
    public async Task Arrays_above_their_bound_and_unknown_union_tags_do_not_decode()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        Packet many = await client.CallAsync(419, writer =>
        {
            writer.WriteInt32(21);
            for (int i = 0; i < 21; i++)
                new TypedParam("user-name", "x").Encode(writer);
            writer.WriteInt32(0);
        });
        Assert.Equal(Patiently.Rpc("Unable to decode message payload"), many.Error());
        Packet tag = await client.CallAsync(419, writer =>
        {
            writer.WriteInt32(1);
            writer.WriteString("user-name", 100);
            writer.WriteInt32(8);
            writer.WriteInt32(0);
            writer.WriteInt32(0);
        });
        Assert.Equal(Patiently.Rpc("Unable to decode message payload"), tag.Error());
    }

    [Fact]
    public async Task Trailing_bytes_are_ignored_and_the_length_need_not_be_a_multiple_of_four()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        byte[] arguments = [.. Packet.Encode(writer => writer.WriteString("vm1", 10)), 1, 2, 3, 4, 5];
        await client.SendAsync(Packet.Make(RawClient.Header(LookupByName, 8), arguments));
        Assert.False((await client.ReadAsync()).IsError);
        await client.SyncAsync();
    }

    [Fact]
    public async Task Before_the_open_nearly_nothing_is_answered()
    {
        await using SessionFixture fixture = new();
        RawClient client = fixture.Connect();
        Assert.False((await client.CallAsync(66)).IsError);
        Assert.Equal(1, (await client.CallOkAsync(60, writer => writer.WriteInt32(10))).FirstWord);
        Assert.Equal(Patiently.Internal("hypervisor connection not open"), (await client.CallAsync(60, writer => writer.WriteInt32(14))).Error());
        Assert.Equal(Patiently.Internal("hypervisor connection not open"), (await client.CallAsync(157)).Error());
        Assert.Equal(Patiently.Internal("hypervisor connection not open"), (await client.CallAsync(LookupByName, writer => writer.WriteString("x", 9))).Error());
        Assert.Equal(Patiently.Internal("connection not open"), (await client.CallAsync(46, writer => writer.WriteString("x", 9))).Error());
    }

    [Fact]
    public async Task Before_authentication_only_authentication_is_answered()
    {
        await using SessionFixture fixture = new();
        (InMemoryTransport ours, InMemoryTransport theirs) = InMemoryTransport.CreatePair();
        await using RawClient client = new(ours);
        Session session = new(fixture.Server, theirs, new RpcService { IsAnonymous = true }, 1);
        Task serving = session.RunAsync();
        Assert.False((await client.CallAsync(66)).IsError);
        foreach (int procedure in new[] { 1, 2, 60, LookupByName })
            Assert.Equal(Patiently.Rpc("authentication required"), (await client.CallAsync(procedure)).Error()); // not even decoded
        Assert.Equal(Patiently.Rpc("unknown procedure: 999"), (await client.CallAsync(999)).Error());
        await client.SyncAsync();
        session.Authenticate();
        await client.OpenAsync();
        await client.DisposeAsync();
        await serving.Soon();
    }

    [Fact]
    public async Task Opening_twice_is_refused_and_leaves_the_connection_open()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        Packet again = await client.CallAsync(1, writer =>
        {
            writer.WriteBool(true);
            writer.WriteString("fake:///", 100);
            writer.WriteInt32(0);
        });
        Assert.Equal(Patiently.Internal("connection already open"), again.Error());
        await client.CallOkAsync(LookupByName, writer => writer.WriteString("vm1", 9));
        Assert.Equal(0, fixture.Connection.Disposals);
    }

    [Fact]
    public async Task What_cannot_be_encoded_becomes_an_error()
    {
        await using SessionFixture fixture = new();
        fixture.Connection.Guests.Defined = [new string('x', 4_194_305)];
        RawClient client = await fixture.OpenAsync();
        Assert.Equal(Patiently.Rpc("Unable to encode message payload"), (await client.CallAsync(21, writer => writer.WriteInt32(5))).Error());
        fixture.Connection.Guests.Defined = [.. Enumerable.Repeat(new string('x', 4_000_000), 9)];
        Assert.Equal(Patiently.Rpc("Unable to encode message payload"), (await client.CallAsync(21, writer => writer.WriteInt32(9))).Error());
        await client.SyncAsync();
    }
}
