using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Libvirtd.Documents;

/// <summary>How libvirt reads and prints the small things: numbers, uuids, addresses, sizes.</summary>
public static class DocumentText
{
    /// <summary>
    /// Reads a number as C's strtol does and takes it only whole: leading white space and a sign are fine, anything after it is not.
    /// Base 0 goes by the prefix: 0x is 16, 0 is 8.
    /// </summary>
    public static bool TryParseNumber(string text, int numberBase, out Int128 number)
    {
        number = 0;
        ReadOnlySpan<char> rest = text.AsSpan().TrimStart(" \t\n\v\f\r");
        bool negative = rest is ['-', ..];
        if (rest is ['-' or '+', ..])
            rest = rest[1..];
        bool prefixed = rest.Length > 2 && rest[0] == '0' && rest[1] is 'x' or 'X' && char.IsAsciiHexDigit(rest.Length > 2 ? rest[2] : ' ');
        if (numberBase == 0)
            numberBase = prefixed ? 16 : rest is ['0', ..] ? 8 : 10;
        if (numberBase == 16 && prefixed)
            rest = rest[2..];
        if (rest.IsEmpty || rest.Length > 64)
            return false;
        foreach (char c in rest)
        {
            int digit = char.IsAsciiHexDigit(c) ? System.Convert.ToInt32(c.ToString(), 16) : 99;
            if (digit >= numberBase)
                return false;
            number = number * numberBase + digit;
            if (number > ulong.MaxValue)
                return false;
        }

        if (negative)
            number = -number;
        return true;
    }

    /// <summary>A uuid in lower case with dashes. Dashes and spaces may stand anywhere in the text, and white space before it; null for anything else.</summary>
    public static string? NormaliseUuid(string text)
    {
        if (text.Length == 36 && Guid.TryParseExact(text, "D", out Guid plain))
            return plain.ToString("D");
        Span<char> digits = stackalloc char[32];
        int count = 0;
        foreach (char c in text.AsSpan().Trim(" \t\n\v\f\r"))
        {
            if (c == '-')
                continue;
            if (!char.IsAsciiHexDigit(c) || count == 32)
                return null;
            digits[count++] = c;
        }

        return count == 32 && Guid.TryParseExact(digits, "N", out Guid uuid) ? uuid.ToString("D") : null;
    }

    /// <summary>A MAC address as xx:xx:xx:xx:xx:xx; one digit in a part will do. Null for anything else.</summary>
    public static string? NormaliseMac(string text)
    {
        Span<char> normal = stackalloc char[17];
        int part = 0;
        foreach (Range range in text.AsSpan().Split(':'))
        {
            ReadOnlySpan<char> piece = text.AsSpan()[range];
            if (part == 6 || piece.Length is 0 or > 2 || !byte.TryParse(piece, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
                return null;
            if (part > 0)
                normal[part * 3 - 1] = ':';
            value.TryFormat(normal[(part * 3)..], out _, "x2", CultureInfo.InvariantCulture);
            part++;
        }

        return part == 6 ? normal.ToString() : null;
    }

    /// <summary>A numeric IPv4 or IPv6 address as the C library prints it; null for anything else.</summary>
    public static string? NormaliseIp(string text)
    {
        if (!IPAddress.TryParse(text, out IPAddress? address) || text.Contains('[', StringComparison.Ordinal) || text.Contains('%', StringComparison.Ordinal))
            return null;
        // "10" and "0x7f.1" are addresses for .NET; getaddrinfo takes them too, and both print them in full.
        return address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 ? address.ToString() : null;
    }

    /// <summary>All of it is printable ASCII, as C's isprint says.</summary>
    public static bool IsPrintable(string text) => text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0;

    public static bool IsIpv6(string address) => address.Contains(':', StringComparison.Ordinal);

    /// <summary>The factor of a size unit; null for an unknown one. "KB" is 1000, "KiB" and "K" are 1024; case does not matter.</summary>
    public static UInt128? SizeFactor(string unit)
    {
        if (unit.Length == 0 || unit.Equals("b", StringComparison.OrdinalIgnoreCase) || unit.Equals("byte", StringComparison.OrdinalIgnoreCase)
            || unit.Equals("bytes", StringComparison.OrdinalIgnoreCase))
            return 1;
        UInt128 step = unit.Length == 1 || (unit.Length == 3 && unit.EndsWith("ib", StringComparison.OrdinalIgnoreCase)) ? 1024u
            : unit.Length == 2 && char.ToLowerInvariant(unit[1]) == 'b' ? 1000u : 0u;
        int power = "kmgtpe".IndexOf(char.ToLowerInvariant(unit[0]), StringComparison.Ordinal) + 1;
        if (step == 0 || power == 0)
            return null;
        UInt128 factor = 1;
        for (int i = 0; i < power; i++)
            factor *= step;
        return factor;
    }
}
