using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>A port of a virtual network: one guest's place on it. Immutable.</summary>
public sealed class NetworkPortDocument : Document
{
    private static readonly ElementSchema s_root = Element("networkport").With(
        Leaf("uuid", Values.Uuid, FaultText.Internal("Unable to parse UUID '{0}'")),
        Element("owner").With(Leaf("name"), Leaf("uuid", Values.Uuid, FaultText.Internal("Unable to parse UUID '{0}'"))),
        Leaf("group"),
        Element("mac").Attr("address", Values.Mac, bad: FaultText.Internal("Unable to parse MAC '{0}'")),
        NetworkParts.VirtualPort,
        NetworkParts.Bandwidth,
        NetworkParts.Vlan,
        NetworkParts.PortIsolated,
        Element("rxfilters").Attr("trustGuest", YesNo),
        Switch("plug", static (raw, _) => raw["type"],
            ("network|bridge", Element("plug").Attr("type").Attr("bridge", missing: FaultText.Internal("Missing network port bridge name"))
                .Attr("macTableManager", OneOf("kernel", "libvirt"))),
            ("direct", Element("plug").Attr("type").Attr("dev", missing: FaultText.Internal("Missing network port link device name"))
                .Attr("mode", OneOf("vepa", "private", "bridge", "passthrough"), "vepa")),
            ("hostdev-pci", Element("plug").Attr("type").Attr("managed", YesNo)
                .With(Element("driver").Attr("name", OneOf("kvm", "vfio")), DeviceSchemas.PlainPciAddress).Open()),
            ("", Element("plug").Attr("type", OneOf("none", "network", "bridge", "direct", "hostdev-pci"), required: true))))
        .Open()
        .Then(static (in Scope scope) =>
        {
            ErrorDomain domain = scope.Context.Domain;
            if (scope.Node.Find("owner", "name") is null)
                throw Fault.Internal(domain, "network port has no owner name");
            if (scope.Node.Find("owner", "uuid") is null)
                throw Fault.Internal(domain, "network port has no owner UUID");
            return scope.Node.Child("mac")?["address"] is null ? throw Fault.Internal(domain, "network port has no mac") : true;
        });

    private NetworkPortDocument(Node root)
        : base(root)
    {
    }

    public Guid Uuid => Guid.Parse(Root.ChildText("uuid")!);

    public string OwnerName => Root.Find("owner", "name")!.Text!;

    public Guid OwnerUuid => Guid.Parse(Root.Find("owner", "uuid")!.Text!);

    public string Mac => Root.Child("mac")!["address"]!;

    public static NetworkPortDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        Node raw = DocumentReader.Read(xml, "(networkport_definition)", options.ErrorDomain ?? ErrorDomain.Network, "networkport");
        Node root = DocumentNormaliser.ApplyRoot(s_root, raw, options.ToContext(ErrorDomain.Network, "networkport.rng"));
        if (root.Child("uuid") is null)
            root.SetChildText("uuid", options.NewUuid().ToString("D"));
        return new NetworkPortDocument(root);
    }

    public NetworkPortDocument With(Action<Node> change) => new(Edited(change));
}
