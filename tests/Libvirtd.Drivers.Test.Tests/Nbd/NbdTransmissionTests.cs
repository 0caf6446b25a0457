using System.Buffers.Binary;
using System.Text;
using static Libvirtd.Drivers.Test.Tests.NbdClient;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class NbdTransmissionTests
{
    private const int Read = 0;
    private const int Write = 1;
    private const int Status = 7;
    private const uint NotPermitted = 1;
    private const uint Invalid = 22;

    [Fact]
    public async Task Bytes_are_those_of_the_disk()
    {
        await using NbdClient client = await new NbdClient().GoAsync(isStructured: false);
        await client.RequestAsync(Read, 900, 300, cookie: 1);
        await client.RequestAsync(Read, 9_999, 1, cookie: ulong.MaxValue);
        Assert.Equal(0u, await client.SimpleAsync(1));
        Assert.Equal(Bytes(900, 300), await client.ReadAsync(300));
        Assert.Equal(0u, await client.SimpleAsync(ulong.MaxValue));
        Assert.Equal(Bytes(9_999, 1), await client.ReadAsync(1));
    }

    [Fact]
    public async Task Structured_replies_tell_holes()
    {
        await using NbdClient client = await new NbdClient().GoAsync(isStructured: true);
        await client.RequestAsync(Read, 900, 1300);
        List<(int Type, byte[] Data)> chunks = await client.ChunksAsync();
        Assert.Equal([1, 2, 1], chunks.Select(static chunk => chunk.Type));
        Assert.Equal([.. Number(900, 8), .. Bytes(900, 100)], chunks[0].Data);
        Assert.Equal([.. Number(1000, 8), .. Number(1000, 4)], chunks[1].Data);
        Assert.Equal([.. Number(2000, 8), .. Bytes(2000, 200)], chunks[2].Data);
    }

    [Fact]
    public async Task Who_wants_no_fragments_gets_one_piece()
    {
        await using NbdClient client = await new NbdClient(new StripedExport("vda", 2_000_000)).GoAsync(isStructured: true);
        await client.RequestAsync(Read, 10, 1_000_000, flags: 4);
        (int type, byte[] data) = Assert.Single(await client.ChunksAsync());
        Assert.Equal(1, type);
        Assert.Equal([.. Number(10, 8), .. Bytes(10, 1_000_000)], data);
        await client.RequestAsync(Read, 10, 0);
        Assert.Equal(0, Assert.Single(await client.ChunksAsync()).Type);
    }

    [Theory]
    [InlineData(Read, 9_999ul, 2u, 0, Invalid)]
    [InlineData(Read, 10_001ul, 0u, 0, Invalid)]
    [InlineData(Read, ulong.MaxValue, 1u, 0, Invalid)]
    [InlineData(Read, ulong.MaxValue - 10, uint.MaxValue, 0, Invalid)]
    [InlineData(Read, 0ul, 1u, 0x80, Invalid)]
    [InlineData(Status, 0ul, 100u, 0, Invalid)] // nothing was agreed upon
    [InlineData(4, 0ul, 100u, 0, NotPermitted)] // trim
    [InlineData(6, 0ul, 100u, 0, NotPermitted)] // write zeros
    [InlineData(5, 0ul, 100u, 0, Invalid)] // cache
    [InlineData(8, 0ul, 100u, 0, Invalid)] // resize
    [InlineData(999, 0ul, 100u, 0, Invalid)]
    [InlineData(3, 0ul, 0u, 0, 0u)] // flush
    public async Task What_cannot_be_done_is_said_and_the_connection_goes_on(ushort command, ulong offset, uint length, ushort flags, uint error)
    {
        await using NbdClient client = await new NbdClient().GoAsync(isStructured: false);
        await client.RequestAsync(command, offset, length, flags);
        Assert.Equal(error, await client.SimpleAsync());
        await client.RequestAsync(Read, 0, 1);
        Assert.Equal(0u, await client.SimpleAsync());
    }

    [Fact]
    public async Task More_than_fits_into_one_request_is_refused()
    {
        await using NbdClient client = await new NbdClient(new StripedExport("vda", long.MaxValue)).GoAsync(isStructured: false);
        await client.RequestAsync(Read, 0, (32 << 20) + 1);
        Assert.Equal(Invalid, await client.SimpleAsync());
    }

    [Fact]
    public async Task Writes_are_not_permitted()
    {
        await using NbdClient client = await new NbdClient().GoAsync(isStructured: true);
        await client.RequestAsync(Write, 0, 100_000, payload: new byte[100_000]);
        (int type, byte[] data) = Assert.Single(await client.ChunksAsync());
        Assert.Equal(0x8001, type);
        Assert.Equal(NotPermitted, BinaryPrimitives.ReadUInt32BigEndian(data));
        Assert.Equal("the export is read only", Encoding.UTF8.GetString(data.AsSpan(6)));
        await client.RequestAsync(Read, 0, 1);
        Assert.Single(await client.ChunksAsync());
        await client.RequestAsync(Write, 0, (32 << 20) + 1);
        Assert.NotNull(await client.HungUpAsync());
    }

    [Fact]
    public async Task Status_tells_every_context_that_was_chosen()
    {
        await using NbdClient client = await new NbdClient().GoAsync(isStructured: true, "qemu:dirty-bitmap:b", "base:allocation");
        Assert.Equal(["0=500:0 1000:3 1000:0 1000:3", "1=2000:0 1000:1 500:0"], await client.StatusAsync(500, 3500));
        Assert.Equal(["0=600:0", "1=100:0"], await client.StatusAsync(2400, 2000, flags: 8));
        await client.RequestAsync(Status, 0, 0);
        Assert.Equal(0x8001, Assert.Single(await client.ChunksAsync()).Type);
        await client.RequestAsync(Status, 0, 10_001);
        Assert.Equal(0x8001, Assert.Single(await client.ChunksAsync()).Type);
    }

    [Fact]
    public async Task Status_of_much_stops_after_so_many_ranges()
    {
        await using NbdClient client = await new NbdClient(new StripedExport("vda", 1L << 40)).GoAsync(isStructured: true, "base:allocation");
        await client.RequestAsync(Status, 0, uint.MaxValue);
        Assert.Equal(4 + 8 * NbdConstants.MostExtents, Assert.Single(await client.ChunksAsync()).Data.Length);
    }

    [Fact]
    public async Task What_was_chosen_for_another_disk_does_not_count()
    {
        await using NbdClient client = await new NbdClient(new StripedExport("vda"), new StripedExport("vdb")).GreetAsync();
        await client.OptionAsync(8);
        await client.OptionAsync(10, [.. Text("vda"), .. Number(1, 4), .. Text("base:allocation")]);
        await client.OptionAsync(7, [.. Text("vdb"), .. Number(0, 2)]);
        await client.RequestAsync(Status, 0, 10);
        Assert.Equal(0x8001, Assert.Single(await client.ChunksAsync()).Type);
    }

    [Fact]
    public async Task Goodbye_is_not_answered()
    {
        await using NbdClient client = await new NbdClient().GoAsync(isStructured: true);
        await client.RequestAsync(2, 0, 0);
        Assert.Null(await client.HungUpAsync());
    }

    [Fact]
    public async Task Who_goes_away_in_the_middle_ends_his_own_session()
    {
        await using NbdClient client = await new NbdClient().GoAsync(isStructured: true);
        await client.SendAsync(Request(Write, 0, 1000, payload: new byte[999]));
        client.HangUp();
        Assert.NotNull(await client.HungUpAsync());
    }

    [Fact]
    public async Task Another_magic_ends_the_connection()
    {
        await using NbdClient client = await new NbdClient().GoAsync(isStructured: false);
        await client.SendAsync(new byte[28]);
        Assert.Equal("no request", await client.HungUpAsync());
    }

    private static byte[] Bytes(long offset, int count) => [.. Enumerable.Range(0, count).Select(i => StripedExport.At(offset + i))];
}
