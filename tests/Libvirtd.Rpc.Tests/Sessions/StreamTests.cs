using System.Buffers.Binary;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Sessions;

namespace Libvirtd.Rpc.Tests.Sessions;

public sealed class StreamTests
{
    private const int Console = 201;
    private const int Upload = 208;
    private const int Download = 209;

    private static readonly byte[] s_volume = Packet.Encode(writer =>
    {
        new StorageVolRef { Pool = "p", Name = "v", Key = "k" }.Encode(writer);
        writer.WriteInt64(0);
        writer.WriteInt64(0);
    });

    [Fact]
    public async Task A_download_ends_with_an_empty_packet_and_its_finish_is_answered_ok()
    {
        TestEndpoint endpoint = new() { Source = [[1, 2, 3], [4]] };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Download, endpoint);
        Assert.Equal([1, 2, 3], (await DataAsync(client, Download)).Payload.ToArray());
        Assert.Equal([4], (await DataAsync(client, Download)).Payload.ToArray());
        Assert.Empty((await DataAsync(client, Download)).Payload.ToArray());
        await client.SyncAsync(); // and nothing unasked behind it
        Assert.Equal(0, endpoint.Finishes);
        await client.SendAsync(Stream(Download, NetMessageStatus.Ok));
        await AnsweredOkAsync(client, Download);
        await endpoint.Disposed.Task.Soon();
        Assert.Equal((1, 0), (endpoint.Finishes, endpoint.Aborts));
        await client.SendAsync(Stream(Download, NetMessageStatus.Ok), Stream(Download, NetMessageStatus.Continue, 1), Hole(Download, 3));
        await client.SyncAsync(); // a stream that is over is dropped silently
    }

    [Theory]
    [InlineData(NetMessageStatus.Ok)]
    [InlineData(NetMessageStatus.Error)]
    public async Task A_download_may_be_finished_or_aborted_early(NetMessageStatus how)
    {
        TestEndpoint endpoint = new()
        {
            OnRead = async (_, cancel) =>
            {
                await Task.Delay(Timeout.Infinite, cancel);
                return StreamRead.End;
            },
        };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Download, endpoint);
        await client.SendAsync(Stream(Download, how));
        await AnsweredOkAsync(client, Download);
        await endpoint.Disposed.Task.Soon();
        Assert.Equal(how == NetMessageStatus.Ok ? (1, 0) : (0, 1), (endpoint.Finishes, endpoint.Aborts));
        await client.SyncAsync();
    }

    [Fact]
    public async Task An_upload_is_answered_when_all_is_written()
    {
        TestEndpoint endpoint = new();
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint);
        for (byte i = 0; i < 100; i++)
            await client.SendAsync(Stream(Upload, NetMessageStatus.Continue, i), Stream(Upload, NetMessageStatus.Continue));
        await client.SendAsync(Stream(Upload, NetMessageStatus.Ok));
        await AnsweredOkAsync(client, Upload);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), endpoint.Data.ToArray());
        Assert.Equal(100, endpoint.Writes); // an empty packet is no data
    }

    [Fact]
    public async Task A_late_error_answers_the_finish_and_the_endpoint_is_not_aborted_after_it()
    {
        TestEndpoint endpoint = new() { OnFinish = _ => throw VirException.SystemError(ErrorDomain.Streams, 28, "cannot write") };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint);
        await client.SendAsync(Stream(Upload, NetMessageStatus.Continue, 1), Stream(Upload, NetMessageStatus.Ok));
        Packet answer = await client.ReadAsync();
        Assert.Equal((NetMessageType.Stream, Upload, 7u), (answer.Header.Type, answer.Header.Procedure, answer.Header.Serial));
        Assert.Equal((38, 38, "cannot write: No space left on device"), answer.Error());
        await endpoint.Disposed.Task.Soon();
        Assert.Equal((1, 0), (endpoint.Finishes, endpoint.Aborts));
        await client.SyncAsync();
    }

    [Fact]
    public async Task An_error_during_data_ends_the_stream_once_and_what_follows_is_dropped()
    {
        TestEndpoint endpoint = new() { OnWrite = (_, _) => throw new IOException("No space left on device", 28) };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint);
        await client.SendAsync(Stream(Upload, NetMessageStatus.Continue, 1), Stream(Upload, NetMessageStatus.Continue, 2), Stream(Upload, NetMessageStatus.Ok));
        Packet answer = await client.ReadAsync();
        Assert.Equal((38, 38, "No space left on device"), answer.Error());
        Assert.Equal(28, BinaryPrimitives.ReadInt32BigEndian(answer.Payload[^12..]));
        await endpoint.Disposed.Task.Soon();
        Assert.Equal((1, 0, 1), (endpoint.Writes, endpoint.Finishes, endpoint.Aborts));
        await client.SyncAsync();
    }

    [Fact]
    public async Task A_backend_that_cannot_be_read_fails_the_stream()
    {
        TestEndpoint endpoint = new() { OnRead = (_, _) => throw VirException.Of(ErrorCode.Rpc, ErrorDomain.Streams, "stream had I/O failure") };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Download, endpoint);
        Assert.Equal((39, 38, "stream had I/O failure"), (await client.ReadAsync()).Error());
        await endpoint.Disposed.Task.Soon();
        await client.SyncAsync();
    }

    [Fact]
    public async Task A_stream_in_a_direction_that_the_backend_does_not_take_fails()
    {
        await using SessionFixture fixture = new();
        RawClient client = fixture.Connect();
        await client.OpenAsync();
        fixture.Connection.Volumes.OnStream = () => new WriteOnlyByNobody();
        await client.SendAsync(Packet.Make(RawClient.Header(Upload, 7), [.. s_volume, 0, 0, 0, 0]));
        Assert.False((await client.ReadAsync()).IsError);
        await client.SendAsync(Stream(Upload, NetMessageStatus.Continue, 1));
        Assert.Equal((39, 38, "stream is not writable"), (await client.ReadAsync()).Error());
    }

    [Fact]
    public async Task An_abort_cuts_a_slow_write_short_and_is_answered_ok()
    {
        TestEndpoint endpoint = new() { OnWrite = async (_, cancel) => await Task.Delay(Timeout.Infinite, cancel) };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint);
        await client.SendAsync(Stream(Upload, NetMessageStatus.Continue, 1), Stream(Upload, NetMessageStatus.Continue, 2));
        await Patiently.UntilAsync(() => endpoint.Writes == 1, "the write begins");
        await client.SendAsync(Stream(Upload, NetMessageStatus.Error));
        await AnsweredOkAsync(client, Upload);
        await endpoint.Disposed.Task.Soon();
        Assert.Equal((1, 0, 1), (endpoint.Writes, endpoint.Finishes, endpoint.Aborts));
        await client.SyncAsync();
    }

    [Fact]
    public async Task An_abort_that_fails_is_answered_with_the_error()
    {
        TestEndpoint endpoint = new() { OnAbort = () => throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Storage, "still there") };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint);
        await client.SendAsync(Stream(Upload, NetMessageStatus.Error));
        Assert.Equal((9, 18, "operation failed: still there"), (await client.ReadAsync()).Error());
        await endpoint.Disposed.Task.Soon();
    }

    [Fact]
    public async Task An_unknown_status_aborts_the_stream()
    {
        TestEndpoint endpoint = new();
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint);
        await client.SendAsync(Stream(Upload, (NetMessageStatus)7));
        Assert.Equal((39, 38, "stream aborted with unexpected status 7"), (await client.ReadAsync()).Error());
        await endpoint.Disposed.Task.Soon();
        Assert.Equal(1, endpoint.Aborts);
    }

    [Fact]
    public async Task A_hole_in_a_stream_that_is_not_sparse_closes_the_connection()
    {
        TestEndpoint endpoint = new();
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint);
        await client.SendAsync(Hole(Upload, 4096));
        await client.EndsAsync();
        await endpoint.Disposed.Task.Soon();
        Assert.Equal(1, endpoint.Aborts);
    }

    [Fact]
    public async Task Holes_of_a_sparse_upload_keep_their_place()
    {
        TestEndpoint endpoint = new();
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint, flags: 1);
        await client.SendAsync(Stream(Upload, NetMessageStatus.Continue, 1, 2), Hole(Upload, 1L << 40), Stream(Upload, NetMessageStatus.Continue, 3), Hole(Upload, 9));
        await client.SendAsync(Stream(Upload, NetMessageStatus.Ok));
        await AnsweredOkAsync(client, Upload);
        Assert.Equal([2, -(1L << 40), 1, -9], endpoint.Taken);
    }

    [Theory]
    [InlineData("ffffffff ffffffff 00000000")]
    [InlineData("00000000 00000001 00000001")]
    [InlineData("00000000 00000001")]
    [InlineData("")]
    public async Task A_malformed_hole_fails_the_stream_and_not_the_connection(string payload)
    {
        TestEndpoint endpoint = new();
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint, flags: 1);
        await client.SendAsync(Packet.Make(RawClient.Header(Upload, 7, NetMessageType.StreamHole, NetMessageStatus.Continue), Packet.FromHex(payload)));
        Packet answer = await client.ReadAsync();
        Assert.Equal(NetMessageType.Stream, answer.Header.Type);
        Assert.Equal((39, 38), (answer.Error().Code, answer.Error().Domain));
        await client.SyncAsync();
    }

    [Fact]
    public async Task A_sparse_download_sends_its_holes()
    {
        Queue<StreamRead> reads = new([new(2), new(0, 1 << 20), new(1, 5), new(0, 7), StreamRead.End]);
        TestEndpoint endpoint = new() { OnRead = (_, _) => new(reads.Dequeue()) };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Download, endpoint, flags: 1);
        List<string> seen = [];
        for (int i = 0; i < 6; i++)
        {
            Packet packet = await client.ReadAsync();
            Assert.Equal(NetMessageStatus.Continue, packet.Header.Status);
            seen.Add(packet.Header.Type == NetMessageType.StreamHole ? Packet.Hex(packet.Payload) : $"{packet.Payload.Length} bytes");
        }
        Assert.Equal(["2 bytes", "00000000 00100000 00000000", "00000000 00000005 00000000", "1 bytes", "00000000 00000007 00000000", "0 bytes"], seen);
    }

    [Fact]
    public async Task Data_for_no_stream_is_ignored()
    {
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        await client.SendAsync(Stream(Upload, NetMessageStatus.Continue, 1), Stream(Upload, NetMessageStatus.Ok), Stream(Upload, NetMessageStatus.Error), Hole(Upload, 1));
        await client.SyncAsync();
    }

    [Fact]
    public async Task A_slow_backend_stops_the_reading_until_it_has_caught_up()
    {
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TestEndpoint endpoint = new() { OnWrite = async (_, _) => await go.Task };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint);
        byte[] packet = Stream(Upload, NetMessageStatus.Continue, new byte[PacketHeader.MaxStreamData]);
        Flood flood = new(client, 64, _ => packet, Stream(Upload, NetMessageStatus.Ok));
        await flood.UntilHeldBackAsync(fixture, atLeast: 16);
        Assert.InRange(flood.Sent, 16, 24);
        go.SetResult();
        await AnsweredOkAsync(client, Upload);
        await flood.Done.Soon();
        Assert.Equal(64L * PacketHeader.MaxStreamData, endpoint.Data.Length);
    }

    [Fact]
    public async Task Empty_looking_packets_cannot_pile_up_without_end()
    {
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TestEndpoint endpoint = new() { OnWrite = async (_, _) => await go.Task };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint, flags: 1);
        await client.SendAsync(Stream(Upload, NetMessageStatus.Continue, 1));
        byte[] holes = [.. Enumerable.Repeat(Hole(Upload, 1), 1000).SelectMany(hole => hole)];
        Flood flood = new(client, 300, _ => holes, Stream(Upload, NetMessageStatus.Ok));
        await flood.UntilHeldBackAsync(fixture, atLeast: 60);
        Assert.InRange(flood.Sent, 60, 90);
        go.SetResult();
        await AnsweredOkAsync(client, Upload);
        await flood.Done.Soon();
        Assert.Equal(300_001, endpoint.Taken.Count);
    }

    [Fact]
    public async Task A_slow_client_stalls_the_backend_after_one_packet()
    {
        TestEndpoint endpoint = new() { OnRead = (buffer, _) => new(new StreamRead(buffer.Length)) };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, Download, endpoint);
        await Patiently.UntilAsync(() => endpoint.Reads > 0, "reading begins");
        for (int taken = 0; taken < 100; taken++)
        {
            Assert.InRange(endpoint.Reads, taken, taken + 2); // what is in the pipe, and what waits
            Assert.Equal(PacketHeader.MaxStreamData, (await client.ReadAsync()).Payload.Length);
        }
        await client.PingAsync();
        PacketOutput output = Assert.Single(fixture.Server.Sessions).Output;
        await Patiently.UntilAsync(() => output.Backlog == PacketHeader.Size, "the answer waits for the data before it");
        int data = 0;
        while (!RawClient.IsPong(await client.ReadAsync()))
            data++;
        Assert.InRange(data, 0, 2); // other packets pass between
        await client.SendAsync(Stream(Download, NetMessageStatus.Error));
        while ((await client.ReadAsync()).Header.Status != NetMessageStatus.Ok)
        {
            // data that was queued may still arrive
        }
        await endpoint.Disposed.Task.Soon();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_vanishes_aborts_its_streams(bool reading)
    {
        TestEndpoint endpoint = new()
        {
            OnRead = (buffer, _) => new(new StreamRead(buffer.Length)),
            OnWrite = async (_, cancel) => await Task.Delay(Timeout.Infinite, cancel),
        };
        await using SessionFixture fixture = new();
        RawClient client = await OpenAsync(fixture, reading ? Download : Upload, endpoint);
        if (!reading)
        {
            await client.SendAsync(Stream(Upload, NetMessageStatus.Continue, 1), Stream(Upload, NetMessageStatus.Ok));
            await Patiently.UntilAsync(() => endpoint.Writes == 1, "the write begins");
        }
        await client.DisposeAsync();
        await endpoint.Disposed.Task.Soon();
        await fixture.Serving.Soon();
        Assert.Equal((0, 1), (endpoint.Finishes, endpoint.Aborts));
        Assert.Equal(1, fixture.Connection.Disposals);
    }

    [Fact]
    public async Task Two_streams_of_one_procedure_do_not_mix()
    {
        TestEndpoint first = new();
        TestEndpoint second = new();
        Queue<TestEndpoint> endpoints = new([first, second]);
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        fixture.Connection.Volumes.OnStream = endpoints.Dequeue;
        await client.SendAsync(Packet.Make(RawClient.Header(Upload, 7), [.. s_volume, 0, 0, 0, 0]));
        await client.ReadAsync();
        await client.SendAsync(Packet.Make(RawClient.Header(Upload, 8), [.. s_volume, 0, 0, 0, 0]));
        await client.ReadAsync();
        await client.SendAsync(Stream(Upload, NetMessageStatus.Continue, 1), Stream(Upload, 8, NetMessageStatus.Continue, 2), Stream(Upload, NetMessageStatus.Continue, 3));
        await client.SendAsync(Stream(Upload, 8, NetMessageStatus.Ok));
        Assert.Equal(8u, (await client.ReadAsync()).Header.Serial);
        await client.SendAsync(Stream(Upload, NetMessageStatus.Ok));
        Assert.Equal(7u, (await client.ReadAsync()).Header.Serial);
        Assert.Equal([1, 3], first.Data.ToArray());
        Assert.Equal([2], second.Data.ToArray());
    }

    [Fact]
    public async Task A_serial_that_has_a_stream_opens_no_second_one()
    {
        await using SessionFixture fixture = new();
        TestEndpoint endpoint = new();
        RawClient client = await OpenAsync(fixture, Upload, endpoint);
        TestEndpoint other = new();
        fixture.Connection.Volumes.OnStream = () => other;
        await client.SendAsync(Packet.Make(RawClient.Header(Upload, 7), [.. s_volume, 0, 0, 0, 0]));
        Assert.True((await client.ReadAsync()).IsError);
        await other.Disposed.Task.Soon();
        await client.SendAsync(Stream(Upload, NetMessageStatus.Ok));
        await AnsweredOkAsync(client, Upload);
    }

    [Fact]
    public async Task A_console_echoes_both_ways()
    {
        TestEndpoint endpoint = TestEndpoint.Echo();
        await using SessionFixture fixture = new();
        fixture.Connection.Guests.OnConsole = _ => endpoint;
        RawClient client = await fixture.OpenAsync();
        await client.SendAsync(Packet.Make(RawClient.Header(Console, 7), [.. Packet.Encode(FakeDomains.Arguments), 0, 0, 0, 0, 0, 0, 0, 0]));
        Assert.Equal(NetMessageType.Reply, (await client.ReadAsync()).Header.Type);
        for (int i = 1; i <= 200; i++)
        {
            byte[] keys = [.. Enumerable.Repeat((byte)i, 1 + (i % 7))];
            await client.SendAsync(Stream(Console, NetMessageStatus.Continue, keys));
            Assert.Equal(keys, (await DataAsync(client, Console)).Payload.ToArray());
        }
        await client.SendAsync(Stream(Console, NetMessageStatus.Ok));
        await AnsweredOkAsync(client, Console);
        await endpoint.Disposed.Task.Soon();
    }

    private static async Task<RawClient> OpenAsync(SessionFixture fixture, int procedure, TestEndpoint endpoint, byte flags = 0)
    {
        RawClient client = await fixture.OpenAsync();
        fixture.Connection.Volumes.OnStream = () => endpoint;
        await client.SendAsync(Packet.Make(RawClient.Header(procedure, 7), [.. s_volume, 0, 0, 0, flags]));
        Packet reply = await client.ReadAsync();
        Assert.Equal(RawClient.Header(procedure, 7, NetMessageType.Reply), reply.Header);
        return client;
    }

    private static async Task<Packet> DataAsync(RawClient client, int procedure)
    {
        Packet packet = await client.ReadAsync();
        Assert.Equal(RawClient.Header(procedure, 7, NetMessageType.Stream, NetMessageStatus.Continue), packet.Header);
        return packet;
    }

    private static async Task AnsweredOkAsync(RawClient client, int procedure)
    {
        Packet packet = await client.ReadAsync();
        if (packet.IsError)
            Assert.Fail(packet.Error().ToString());
        Assert.Equal(RawClient.Header(procedure, 7, NetMessageType.Stream), packet.Header);
        Assert.Equal(0, packet.Payload.Length);
    }

    private static byte[] Stream(int procedure, NetMessageStatus status, params byte[] data) => Stream(procedure, 7, status, data);

    private static byte[] Stream(int procedure, uint serial, NetMessageStatus status, params byte[] data) =>
        Packet.Make(RawClient.Header(procedure, serial, NetMessageType.Stream, status), data);

    private static byte[] Hole(int procedure, long length) => Packet.Make(
        RawClient.Header(procedure, 7, NetMessageType.StreamHole, NetMessageStatus.Continue),
        Packet.Encode(writer =>
        {
            writer.WriteInt64(length);
            writer.WriteInt32(0);
        }));

    private sealed class WriteOnlyByNobody : StreamEndpoint;
}
