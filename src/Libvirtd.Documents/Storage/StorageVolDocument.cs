using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A storage volume's description. Immutable; the <c>With</c> methods make changed copies.</summary>
public sealed class StorageVolDocument : Document
{
    private StorageVolDocument(Node root)
        : base(root)
    {
    }

    public string Name => Root.ChildText("name")!;

    /// <summary>What identifies the volume on this host; null until the driver sets it.</summary>
    public string? Key => Root.ChildText("key");

    /// <summary>The volume's path; null until the driver sets it.</summary>
    public string? Path => Root.Find("target", "path")?.Text;

    /// <summary>"file", "block", "dir" ...</summary>
    public string Type => Root["type"]!;

    /// <summary>The format, such as qcow2; null in pools whose volumes have none.</summary>
    public string? ImageFormat => Root.Find("target", "format")?["type"];

    /// <summary>Bytes.</summary>
    public ulong Capacity => DomainRules.Number(Root.ChildText("capacity"));

    /// <summary>Bytes.</summary>
    public ulong Allocation => DomainRules.Number(Root.ChildText("allocation"));

    public string? BackingPath => Root.Find("backingStore", "path")?.Text;

    /// <summary>Reads a volume of a pool: the pool's type decides about formats.</summary>
    public static StorageVolDocument Parse(string xml, StoragePoolDocument pool, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        return Parse(options.Read(xml, "(storage_volume_definition)", ErrorDomain.Storage, "volume", "storagevol.rng"), pool, options);
    }

    internal static StorageVolDocument Parse(Node raw, StoragePoolDocument pool, DocumentOptions options) =>
        new(DocumentNormaliser.ApplyRoot(StorageVolSchema.Root(pool.Type), raw, options.ToContext(ErrorDomain.Storage)));

    public StorageVolDocument With(Action<Node> change) => new(Edited(change));

    public StorageVolDocument WithName(string name) => With(root => root.SetChildText("name", name));

    public StorageVolDocument WithKey(string key) => With(root => root.SetChildText("key", key));

    public StorageVolDocument WithPath(string path) => With(root => root.Child("target")!.SetChildText("path", path));

    /// <summary>Sets the name and the format of the image below; a name of null for none.</summary>
    public StorageVolDocument WithBacking(string? path, string? format) => With(root =>
    {
        root.RemoveAll("backingStore");
        if (path is null)
            return;
        Node backing = root.Add("backingStore");
        backing.SetChildText("path", path);
        if (format is not null)
            backing.Add("format")["type"] = format;
    });

    /// <summary>Sets the sizes, in bytes.</summary>
    public StorageVolDocument WithSizes(ulong capacity, ulong allocation) => With(root =>
    {
        root.Child("capacity")!.Text = Values.ToText(capacity);
        root.Child("allocation")!.Text = Values.ToText(allocation);
    });
}
