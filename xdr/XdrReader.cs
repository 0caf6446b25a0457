using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Libvirtd.Xdr;

/// <summary>
/// Decodes XDR (RFC 4506) from one message. Every length is checked against the protocol's bound and against the bytes that are present before
/// anything is allocated, so a message never costs more memory than a small multiple of its own size.
/// </summary>
/// <param name="data">The message, or the part of it that is left to read.</param>
/// <param name="strings">Where the short strings of references come from, so that a name seen before is not allocated again.</param>
/// <remarks>
/// As lenient as libvirt: padding is skipped and not judged, an optional is present for any flag but 0, a string ends at an embedded NUL.
/// Text must be UTF-8.
/// </remarks>
public ref struct XdrReader(ReadOnlySpan<byte> data, StringPool? strings = null)
{
    private static readonly UTF8Encoding s_strictUtf8 = new(false, true);

    private readonly ReadOnlySpan<byte> _data = data;
    private readonly StringPool? _strings = strings;
    private int _position;

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => _data.Length - _position;

    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    public double ReadDouble() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    public float ReadSingle() => BinaryPrimitives.ReadSingleBigEndian(Take(4));

    public bool ReadBool() => ReadInt32() != 0;

    /// <summary>A <c>char</c>: four bytes on the wire, of which the lowest counts.</summary>
    public sbyte ReadInt8() => unchecked((sbyte)ReadInt32());

    public byte ReadUInt8() => unchecked((byte)ReadInt32());

    public short ReadInt16() => unchecked((short)ReadInt32());

    public ushort ReadUInt16() => unchecked((ushort)ReadInt32());

    /// <summary>A UUID: 16 bytes without a count.</summary>
    public Guid ReadUuid() => new(Take(16), bigEndian: true);

    /// <summary>A variable array's element count.</summary>
    /// <param name="limit">The bound that the .x file gives.</param>
    /// <param name="elementBytes">The fewest bytes that one element takes on the wire.</param>
    public int ReadCount(int limit, int elementBytes)
    {
        uint count = ReadUInt32();
        if (count > (uint)limit)
            XdrException.ThrowOverLimit(count, limit);
        if (count * (long)elementBytes > Remaining)
            XdrException.ThrowTruncated(_position, (int)Math.Min(int.MaxValue, count * (long)elementBytes));
        return (int)count;
    }

    /// <summary>A string of at most <paramref name="limit"/> bytes.</summary>
    public string ReadString(int limit)
    {
        int start = _position;
        ReadOnlySpan<byte> bytes = TakePadded(ReadCount(limit, 1));
        int nul = bytes.IndexOf((byte)0);
        if (nul >= 0)
            bytes = bytes[..nul];
        if (bytes.IsEmpty)
            return "";
        if (_strings?.Find(bytes) is { } known)
            return known;
        try
        {
            string text = s_strictUtf8.GetString(bytes);
            _strings?.Add(bytes, text);
            return text;
        }
        catch (DecoderFallbackException)
        {
            XdrException.ThrowText(start);
            return "";
        }
    }

    /// <summary>Variable opaque data of at most <paramref name="limit"/> bytes.</summary>
    public byte[] ReadOpaque(int limit) => TakePadded(ReadCount(limit, 1)).ToArray();

    /// <summary>Opaque data of exactly <paramref name="length"/> bytes.</summary>
    public byte[] ReadFixedOpaque(int length) => TakePadded(length).ToArray();

    /// <summary>An array of <c>char</c>, each in four bytes, as the bytes that it means.</summary>
    public byte[] ReadChars(int count)
    {
        ReadOnlySpan<byte> words = Take(checked(count * 4));
        byte[] chars = new byte[count];
        for (int i = 0; i < count; i++)
            chars[i] = words[(i * 4) + 3];
        return chars;
    }

    /// <summary>A variable array of protocol types.</summary>
    public T[] ReadArray<T>(int limit, int elementBytes)
        where T : IXdrValue<T>
    {
        int count = ReadCount(limit, elementBytes);
        if (count == 0)
            return [];
        T[] values = new T[count];
        for (int i = 0; i < values.Length; i++)
            values[i] = T.Decode(ref this);
        return values;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > Remaining)
            XdrException.ThrowTruncated(_position, length);
        ReadOnlySpan<byte> taken = _data.Slice(_position, length);
        _position += length;
        return taken;
    }

    private ReadOnlySpan<byte> TakePadded(int length) => Take((length + 3) & ~3)[..length];
}
