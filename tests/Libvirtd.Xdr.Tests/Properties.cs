using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Libvirtd.Xdr.Tests;

public sealed class Properties
{
    private const int Bound = 1000;

    [Fact]
    public void What_is_written_is_read_again() => Prop.ForAll<NonNull<string>, byte[], long>((text, bytes, number) =>
    {
        string sendable = Sendable(text.Get);
        using XdrWriter writer = new(1);
        writer.WriteString(sendable, Bound);
        writer.WriteOpaque(bytes, Bound);
        writer.WriteInt64(number);
        writer.WriteChars(bytes);
        XdrReader reader = new(writer.WrittenSpan);
        return writer.Length % 4 == 0
            && reader.ReadString(Bound) == sendable
            && reader.ReadOpaque(Bound).AsSpan().SequenceEqual(bytes)
            && reader.ReadInt64() == number
            && reader.ReadChars(bytes.Length).AsSpan().SequenceEqual(bytes)
            && reader.Remaining == 0;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_pool_changes_nothing()
    {
        StringPool pool = new(4);
        Prop.ForAll<NonNull<string>>(text =>
        {
            string sendable = Sendable(text.Get);
            using XdrWriter writer = new();
            writer.WriteString(sendable, Bound);
            return new XdrReader(writer.WrittenSpan, pool).ReadString(Bound) == sendable
                && new XdrReader(writer.WrittenSpan, pool).ReadString(Bound) == sendable;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_with_an_XdrException() => Prop.ForAll<byte[]>(bytes =>
    {
        XdrReader reader = new(bytes);
        try
        {
            reader.ReadString(Bound);
            reader.ReadOpaque(Bound);
            reader.ReadChars(reader.ReadCount(Bound, 4));
        }
        catch (XdrException)
        {
        }
        return reader.Position <= bytes.Length;
    }).QuickCheckThrowOnFailure();

    // Without lone surrogates, and cut at the first NUL, as the wire has it.
    private static string Sendable(string text)
    {
        string valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        int nul = valid.IndexOf('\0', StringComparison.Ordinal);
        return nul < 0 ? valid : valid[..nul];
    }
}
