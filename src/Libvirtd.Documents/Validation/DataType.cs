using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using System.Xml;

namespace Libvirtd.Documents;

/// <summary>Values that a schema allows for an attribute or a text.</summary>
internal abstract class DataType
{
    public abstract bool Accepts(string value);

    /// <summary>The type of that name, or null: integers by their width, and what XML Schema calls so.</summary>
    public static DataType? Named(string name) => name switch
    {
        "uint16" => new WholeNumber(0, ushort.MaxValue, signed: false),
        "uint32" => new WholeNumber(0, uint.MaxValue, signed: false),
        "uint64" => new WholeNumber(0, ulong.MaxValue, signed: false),
        "int64" => new WholeNumber(long.MinValue, long.MaxValue, signed: true),
        "integer" => new WholeNumber(null, null, signed: true),
        "ncname" => new Checked(static value => value.Length > 0 && XmlReader.IsName(value) && !value.Contains(':', StringComparison.Ordinal)),
        "uri" => new Checked(static value => Uri.TryCreate(value, UriKind.RelativeOrAbsolute, out _)),
        "time" => new Checked(IsDateTime),
        "ipv4" => new Checked(IsIPv4),
        "ipv6" => new Checked(IsIPv6),
        _ => null,
    };

    private static bool IsDateTime(string value) =>
        value.Contains('T', StringComparison.Ordinal) && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);

    /// <summary>Four numbers without needless zeros.</summary>
    private static bool IsIPv4(string value) =>
        IPAddress.TryParse(value, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetwork && address.ToString() == value;

    /// <summary>Without a zone and without brackets.</summary>
    private static bool IsIPv6(string value) =>
        !value.Contains('%', StringComparison.Ordinal) && !value.Contains('[', StringComparison.Ordinal)
        && IPAddress.TryParse(value, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    private sealed class Checked(Func<string, bool> accepts) : DataType
    {
        public override bool Accepts(string value) => accepts(value.Trim());
    }
}

/// <summary>A whole number; white space around it does not count.</summary>
internal sealed class WholeNumber(Int128? min, Int128? max, bool signed) : DataType
{
    public override bool Accepts(string value) =>
        Int128.TryParse(value.AsSpan().Trim(" \t\r\n"), signed ? NumberStyles.AllowLeadingSign : NumberStyles.None, CultureInfo.InvariantCulture, out Int128 number)
        && !(number < min) && !(number > max);

    public override string ToString() => (min, max) switch
    {
        (null, null) => "a whole number",
        (_, null) => $"a number from {min}",
        (null, _) => $"a number up to {max}",
        _ => $"a number from {min} to {max}",
    };
}

/// <summary>One of some words; white space around it does not count.</summary>
internal sealed class WordList(string words) : DataType
{
    private readonly string[] _words = words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    public override bool Accepts(string value) => Array.IndexOf(_words, value) >= 0 || Array.IndexOf(_words, value.Trim()) >= 0;

    public override string ToString() => string.Join(", ", _words.Select(static word => $"'{word}'"));
}

/// <summary>Texts of a form. The expression is only built when it is needed, and takes time in proportion to the text, whatever it is.</summary>
internal sealed class TextForm(string expression) : DataType
{
    private readonly Lazy<Regex> _regex = new(() => new Regex($@"\A(?:{expression})\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking));

    public override bool Accepts(string value) => _regex.Value.IsMatch(value);

    public override string ToString() => $"of the form {expression}";
}
