using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A device of the host. Immutable; the <c>With</c> methods make changed copies.</summary>
public sealed class NodeDeviceDocument : Document
{
    private NodeDeviceDocument(Node root)
        : base(root)
    {
    }

    public string Name => Root.ChildText("name")!;

    public string? Parent => Root.ChildText("parent");

    /// <summary>All capabilities, those inside others too: "scsi_host", "fc_host" ...</summary>
    public IEnumerable<string> Capabilities
    {
        get
        {
            foreach (Node capability in Root.All("capability"))
            {
                yield return capability["type"]!;
                foreach (Node nested in capability.All("capability"))
                    yield return nested["type"]!;
            }
        }
    }

    public static NodeDeviceDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        return Parse(DocumentReader.Read(xml, "(node_device_definition)", options.ErrorDomain ?? ErrorDomain.Nodedev, "device"), options, create: false);
    }

    /// <summary>Reads the description of a device that is to be made: it has no name yet.</summary>
    public static NodeDeviceDocument ParseNew(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        return Parse(DocumentReader.Read(xml, "(node_device_definition)", options.ErrorDomain ?? ErrorDomain.Nodedev, "device"), options, create: true);
    }

    internal static NodeDeviceDocument Parse(Node raw, DocumentOptions options, bool create)
    {
        ErrorDomain domain = options.ErrorDomain ?? ErrorDomain.Nodedev;
        Node root = DocumentNormaliser.Apply(NodeDeviceSchema.Root, raw, null, options.ToContext(ErrorDomain.Nodedev))!;
        if (create)
            root.SetChildText("name", "new device");
        string name = root.ChildText("name") ?? throw VirException.Of(ErrorCode.NoName, domain);
        return root.Child("capability") is null
            ? throw Fault.Xml(domain, $"no device capabilities for '{name}'")
            : new NodeDeviceDocument(root);
    }

    public NodeDeviceDocument With(Action<Node> change) => new(Edited(change));

    public NodeDeviceDocument WithName(string name) => With(root => root.SetChildText("name", name));
}
