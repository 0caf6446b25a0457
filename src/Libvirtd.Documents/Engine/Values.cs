using System.Globalization;
using System.Numerics;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>The value types that libvirt's documents are made of.</summary>
public static class Values
{
    /// <summary>Any text.</summary>
    public static ValueSchema Any { get; } = new AnyValue();

    /// <summary>"yes" or "no".</summary>
    public static ValueSchema YesNo { get; } = OneOf("yes", "no");

    /// <summary>"on" or "off".</summary>
    public static ValueSchema OnOff { get; } = OneOf("on", "off");

    /// <summary>"yes", or "no" which is not printed.</summary>
    public static ValueSchema YesOnly { get; } = OneOfOr("no", "yes");

    /// <summary>An unsigned number of 32 bits.</summary>
    public static ValueSchema UInt { get; } = new NumberValue { Max = uint.MaxValue };

    /// <summary>An unsigned number of 32 bits, whose zero is not printed.</summary>
    public static ValueSchema UIntOrZero { get; } = new NumberValue { Max = uint.MaxValue, OmitZero = true };

    /// <summary>An unsigned number of 32 bits, zero forbidden.</summary>
    public static ValueSchema Positive { get; } = new NumberValue { Max = uint.MaxValue, NonZero = true };

    /// <summary>An unsigned number of 64 bits.</summary>
    public static ValueSchema ULong { get; } = new NumberValue { Max = ulong.MaxValue };

    /// <summary>An unsigned number of 64 bits, whose zero is not printed.</summary>
    public static ValueSchema ULongOrZero { get; } = new NumberValue { Max = ulong.MaxValue, OmitZero = true };

    /// <summary>An unsigned number of 32 bits as C's strtoul takes it: a negative one wraps around. Zero is not printed.</summary>
    public static ValueSchema WrappingUInt { get; } = new NumberValue { Max = uint.MaxValue, OmitZero = true, Wraps = true };

    /// <summary>The same of 64 bits.</summary>
    public static ValueSchema WrappingULong { get; } = new NumberValue { Max = ulong.MaxValue, OmitZero = true, Wraps = true };

    /// <summary>A signed number of 32 bits.</summary>
    public static ValueSchema Int { get; } = new NumberValue { Min = int.MinValue, Max = int.MaxValue, Signed = true };

    /// <summary>A signed number of 32 bits that is not below zero.</summary>
    public static ValueSchema Natural { get; } = new NumberValue { Min = 0, Max = int.MaxValue, Signed = true };

    /// <summary>A signed number of 64 bits.</summary>
    public static ValueSchema Long { get; } = new NumberValue { Min = long.MinValue, Max = long.MaxValue, Signed = true };

    /// <summary>A uuid, printed in lower case with dashes.</summary>
    public static ValueSchema Uuid { get; } = new UuidValue();

    /// <summary>A MAC address, printed in lower case.</summary>
    public static ValueSchema Mac { get; } = new MacValue();

    /// <summary>A set of numbers such as <c>0-3,^2,7</c>, printed as sorted ranges.</summary>
    public static ValueSchema Bitmap { get; } = new BitmapValue();

    /// <summary>An IPv4 or IPv6 address.</summary>
    public static ValueSchema Ip { get; } = new IpValue();

    /// <summary>One of some words.</summary>
    public static ValueSchema OneOf(params string[] names) => new EnumValue(names, null);

    /// <summary>One of some words, or <paramref name="silent"/>, which is taken and not printed.</summary>
    public static ValueSchema OneOfOr(string silent, params string[] names) => new EnumValue(names, silent);

    /// <summary>A number of base 0 (C's rules: 0x, 0 for octal), printed as 0x and at least <paramref name="digits"/> digits.</summary>
    public static ValueSchema Hex(int digits, ulong max = uint.MaxValue, bool omitZero = false, bool nonZero = false, bool upper = false, int @base = 0, bool signed = false) =>
        new NumberValue { Max = max, Base = @base, Signed = signed, HexDigits = digits, OmitZero = omitZero, NonZero = nonZero, Upper = upper };

    public static ValueSchema Number(BigInteger min, BigInteger max, bool omitZero = false, bool nonZero = false, bool signed = false, int @base = 10) =>
        new NumberValue { Min = min < 0 ? (Int128)min : 0, Floor = (Int128)min, Max = (Int128)max, OmitZero = omitZero, NonZero = nonZero, Signed = signed, Base = @base };

