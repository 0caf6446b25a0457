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
        NetworkParts.NetworkPort,
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

    /// <summary>It has its place: on a bridge or a device.</summary>
    public bool HasPlug => Root.Child("plug") is { } plug && plug["type"] != "none";

    public PortRate? Inbound => PortRate.Read(Root.Find("bandwidth", "inbound"));

    public PortRate? Outbound => PortRate.Read(Root.Find("bandwidth", "outbound"));

    public static NetworkPortDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        Node raw = options.Read(xml, "(networkport_definition)", ErrorDomain.Network, "networkport", "networkport.rng");
        Node root = DocumentNormaliser.ApplyRoot(s_root, raw, options.ToContext(ErrorDomain.Network));
        if (root.Child("uuid") is null)
            root.SetChildText("uuid", options.NewUuid().ToString("D"));
        return new NetworkPortDocument(root);
    }

    public NetworkPortDocument With(Action<Node> change) => new(Edited(change));

    /// <summary>The port with other rates; null: none.</summary>
    public NetworkPortDocument WithBandwidth(PortRate? inbound, PortRate? outbound) => With(root =>
    {
        root.RemoveAll("bandwidth");
        if (inbound is null && outbound is null)
            return;
        Node bandwidth = root.Add("bandwidth");
        inbound?.Write(bandwidth.Add("inbound"));
        outbound?.Write(bandwidth.Add("outbound"));
    });

    /// <summary>Finds a place for the port: the network's bridge or its device. Rates and tags come from its group where it has none.</summary>
    /// <exception cref="VirException">The network has neither (VIR_ERR_INTERNAL_ERROR).</exception>
    public NetworkPortDocument PlugInto(NetworkDocument network) => With(root =>
    {
        Node? group = network.Root.All("portgroup").FirstOrDefault(one => root.ChildText("group") is { } name ? one["name"] == name : one["default"] == "yes");
        foreach (string part in (ReadOnlySpan<string>)["bandwidth", "vlan"])
        {
            if (root.Child(part) is null && (group?.Child(part) ?? (part == "vlan" ? network.Root.Child(part) : null)) is { } shared)
                root.Add(shared.Clone());
        }

        root.RemoveAll("plug");
        Node plug = root.Add("plug");
        string mode = network.ForwardMode ?? "none";
        if (network.Bridge is { } bridge && mode is not ("private" or "vepa" or "passthrough" or "hostdev"))
        {
            plug["type"] = mode == "bridge" ? "bridge" : "network";
            plug["bridge"] = bridge;
        }
        else if (network.Root.Child("forward") is { } forward && (forward.Child("interface")?["dev"] ?? forward["dev"]) is { } device)
        {
            plug["type"] = "direct";
            plug["dev"] = device;
            plug["mode"] = mode;
        }
        else
        {
            throw Fault.Internal(ErrorDomain.Network, $"network '{network.Name}' uses a direct mode, but has no forward dev and no interface pool");
        }
    });
}

/// <summary>The rate of one direction of a port: KiB each second and, for a burst, KiB.</summary>
public sealed record PortRate(uint Average, uint Peak, uint Floor, uint Burst)
{
    /// <summary>It says nothing: a rate needs an average or a floor.</summary>
    public bool IsEmpty => Average == 0 && Floor == 0;

    internal static PortRate? Read(Node? node)
    {
        return node is null ? null : new(Number("average"), Number("peak"), Number("floor"), Number("burst"));
        uint Number(string name) => uint.TryParse(node[name], out uint number) ? number : 0;
    }

    internal void Write(Node node)
    {
        foreach ((string name, uint value) in (ReadOnlySpan<(string, uint)>)[("average", Average), ("peak", Peak), ("floor", Floor), ("burst", Burst)])
            node[name] = value == 0 ? null : Values.ToText(value);
    }
}
