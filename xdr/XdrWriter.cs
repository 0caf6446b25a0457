using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Libvirtd.Xdr;

/// <summary>
/// Encodes XDR (RFC 4506) into one pooled buffer that grows as needed, up to a limit. It is reused from message to message; what it wrote is
/// valid until the next write, <see cref="Truncate"/> or <see cref="Dispose"/>.
/// </summary>
public sealed class XdrWriter : IDisposable
{
    private static readonly UTF8Encoding s_strictUtf8 = new(false, true);

    private const int LeastBuffer = 1024;

    private readonly int _limit;
    private byte[] _buffer;
    private int _capacity;
    private int _length;

    /// <param name="capacity">Bytes to start with.</param>
    /// <param name="limit">Bytes that may be written at most.</param>
    public XdrWriter(int capacity = 1024, int limit = int.MaxValue)
    {
        _limit = limit;
        _buffer = ArrayPool<byte>.Shared.Rent(Math.Min(capacity, limit));
        _capacity = Math.Min(_buffer.Length, limit);
    }

    /// <summary>Bytes written.</summary>
    public int Length => _length;

    public ReadOnlySpan<byte> WrittenSpan => _buffer.AsSpan(0, _length);

    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, _length);

    /// <summary>Forgets all after the first <paramref name="length"/> bytes.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)_length, nameof(length));
        _length = length;
    }

    /// <summary>Overwrites four bytes that were written before: a length that is known only now.</summary>
    public void Patch(int position, uint value) => BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(0, _length)[position..], value);

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Reserve(4), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(4), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Reserve(8), value);

    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(8), value);

    public void WriteDouble(double value) => BinaryPrimitives.WriteDoubleBigEndian(Reserve(8), value);

    public void WriteSingle(float value) => BinaryPrimitives.WriteSingleBigEndian(Reserve(4), value);

    public void WriteBool(bool value) => WriteInt32(value ? 1 : 0);

    /// <summary>A UUID: 16 bytes without a count.</summary>
    public void WriteUuid(Guid value) => value.TryWriteBytes(Reserve(16), bigEndian: true, out _);

    /// <summary>A variable array's element count.</summary>
    public void WriteCount(int count, int limit)
    {
        if (count > limit)
            XdrException.ThrowOverLimit(count, limit);
        WriteInt32(count);
    }

    /// <summary>A string of at most <paramref name="limit"/> bytes; null is written as the empty one.</summary>
    public void WriteString(string? value, int limit)
    {
        if (string.IsNullOrEmpty(value))
        {
            WriteInt32(0);
            return;
        }
        int start = _length;
        Span<byte> target;
        int written;
        try
        {
            // A short text is not measured when its longest encoding fits.
            int room = value.Length * 3L <= Math.Min(192, _capacity - start - 7) ? value.Length * 3 : s_strictUtf8.GetByteCount(value);
            target = Reserve(4 + ((room + 3) & ~3));
            written = s_strictUtf8.GetBytes(value, target[4..]);
        }
        catch (EncoderFallbackException)
        {
            _length = start;
            XdrException.ThrowText(start);
            return;
        }
        if (written > limit)
        {
            _length = start;
            XdrException.ThrowOverLimit(written, limit);
        }
        BinaryPrimitives.WriteInt32BigEndian(target, written);
        int padded = (written + 3) & ~3;
        target[(4 + written)..(4 + padded)].Clear();
        _length = start + 4 + padded;
    }

    /// <summary>Variable opaque data of at most <paramref name="limit"/> bytes.</summary>
    public void WriteOpaque(ReadOnlySpan<byte> value, int limit)
    {
        WriteCount(value.Length, limit);
        WritePadded(value);
    }

    /// <summary>Opaque data of exactly <paramref name="length"/> bytes.</summary>
    public void WriteFixedOpaque(ReadOnlySpan<byte> value, int length)
    {
        CheckFixed(value.Length, length);
        WritePadded(value);
    }

    /// <summary>An array of <c>char</c>: each in four bytes, its sign extended.</summary>
    public void WriteChars(ReadOnlySpan<byte> value)
    {
        foreach (byte b in value)
            WriteInt32(unchecked((sbyte)b));
    }

    /// <summary>A variable array of protocol types; null is written as the empty one.</summary>
    public void WriteArray<T>(T[]? values, int limit)
        where T : IXdrValue<T>
    {
        WriteCount(values?.Length ?? 0, limit);
        foreach (T value in values.AsSpan())
            value.Encode(this);
    }

    /// <summary>Bytes as they are, without count or padding.</summary>
    public void WriteRaw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>Refuses a fixed-size array of another size.</summary>
    public static void CheckFixed(int length, int expected)
    {
        if (length != expected)
            XdrException.ThrowFixedLength(length, expected);
    }

    /// <summary>Gives the buffer back; the writer may be used again and takes a new one.</summary>
    public void Dispose()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        _capacity = 0;
        _length = 0;
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
    }

    private void WritePadded(ReadOnlySpan<byte> value)
    {
        Span<byte> target = Reserve((value.Length + 3) & ~3);
        value.CopyTo(target);
        target[value.Length..].Clear();
    }

    private Span<byte> Reserve(int length)
    {
        int start = _length;
        if (length > _capacity - start)
            Grow(length);
        _length = start + length;
        return _buffer.AsSpan(start, length);
    }

    private void Grow(int length)
    {
        long wanted = (long)_length + length;
        if (wanted > _limit)
            XdrException.ThrowOverLimit(wanted, _limit);
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(wanted, Math.Max(LeastBuffer, _buffer.Length * 2L)), Array.MaxLength));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
        // The pool may give more than was asked for; the limit holds all the same.
        _capacity = Math.Min(larger.Length, _limit);
    }
}