    /// <summary>A type whose empty value counts as an absent one.</summary>
    public static ValueSchema OrEmpty(ValueSchema type) => new OrEmptyValue(type);

    /// <summary>A type whose bad values are taken and not printed.</summary>
    public static ValueSchema Lenient(ValueSchema type) => new LenientValue(type);

    /// <summary>A value that must also hold up to a test.</summary>
    public static ValueSchema Where(ValueSchema type, Func<string, bool> test) => new TestedValue(type, test);

    internal static string ToText(ulong number) => number.ToString(CultureInfo.InvariantCulture);

    internal static string ToText(long number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed class AnyValue : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = value;
            return ValueResult.Ok;
        }
    }

    private sealed class EnumValue(string[] names, string? silent) : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            foreach (string name in names)
            {
                if (name == value)
                {
                    normal = name;
                    return ValueResult.Ok;
                }
            }

            normal = null;
            return value == silent ? ValueResult.Ok : ValueResult.Bad;
        }
    }

    private sealed class TestedValue(ValueSchema type, Func<string, bool> test) : ValueSchema
    {
        public override string Expectation => type.Expectation;

        public override ValueResult Normalise(string value, out string? normal)
        {
            ValueResult result = type.Normalise(value, out normal);
            return result == ValueResult.Ok && normal is not null && !test(normal) ? ValueResult.Bad : result;
        }
    }

    private sealed class OrEmptyValue(ValueSchema type) : ValueSchema
    {
        public override bool EmptyIsAbsent => true;

        public override string Expectation => type.Expectation;

        public override FaultText? Bad => type.Bad;

        public override ValueResult Normalise(string value, out string? normal) => type.Normalise(value, out normal);
    }

    private sealed class LenientValue(ValueSchema type) : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            if (type.Normalise(value, out normal) != ValueResult.Ok)
                normal = null;
            return ValueResult.Ok;
        }
    }

    private sealed class UuidValue : ValueSchema
    {
        public override string Expectation => " Expected UUID";

        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = DocumentText.NormaliseUuid(value);
            return normal is null ? ValueResult.Bad : ValueResult.Ok;
        }
    }

    private sealed class MacValue : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = DocumentText.NormaliseMac(value);
            return normal is null ? ValueResult.Bad : ValueResult.Ok;
        }
    }

    private sealed class BitmapValue : ValueSchema
    {
        public override FaultText? Bad { get; } = new(ErrorCode.InvalidArg, "Failed to parse bitmap '{0}'", ErrorDomain.None);

        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = NumberSet.TryParse(value, out NumberSet? set) ? set.ToString() : null;
            return normal is null ? ValueResult.Bad : ValueResult.Ok;
        }
    }

    private sealed class IpValue : ValueSchema
    {
        /// <summary>The name service's answer, since upstream asks it.</summary>
        public override FaultText? Bad { get; } =
            new(ErrorCode.SystemError, "Cannot parse socket address '{0}': Name or service not known", ErrorDomain.None);

        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = DocumentText.NormaliseIp(value);
            return normal is null ? ValueResult.Bad : ValueResult.Ok;
        }
    }

    private sealed class NumberValue : ValueSchema
    {
        /// <summary>The least value that the C type of the field can hold.</summary>
        public Int128 Min { get; init; }

        /// <summary>The least value that is allowed, where that is more.</summary>
        public Int128? Floor { get; init; }

        public Int128 Max { get; init; }

        public int Base { get; init; } = 10;

        public bool Signed { get; init; }

        public bool OmitZero { get; init; }

        public bool NonZero { get; init; }

        public int HexDigits { get; init; }

        public bool Upper { get; init; }

        public bool Wraps { get; init; }

        public override string Expectation => Signed ? " Expected integer value" : " Expected non-negative integer value";

        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = null;
            if (!DocumentText.TryParseNumber(value, Base, out Int128 number) || number > Max)
                return ValueResult.Bad;
            if (Wraps && number < 0)
                number += Max + 1;
            if (number < Min || number < (Floor ?? Min))
                return Signed && number < 0 ? ValueResult.Negative : ValueResult.Bad;
            if (number == 0 && NonZero)
                return ValueResult.Zero;
            if (number == 0 && OmitZero)
                return ValueResult.Ok;
            normal = HexDigits > 0
                ? "0x" + ((ulong)number).ToString((Upper ? "X" : "x") + HexDigits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
                : value.Length == 1 ? value : number.ToString(CultureInfo.InvariantCulture);
            return ValueResult.Ok;
        }
    }
}
