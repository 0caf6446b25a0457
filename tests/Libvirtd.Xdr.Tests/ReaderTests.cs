using System.Text;

namespace Libvirtd.Xdr.Tests;

public sealed class ReaderTests
{
    private static byte[] Bytes(string hex) => Convert.FromHexString(hex);

    [Fact]
    public void Numbers_are_big_endian()
    {
        XdrReader reader = new(Bytes("FFFFFFFE" + "01020304" + "FFFFFFFFFFFFFFFE" + "0102030405060708" + "3FF0000000000000" + "3F800000"));
        Assert.Equal(-2, reader.ReadInt32());
        Assert.Equal(0x01020304u, reader.ReadUInt32());
        Assert.Equal(-2L, reader.ReadInt64());
        Assert.Equal(0x0102030405060708ul, reader.ReadUInt64());
        Assert.Equal(1.0, reader.ReadDouble());
        Assert.Equal(1.0f, reader.ReadSingle());
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void Small_numbers_take_four_bytes_of_which_the_lowest_count()
    {
        XdrReader reader = new(Bytes("FFFFFF80" + "000000FF" + "FFFF8000" + "0000FFFF" + "00000100"));
        Assert.Equal(-128, reader.ReadInt8());
        Assert.Equal(255, reader.ReadUInt8());
        Assert.Equal(-32768, reader.ReadInt16());
        Assert.Equal(65535, reader.ReadUInt16());
        Assert.Equal(0, reader.ReadUInt8());
    }

    [Fact]
    public void Any_flag_but_zero_means_present()
    {
        XdrReader reader = new(Bytes("00000000" + "00000001" + "80000000"));
        Assert.False(reader.ReadBool());
        Assert.True(reader.ReadBool());
        Assert.True(reader.ReadBool());
    }

    [Fact]
    public void Padding_is_skipped_whatever_it_holds()
    {
        XdrReader reader = new(Bytes("0000000161FFFFFF" + "0000000301020399" + "07AAAAAA" + "00000005"));
        Assert.Equal("a", reader.ReadString(10));
        Assert.Equal([1, 2, 3], reader.ReadOpaque(10));
        Assert.Equal([7], reader.ReadFixedOpaque(1));
        Assert.Equal(5, reader.ReadInt32());
    }

    [Fact]
    public void A_string_ends_at_an_embedded_nul()
    {
        XdrReader reader = new(Bytes("0000000461006263" + "0000000200610000" + "00000005"));
        Assert.Equal("a", reader.ReadString(10));
        Assert.Equal("", reader.ReadString(10));
        Assert.Equal(5, reader.ReadInt32());
    }

    [Theory]
    [InlineData("00000002C3280000")]
    [InlineData("00000001FF000000")]
    [InlineData("00000003EDA08000")]
    [InlineData("00000002C0800000")]
    public void Text_that_is_not_UTF8_is_refused(string hex)
    {
        Assert.Throws<XdrException>(() => new XdrReader(Bytes(hex)).ReadString(100));
        Assert.Throws<XdrException>(() => new XdrReader(Bytes(hex), new StringPool()).ReadString(100));
    }

    [Fact]
    public void A_uuid_is_sixteen_bytes_in_reading_order() =>
        Assert.Equal(Guid.Parse("01020304-0506-0708-090a-0b0c0d0e0f10"), new XdrReader(Bytes("0102030405060708090A0B0C0D0E0F10")).ReadUuid());

    [Fact]
    public void Each_char_takes_four_bytes()
    {
        XdrReader reader = new(Bytes("00000041" + "FFFFFF80" + "00000001"));
        Assert.Equal([0x41, 0x80], reader.ReadChars(2));
        Assert.Equal(1, reader.ReadInt32());
    }

    [Fact]
    public void Whatever_ends_early_is_refused()
    {
        Assert.Throws<XdrException>(() => new XdrReader([0, 0, 0]).ReadInt32());
        Assert.Throws<XdrException>(() => new XdrReader(new byte[7]).ReadInt64());
        Assert.Throws<XdrException>(() => new XdrReader(new byte[15]).ReadUuid());
        Assert.Throws<XdrException>(() => new XdrReader(new byte[7]).ReadChars(2));
        Assert.Throws<XdrException>(() => new XdrReader(new byte[3]).ReadFixedOpaque(1));
        Assert.Throws<XdrException>(() => new XdrReader(Bytes("00000002" + "61")).ReadString(100));
    }

    [Fact]
    public void Missing_padding_is_a_message_that_ends_early() =>
        Assert.Throws<XdrException>(() => new XdrReader(Bytes("00000001" + "61")).ReadString(100));

    [Theory]
    [InlineData("00000003")]
    [InlineData("FFFFFFFF")]
    [InlineData("80000000")]
    public void A_count_above_the_bound_is_refused(string hex) =>
        Assert.Throws<XdrException>(() => new XdrReader(Bytes(hex + "000000000000000000000000")).ReadCount(2, 4));

    [Fact]
    public void A_count_is_checked_against_the_bytes_that_are_there_before_anything_is_allocated()
    {
        byte[] message = Bytes("7FFFFFFF" + "0000000000000000");
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<XdrException>(() => new XdrReader(message).ReadCount(int.MaxValue, 8));
        Assert.Throws<XdrException>(() => new XdrReader(message).ReadOpaque(int.MaxValue));
        Assert.Throws<XdrException>(() => new XdrReader(message).ReadString(int.MaxValue));
        Assert.Throws<XdrException>(() => new XdrReader(message).ReadArray<Pair>(int.MaxValue, 8));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
        Assert.Equal(1, new XdrReader(Bytes("00000001" + "0000000000000000")).ReadCount(2, 8));
        Assert.Throws<XdrException>(() => new XdrReader(Bytes("00000002" + "0000000000000000")).ReadCount(2, 8));
    }

    [Fact]
    public void An_array_holds_its_elements_in_order()
    {
        XdrReader reader = new(Bytes("00000002" + "0000000100000002" + "0000000300000004"));
        Assert.Equal([new Pair(1, 2), new Pair(3, 4)], reader.ReadArray<Pair>(2, 8));
    }

    [Fact]
    public void A_text_seen_before_is_the_same_object()
    {
        StringPool pool = new(16);
        byte[] message = Bytes("0000000461626364");
        string first = new XdrReader(message, pool).ReadString(10);
        Assert.Same(first, new XdrReader(message, pool).ReadString(10));
        Assert.Equal("abcd", first);
    }

    [Fact]
    public void The_pool_never_gives_another_text_and_keeps_no_long_ones()
    {
        StringPool pool = new(1);
        foreach (string text in new[] { "one", "two", "one", new string('x', 65), new string('x', 65) })
        {
            using XdrWriter writer = new();
            writer.WriteString(text, 100);
            Assert.Equal(text, new XdrReader(writer.WrittenSpan, pool).ReadString(100));
        }
        Assert.Null(pool.Find(Encoding.ASCII.GetBytes(new string('x', 65))));
        Assert.NotNull(pool.Find("one"u8));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StringPool(3));
    }

    private readonly record struct Pair(int Left, int Right) : IXdrValue<Pair>
    {
        public static Pair Decode(ref XdrReader reader) => new(reader.ReadInt32(), reader.ReadInt32());

        public void Encode(XdrWriter writer)
        {
            writer.WriteInt32(Left);
            writer.WriteInt32(Right);
        }
    }
}
