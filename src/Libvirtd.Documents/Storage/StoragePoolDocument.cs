using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A storage pool's configuration. Immutable; the <c>With</c> methods make changed copies.</summary>
public sealed class StoragePoolDocument : Document
{
    private StoragePoolDocument(Node root)
        : base(root)
    {
    }

    public string Name => Root.ChildText("name")!;

    public Guid Uuid => Guid.Parse(Root.ChildText("uuid")!);

    /// <summary>"dir", "fs", "logical" ...</summary>
    public string Type => Root["type"]!;

    /// <summary>Where the volumes are; null for a pool that is not a folder.</summary>
    public string? TargetPath => Root.Find("target", "path")?.Text;

    /// <summary>Bytes.</summary>
    public ulong Capacity => DomainRules.Number(Root.ChildText("capacity"));

    /// <summary>Bytes.</summary>
    public ulong Allocation => DomainRules.Number(Root.ChildText("allocation"));

    /// <summary>Bytes.</summary>
    public ulong Available => DomainRules.Number(Root.ChildText("available"));

    public static StoragePoolDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        return Parse(options.Read(xml, "(storage_pool_definition)", ErrorDomain.Storage, "pool", "storagepool.rng"), options);
    }

    internal static StoragePoolDocument Parse(Node raw, DocumentOptions options)
    {
        string? type = raw["type"];
        if (type is null)
            Fault.ThrowMissingAttribute("pool", "type");
        if (!Array.Exists(StoragePoolType.All, known => known.Name == type))
            throw Fault.BadAttribute("pool", "type", type, "");
        return new(DocumentNormaliser.ApplyRoot(StoragePoolSchema.Root(type), raw, options.ToContext(ErrorDomain.Storage)));
    }

    public StoragePoolDocument With(Action<Node> change) => new(Edited(change));

    /// <summary>Sets the sizes, in bytes; they are the driver's and never read from a text.</summary>
    public StoragePoolDocument WithSizes(ulong capacity, ulong allocation, ulong available) => With(root =>
    {
        root.Child("capacity")!.Text = Values.ToText(capacity);
        root.Child("allocation")!.Text = Values.ToText(allocation);
        root.Child("available")!.Text = Values.ToText(available);
    });
}
