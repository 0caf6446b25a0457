using System.Globalization;
using Libvirtd.Xdr;

namespace Libvirtd.Protocol;

/// <summary>A typed parameter: a name with a value of one of seven types. On the wire <c>remote_typed_param</c>.</summary>
public readonly struct TypedParam : IXdrValue<TypedParam>, IEquatable<TypedParam>
{
    private const int LongestString = 4194304;

    private readonly long _bits;
    private readonly string? _text;

    private TypedParam(string field, TypedParameterType type, long bits, string? text)
    {
        Field = field;
        Type = type;
        _bits = bits;
        _text = text;
    }

    public TypedParam(string field, int value)
        : this(field, TypedParameterType.Int, value, null)
    {
    }

    public TypedParam(string field, uint value)
        : this(field, TypedParameterType.Uint, value, null)
    {
    }

    public TypedParam(string field, long value)
        : this(field, TypedParameterType.Llong, value, null)
    {
    }

    public TypedParam(string field, ulong value)
        : this(field, TypedParameterType.Ullong, unchecked((long)value), null)
    {
    }

    public TypedParam(string field, double value)
        : this(field, TypedParameterType.Double, BitConverter.DoubleToInt64Bits(value), null)
    {
    }

    public TypedParam(string field, bool value)
        : this(field, TypedParameterType.Boolean, value ? 1 : 0, null)
    {
    }

    public TypedParam(string field, string value)
        : this(field, TypedParameterType.String, 0, value)
    {
    }

    /// <summary>The name, at most 79 bytes.</summary>
    public string Field { get; }

    /// <summary>The value's type.</summary>
    public TypedParameterType Type { get; }

    public int Int => unchecked((int)_bits);

    public uint UInt => unchecked((uint)_bits);

    public long Long => _bits;

    public ulong ULong => unchecked((ulong)_bits);

    public double Double => BitConverter.Int64BitsToDouble(_bits);

    public bool Boolean => _bits != 0;

    /// <summary>The text of a parameter of type string; empty for the others.</summary>
    public string Text => _text ?? "";

    public static bool operator ==(TypedParam left, TypedParam right) => left.Equals(right);

    public static bool operator !=(TypedParam left, TypedParam right) => !left.Equals(right);

    /// <inheritdoc/>
    public static TypedParam Decode(ref XdrReader reader)
    {
        string field = reader.ReadString(LongestString);
        TypedParameterType type = (TypedParameterType)reader.ReadInt32();
        switch (type)
        {
            case TypedParameterType.Int:
            case TypedParameterType.Boolean:
                return new(field, type, reader.ReadInt32(), null);
            case TypedParameterType.Uint:
                return new(field, type, reader.ReadUInt32(), null);
            case TypedParameterType.Llong:
            case TypedParameterType.Ullong:
            case TypedParameterType.Double:
                return new(field, type, reader.ReadInt64(), null);
            case TypedParameterType.String:
                return new(field, type, 0, reader.ReadString(LongestString));
            default:
                XdrException.ThrowDiscriminant("remote_typed_param_value", (int)type);
                return default;
        }
    }

    /// <inheritdoc/>
    public void Encode(XdrWriter writer)
    {
        writer.WriteString(Field, LongestString);
        writer.WriteInt32((int)Type);
        switch (Type)
        {
            case TypedParameterType.Int:
            case TypedParameterType.Uint:
            case TypedParameterType.Boolean:
                writer.WriteUInt32(unchecked((uint)_bits));
                break;
            case TypedParameterType.Llong:
            case TypedParameterType.Ullong:
            case TypedParameterType.Double:
                writer.WriteInt64(_bits);
                break;
            case TypedParameterType.String:
                writer.WriteString(_text, LongestString);
                break;
            default:
                XdrException.ThrowDiscriminant("remote_typed_param_value", (int)Type);
                break;
        }
    }

    /// <inheritdoc/>
    public bool Equals(TypedParam other) => Field == other.Field && Type == other.Type && _bits == other._bits && _text == other._text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is TypedParam other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Field, Type, _bits, _text);

    /// <inheritdoc/>
    public override string ToString() => Type switch
    {
        TypedParameterType.String => $"{Field}={_text}",
        TypedParameterType.Ullong => string.Create(CultureInfo.InvariantCulture, $"{Field}={ULong}"),
        TypedParameterType.Double => string.Create(CultureInfo.InvariantCulture, $"{Field}={Double}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Field}={Long}"),
    };
}
