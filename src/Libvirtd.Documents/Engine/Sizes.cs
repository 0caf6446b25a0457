using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Elements that hold a size with a unit, such as <c>&lt;memory unit='GiB'&gt;4&lt;/memory&gt;</c>.</summary>
internal static class Sizes
{
    /// <summary>More KiB than this is "size value too large".</summary>
    private const ulong MaxKiB = ulong.MaxValue / 1024;

    /// <summary>A size kept in KiB, rounded up.</summary>
    /// <param name="name">The element.</param>
    /// <param name="path">What errors call it; libvirt prints the XPath expression that it was looked up by.</param>
    /// <param name="dropZero">A size of zero counts as none.</param>
    public static ElementSchema KiB(string name, string? path = null, bool dropZero = false) =>
        Element(name, path ?? $"./{name}", 1024, 1024, "KiB", dropZero);

    /// <summary>A size kept in bytes, which a zero drops.</summary>
    public static ElementSchema Bytes(string name, string? path = null) => Element(name, path ?? $"./{name}", 1, 1, "bytes", true);

    /// <summary>The number of bytes, up to <paramref name="most"/>, that a text and a unit mean; null where there is no text.</summary>
    public static ulong? Parse(string? text, string? unit, ulong scale, string path, ulong most = ulong.MaxValue)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (!DocumentText.TryParseNumber(text, 10, out Int128 number) || number < 0 || text.TrimStart() is ['-', ..])
            throw Fault.Xml(ErrorDomain.Xml, $"Invalid value '{text}' for element or attribute '{path}'");
        UInt128 factor = scale;
        if (!string.IsNullOrEmpty(unit))
            factor = DocumentText.SizeFactor(unit) ?? throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, $"unknown suffix '{unit}'");
        if (number != 0 && factor > most / (UInt128)number)
            throw VirException.Of(ErrorCode.Overflow, ErrorDomain.None, $"value too large: {number}{unit}");
        return (ulong)((UInt128)number * factor);
    }

    /// <summary>The same in KiB, rounded up.</summary>
    public static ulong? ParseKiB(string? text, string? unit, string path)
    {
        if (Parse(text, unit, 1024, path) is not { } bytes)
            return null;
        ulong size = bytes / 1024 + (bytes % 1024 == 0 ? 0u : 1u);
        return size < MaxKiB ? size : throw VirException.Of(ErrorCode.Overflow, ErrorDomain.Domain, "size value too large");
    }

    /// <summary>A number of bytes in the largest unit that holds it whole.</summary>
    public static (ulong Size, string Unit) Pretty(ulong bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        int power = 0;
        while (bytes != 0 && bytes % 1024 == 0 && power < units.Length - 1)
        {
            bytes /= 1024;
            power++;
        }

        return (bytes, units[power]);
    }

    private static ElementSchema Element(string name, string path, ulong scale, ulong divisor, string unit, bool dropZero)
    {
        ElementSchema schema = ElementSchema.Element(name).Attr("unit").Text();
        return schema.By((raw, _, _) =>
        {
            ulong? size = divisor == 1 ? Parse(raw.Text, raw["unit"], scale, path) : ParseKiB(raw.Text, raw["unit"], path);
            if (size is null || (dropZero && size == 0))
                return null;
            Node node = new(name, schema) { Text = Values.ToText(size.Value) };
            node.Append("unit", unit);
            return node;
        });
    }
}
