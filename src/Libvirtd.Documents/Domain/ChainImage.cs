namespace Libvirtd.Documents;

/// <summary>One image of a disk's backing chain: where it is and how it is stored. Immutable; two that differ in their index alone are the same image.</summary>
public sealed record ChainImage
{
    /// <summary>An image as a document describes it.</summary>
    /// <param name="type">The kind of its source: "file", "block", "network" ...</param>
    /// <param name="source">The &lt;source&gt; element; null for a drive without a medium.</param>
    /// <param name="format">"qcow2", "raw" ...; null where none is given.</param>
    public ChainImage(string type, Node? source, string? format)
    {
        Type = DocumentType = type;
        Source = source;
        Format = format;
        Path = source is null ? null : source["file"] ?? source["dev"] ?? source["dir"] ?? source["name"] ?? source["volume"];
    }

    /// <summary>The kind of place where it is: "file", "block", "network" ...</summary>
    public string Type { get; private init; }

    /// <summary>The kind of its source in documents: that of its place, but for "volume", which names a pool's volume wherever that is.</summary>
    public string DocumentType { get; }

    /// <summary>Its &lt;source&gt; element; null for a drive without a medium.</summary>
    public Node? Source { get; }

    public string? Format { get; init; }

    /// <summary>The file, device or name.</summary>
    public string? Path { get; private init; }

    /// <summary>What <c>vda[3]</c> calls it while the domain runs; 0 where it has no number.</summary>
    public uint Index { get; init; }

    /// <summary>The name by which the image above it knows it, where that is relative to that image's folder; null otherwise.</summary>
    public string? RelativeName { get; init; }

    /// <summary>The image lies on this host, as a file or a device.</summary>
    public bool IsLocal => Type is "file" or "block" or "dir";

    /// <summary>An image in a file.</summary>
    public static ChainImage OfFile(string path, string? format) => OfPath("file", path, format);

    /// <summary>An image in a file or, with the type "block", on a device.</summary>
    public static ChainImage OfPath(string type, string path, string? format)
    {
        Node source = new("source");
        source.Append(type == "block" ? "dev" : "file", path);
        return new ChainImage(type, source.Freeze(), format);
    }

    /// <summary>The same image in documents, at a place that they do not tell.</summary>
    public ChainImage At(string type, string path) => this with { Type = type, Path = path };

    /// <summary>Whether both are at the same place.</summary>
    public bool IsAt(ChainImage other) => Type == other.Type && Path is not null && Path == other.Path;

    public bool Equals(ChainImage? other) => other is not null && IsAt(other) && Format == other.Format;

    public override int GetHashCode() => HashCode.Combine(Type, Path, Format);

    public override string ToString() => Path ?? Type;
}
