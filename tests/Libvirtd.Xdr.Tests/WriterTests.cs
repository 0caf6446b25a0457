using System.Text;

namespace Libvirtd.Xdr.Tests;

public sealed class WriterTests : IDisposable
{
    private readonly XdrWriter _writer = new(16);

    private string Hex => Convert.ToHexString(_writer.WrittenSpan);

    public void Dispose() => _writer.Dispose();

    [Fact]
    public void Numbers_are_big_endian()
    {
        _writer.WriteInt32(-2);
        _writer.WriteUInt32(0x01020304);
        _writer.WriteInt64(-2);
        _writer.WriteUInt64(0x0102030405060708);
        _writer.WriteDouble(1.0);
        _writer.WriteSingle(1.0f);
        _writer.WriteBool(true);
        Assert.Equal("FFFFFFFE" + "01020304" + "FFFFFFFFFFFFFFFE" + "0102030405060708" + "3FF0000000000000" + "3F800000" + "00000001", Hex);
    }

    [Theory]
    [InlineData("", "00000000")]
    [InlineData("a", "0000000161000000")]
    [InlineData("abcd", "0000000461626364")]
    [InlineData("\u00e9", "00000002C3A90000")]
    [InlineData(null, "00000000")]
    public void A_string_is_counted_in_bytes_and_padded_with_zeros(string? text, string expected)
    {
        // What stood in the buffer before must not show in the padding.
        _writer.WriteRaw([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        _writer.Truncate(0);
        _writer.WriteString(text, 100);
        Assert.Equal(expected, Hex);
    }

    [Fact]
    public void Opaque_data_is_padded_with_zeros()
    {
        _writer.WriteRaw([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        _writer.Truncate(0);
        _writer.WriteOpaque([1, 2, 3], 3);
        _writer.WriteFixedOpaque([9], 1);
        Assert.Equal("0000000301020300" + "09000000", Hex);
    }

    [Fact]
    public void A_uuid_is_sixteen_bytes_in_reading_order()
    {
        _writer.WriteUuid(Guid.Parse("01020304-0506-0708-090a-0b0c0d0e0f10"));
        Assert.Equal("0102030405060708090A0B0C0D0E0F10", Hex);
    }

    [Fact]
    public void Each_char_takes_four_bytes_with_its_sign()
    {
        _writer.WriteChars([0x41, 0x80]);
        Assert.Equal("00000041" + "FFFFFF80", Hex);
    }

    [Fact]
    public void Bounds_are_checked_and_leave_nothing_behind()
    {
        Assert.Throws<XdrException>(() => _writer.WriteString("abc", 2));
        Assert.Throws<XdrException>(() => _writer.WriteString(new string('x', 100), 99));
        Assert.Throws<XdrException>(() => _writer.WriteOpaque([1, 2, 3], 2));
        Assert.Throws<XdrException>(() => _writer.WriteFixedOpaque([1, 2, 3], 4));
        Assert.Throws<XdrException>(() => _writer.WriteCount(3, 2));
        Assert.Equal(0, _writer.Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void A_lone_surrogate_cannot_be_sent(int length)
    {
        string broken = new string('x', length) + '\ud800';
        Assert.Throws<XdrException>(() => _writer.WriteString(broken, 1000));
        Assert.Equal(0, _writer.Length);
    }

    [Fact]
    public void The_limit_is_exact_although_the_pool_gives_larger_buffers()
    {
        using XdrWriter writer = new(4, 20);
        for (int i = 0; i < 5; i++)
            writer.WriteInt32(i);
        Assert.Throws<XdrException>(() => writer.WriteInt32(5));
        Assert.Equal(20, writer.Length);
    }

    [Fact]
    public void A_text_that_just_fits_the_limit_is_written()
    {
        using XdrWriter writer = new(4, 24);
        writer.WriteString(new string('x', 20), 100);
        Assert.Equal(24, writer.Length);
    }

    [Fact]
    public void A_length_can_be_filled_in_later()
    {
        _writer.WriteUInt32(0);
        _writer.WriteUInt32(7);
        _writer.Patch(0, 8);
        Assert.Equal("0000000800000007", Hex);
        Assert.ThrowsAny<ArgumentException>(() => _writer.Patch(5, 1));
        Assert.ThrowsAny<ArgumentException>(() => _writer.Truncate(9));
    }

    [Fact]
    public void It_grows_and_keeps_what_was_written()
    {
        byte[] large = Encoding.ASCII.GetBytes(new string('z', 100_000));
        _writer.WriteInt32(1);
        _writer.WriteRaw(large);
        Assert.Equal(100_004, _writer.Length);
        Assert.Equal(large, _writer.WrittenSpan[4..].ToArray());
    }

    [Fact]
    public void It_can_be_used_again_after_its_buffer_was_given_back()
    {
        _writer.WriteInt32(1);
        _writer.Dispose();
        _writer.WriteInt32(2);
        Assert.Equal("00000002", Hex);
    }
}
