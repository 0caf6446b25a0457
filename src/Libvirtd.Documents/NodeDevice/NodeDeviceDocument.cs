using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A device of the host, as <c>virsh nodedev-create</c> takes it. Never changes.</summary>
public sealed class NodeDeviceDocument : Document
{
    /// <summary>All capability types, in the order of their numbers and of the flags that lists filter by.</summary>
    public static IReadOnlyList<string> CapabilityTypes => NodeDeviceSchema.CapabilityTypes;

    /// <summary>The flags of all capability types.</summary>
    public static uint CapabilityFlags => (1u << CapabilityTypes.Count) - 1;

    /// <summary>What a device is called that has no name yet.</summary>
    internal const string NewName = "new device";

    private NodeDeviceDocument(Node root, Node? parent)
        : base(root)
    {
        ParentWwnn = parent?["wwnn"];
        ParentWwpn = parent?["wwpn"];
        ParentFabricWwn = parent?["fabric_wwn"];
    }

    public string Name => Root.ChildText("name")!;

    public string? Parent => Root.ChildText("parent");

    /// <summary>The parent by its world wide node name, in a device that is to be created.</summary>
    public string? ParentWwnn { get; }

    /// <summary>The parent by its world wide port name.</summary>
    public string? ParentWwpn { get; }

    /// <summary>The parent by its fabric's name.</summary>
    public string? ParentFabricWwn { get; }

    /// <summary>The types of its own capabilities.</summary>
    public IEnumerable<string> OwnCapabilities => Root.All("capability").Select(static capability => capability["type"]!);

    /// <summary>The types of all capabilities, those inside others too: "scsi_host", "fc_host" ...</summary>
    public IEnumerable<string> Capabilities => Root.All("capability").SelectMany(static capability =>
        capability.All("capability").Select(static nested => nested["type"]!).Prepend(capability["type"]!));

    /// <summary>The fibre channel part of a SCSI host: it holds the world wide names. Null for every other device.</summary>
    public Node? FibreChannel => Nested("scsi_host", "fc_host");

    /// <summary>The first part of a mediated device: its type, uuid and attributes. Null for every other device.</summary>
    public Node? Mediated => Root.All("capability").FirstOrDefault(static capability => capability["type"] == "mdev");

    /// <summary>The driver that has the device.</summary>
    public string? Driver => Root.Find("driver", "name")?.Text;

    /// <summary>The address of a PCI device: domain, bus, slot and function. Null for every other device.</summary>
    public (uint Domain, uint Bus, uint Slot, uint Function)? PciAddress
    {
        get
        {
            Node? pci = Root.All("capability").FirstOrDefault(static capability => capability["type"] == "pci");
            return pci is null ? null : (Number("domain"), Number("bus"), Number("slot"), Number("function"));
            uint Number(string name) => uint.TryParse(pci.ChildText(name), out uint number) ? number : 0;
        }
    }

    /// <summary>A device that exists.</summary>
    /// <exception cref="VirException">The text is no XML, or no device.</exception>
    public static NodeDeviceDocument Parse(string xml, DocumentOptions? options = null) => Parse(Read(xml, options), options, create: false);

    /// <summary>A device that is to be created: it gets its name and number later.</summary>
    public static NodeDeviceDocument ParseNew(string xml, DocumentOptions? options = null) => Parse(Read(xml, options), options, create: true);

    /// <summary>A device that stands inside another document.</summary>
    internal static NodeDeviceDocument Parse(Node raw, DocumentOptions? options, bool create)
    {
        ParseContext context = (options ?? new DocumentOptions()).ToContext(ErrorDomain.Nodedev);
        Node root = DocumentNormaliser.Apply(NodeDeviceSchema.Root, create ? Unnamed(raw) : raw, null, context)!;
        return new NodeDeviceDocument(root, CheckParent(raw.Child("parent"), context.Domain));
    }

    /// <summary>The device has a capability, or one that is nested in another: <c>vports</c> is there called <c>vport_ops</c>.</summary>
    public bool Has(string capability) => OwnCapabilities.Contains(capability) || capability switch
    {
        "fc_host" => FibreChannel is not null,
        "vports" => Nested("scsi_host", "vport_ops") is not null,
        "mdev_types" => Nested("pci", capability) is not null || Nested("css", capability) is not null || Nested("ap_matrix", capability) is not null,
        "vpd" => Nested("pci", capability) is not null,
        _ => false,
    };

    public NodeDeviceDocument With(Action<Node> change) => new(Edited(change), null);

    /// <summary>The device under another driver; null: none.</summary>
    public NodeDeviceDocument WithDriver(string? name) => With(root =>
    {
        root.RemoveAll("driver");
        if (name is not null)
            root.Add("driver").Add("name").Text = name;
    });

    /// <summary>The types of mediated devices that can be made of this one, and how many of each are still to be had.</summary>
    public IEnumerable<(string Id, uint Available)> MediatedTypes => Root.All("capability").SelectMany(static capability => capability.All("capability"))
        .Where(static nested => nested["type"] == "mdev_types").SelectMany(static types => types.All("type"))
        .Select(static type => (type["id"]!, uint.TryParse(type.ChildText("availableInstances"), out uint count) ? count : 0));

    /// <summary>A virtual host made after this one: another name and number, and its own world wide names.</summary>
    public NodeDeviceDocument Copy(string name, string wwnn, string wwpn)
    {
        Node root = Root.Clone();
        root.SetChildText("name", name);
        foreach (Node host in root.All("capability"))
        {
            foreach (Node channel in host.All("capability"))
            {
                if (host["type"] != "scsi_host" || channel["type"] != "fc_host")
                    continue;
                channel.SetChildText("wwnn", wwnn);
                channel.SetChildText("wwpn", wwpn);
            }
        }

        return new NodeDeviceDocument(root, null);
    }

    private static Node Read(string xml, DocumentOptions? options) =>
        (options ?? new DocumentOptions()).Read(xml, "(node_device_definition)", ErrorDomain.Nodedev, "device", "nodedev.rng");

    /// <summary>Whatever a new device calls itself, it is not called so.</summary>
    private static Node Unnamed(Node raw)
    {
        Node unnamed = new(raw.Name);
        unnamed.Append(new Node("name") { Text = NewName });
        foreach (Node child in raw.Children)
        {
            if (child.Name != "name")
                unnamed.Append(child);
        }

        return unnamed;
    }

    private static Node? CheckParent(Node? parent, ErrorDomain domain)
    {
        if (parent?["wwnn"] is { } node && !parent.Has("wwpn"))
            throw Fault.Xml(domain, $"when providing parent wwnn='{node}', the wwpn must also be provided");
        if (parent?["wwpn"] is { } port && !parent.Has("wwnn"))
            throw Fault.Xml(domain, $"when providing parent wwpn='{port}', the wwnn must also be provided");
        return parent;
    }

    private Node? Nested(string outer, string inner)
    {
        foreach (Node capability in Root.All("capability"))
        {
            if (capability["type"] != outer)
                continue;
            foreach (Node nested in capability.All("capability"))
            {
                if (nested["type"] == inner)
                    return nested;
            }
        }

        return null;
    }
}
