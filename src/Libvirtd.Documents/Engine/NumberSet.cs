using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Libvirtd.Documents;

/// <summary>A set of small numbers, such as a CPU mask: <c>0-3,^2,7</c>.</summary>
public sealed class NumberSet
{
    /// <summary>One more than the largest member: libvirt's bound for CPU and node masks.</summary>
    public const int Limit = 16384;

    private readonly System.Collections.BitArray _bits = new(Limit);

    public bool IsEmpty => !_bits.HasAnySet();

    public bool Contains(int number) => number is >= 0 and < Limit && _bits[number];

    /// <summary>The largest member, -1 where there is none.</summary>
    public int Last
    {
        get
        {
            for (int i = Limit - 1; i >= 0; i--)
            {
                if (_bits[i])
                    return i;
            }

            return -1;
        }
    }

    /// <summary>The smallest member that is not below a number, -1 where there is none.</summary>
    public int Next(int from)
    {
        for (int i = Math.Max(from, 0); i < Limit; i++)
        {
            if (_bits[i])
                return i;
        }

        return -1;
    }

    /// <summary>Takes away all members from a number on.</summary>
    public void Truncate(int from)
    {
        for (int i = Math.Max(from, 0); i < Limit; i++)
            _bits[i] = false;
    }

    public bool IsSubsetOf(NumberSet other)
    {
        for (int i = 0; i < Limit; i++)
        {
            if (_bits[i] && !other._bits[i])
                return false;
        }

        return true;
    }

    public bool Overlaps(NumberSet other)
    {
        for (int i = 0; i < Limit; i++)
        {
            if (_bits[i] && other._bits[i])
                return true;
        }

        return false;
    }

    /// <summary>Reads a list of numbers, ranges and exclusions; false where it is none.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NumberSet? set)
    {
        set = null;
        if (text.Length > 256 * 1024)
            return false;
        NumberSet result = new();
        foreach (Range range in text.AsSpan().Split(','))
        {
            ReadOnlySpan<char> piece = text.AsSpan()[range].Trim(" \t\n\v\f\r");
            bool exclude = piece is ['^', ..];
            if (exclude)
                piece = piece[1..];
            int dash = piece.IndexOf('-');
            ReadOnlySpan<char> low = dash < 0 ? piece : piece[..dash].TrimEnd();
            ReadOnlySpan<char> high = dash < 0 ? low : piece[(dash + 1)..].TrimStart();
            if ((exclude && dash >= 0) || !TryNumber(low, out int first) || !TryNumber(high, out int last) || last < first)
                return false;
            for (int i = first; i <= last; i++)
                result._bits[i] = !exclude;
        }

        set = result;
        return true;
    }

    /// <summary>Sorted ranges: <c>0-1,3,7</c>.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        for (int i = 0; i < Limit; i++)
        {
            if (!_bits[i])
                continue;
            int first = i;
            while (i + 1 < Limit && _bits[i + 1])
                i++;
            if (text.Length > 0)
                text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"{first}");
            if (i > first)
                text.Append(CultureInfo.InvariantCulture, $"-{i}");
        }

        return text.ToString();
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < Limit;
}
