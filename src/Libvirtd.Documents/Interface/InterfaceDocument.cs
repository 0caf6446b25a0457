using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A host interface's configuration. Immutable.</summary>
public sealed class InterfaceDocument : Document
{
    private InterfaceDocument(Node root)
        : base(root)
    {
    }

    public string Name => Root["name"]!;

    /// <summary>"ethernet", "bridge", "bond" or "vlan".</summary>
    public string Type => Root["type"]!;

    /// <summary>The MAC address; empty where none is given, as libvirt's calls return it.</summary>
    public string Mac => Root.Child("mac")?["address"] ?? "";

    public static InterfaceDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        return Parse(options.Read(xml, "(interface_definition)", ErrorDomain.Interface, "interface", "interface.rng"), options);
    }

    internal static InterfaceDocument Parse(Node raw, DocumentOptions options) =>
        new(DocumentNormaliser.ApplyRoot(InterfaceSchema.Root, raw, options.ToContext(ErrorDomain.Interface)));

    public InterfaceDocument With(Action<Node> change) => new(Edited(change));
}
