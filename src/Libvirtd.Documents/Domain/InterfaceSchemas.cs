using System.Buffers;
using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Network interfaces of a domain, and what networks share with them.</summary>
internal static class InterfaceSchemas
{
    public static readonly string[] Types =
    [
        "user", "ethernet", "vhostuser", "server", "client", "mcast", "network", "bridge", "internal", "direct", "hostdev", "udp", "vdpa", "null", "vds",
    ];

    private static readonly SearchValues<char> s_modelCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    private static readonly string[] s_models =
    [
        "netfront", "rtl8139", "virtio", "e1000", "e1000e", "igb", "virtio-transitional", "virtio-non-transitional", "usb-net", "spapr-vlan", "lan9118",
        "scm91c111", "vlance", "vmxnet", "vmxnet2", "vmxnet3", "Am79C970A", "Am79C973", "82540EM", "82545EM", "82543GC",
    ];

    private static readonly ElementSchema s_coalesce = Element("coalesce")
        .With(Element("rx").With(Element("frames").Attr("max", ULongOrZero, bad: FaultText.Detail("cannot parse value '{0}' for coalesce parameter"))
            .Then(static (in Scope scope) => scope.Node["max"] is { } max && DomainRules.Number(max) > uint.MaxValue
                ? throw VirException.Of(ErrorCode.Overflow, scope.Context.Domain, $"value '{max}' is too big for coalesce parameter, maximum is '4294967295'")
                : true)));

    private static readonly ElementSchema s_mac = Element("mac")
        .Attr("address", Mac, bad: FaultText.Xml("unable to parse mac address '{0}'"))
        .Attr("type", OneOf("generated", "static"))
        .Attr("check", YesNo)
        .Always()
        .Then(static (in Scope scope) =>
        {
            scope.Node["address"] ??= scope.Context.NewMac();
            return MacAddress.IsMulticast(scope.Node["address"]!)
                ? throw Fault.Xml(scope.Context.Domain, $"expected unicast mac address, found multicast '{scope.Raw["address"]}'")
                : true;
        });

    private static readonly ElementSchema s_driver = Element("driver")
        .Attr("name", OneOf("qemu", "vhost"))
        .Attr("txmode", OneOf("iothread", "timer"))
        .Attr("ioeventfd", OnOff)
        .Attr("event_idx", OnOff)
        .Attr("queues", UIntOrZero)
        .Attr("rx_queue_size", UIntOrZero)
        .Attr("tx_queue_size", UIntOrZero)
        .Attr("rss", OnOff)
        .Attr("rss_hash_report", OnOff)
        .Include(DeviceSchemas.VirtioOptions)
        .With(
            Element("host").Attr("csum", OnOff).Attr("gso", OnOff).Attr("tso4", OnOff).Attr("tso6", OnOff).Attr("ecn", OnOff).Attr("ufo", OnOff)
                .Attr("mrg_rxbuf", OnOff),
            Element("guest").Attr("csum", OnOff).Attr("tso4", OnOff).Attr("tso6", OnOff).Attr("ecn", OnOff).Attr("ufo", OnOff))
        .When(static (in Scope scope) => IsVirtio(scope.Parent));

    private static readonly ElementSchema s_target = Element("target")
        .Attr("dev", StorageSchemas.NonEmpty, when: static (in Scope scope) =>
            scope.Raw["managed"] == "no" || !(scope.Context.Inactive && IsGenerated(scope.Raw["dev"])))
        .Attr("managed", YesNo);

    public static readonly ElementSchema Interface = Element("interface")
        .Attr("type", OneOf(Types), "user")
        .Attr("managed", Lenient(YesOnly), when: static (in Scope scope) => scope.Node["type"] == "hostdev")
        .Attr("trustGuestRxFilters", YesNo)
        .With(
            s_mac,
            Element("driver").Attr("name", OneOf("kvm", "vfio", "xen")).Attr("model").When(static (in Scope scope) => scope.Parent?["type"] == "hostdev"),
            MakeSource(),
            NetworkParts.Vlan,
            NetworkParts.VirtualPort,
            NetworkParts.Bandwidth,
            NetworkParts.PortIsolated,
            NetworkParts.IpAddress,
            RouteRule.Route("guest interface"),
            PortForwardSchemas.PortForward,
            Element("script").Attr("path", StorageSchemas.NonEmpty),
            Element("downscript").Attr("path", StorageSchemas.NonEmpty),
            Element("backenddomain").Attr("name", StorageSchemas.NonEmpty),
            s_target,
            Element("guest").Attr("dev", StorageSchemas.NonEmpty).Attr("actual", StorageSchemas.NonEmpty),
            Element("model").Attr("type", new ModelValue(), bad: new FaultText(ErrorCode.InvalidArg, "Model name contains invalid characters")),
            s_driver,
            Element("backend").Attr("type", OneOfOr("default", "passt"), bad: FaultText.Xml("Invalid value for attribute 'type' in element 'backend': '{0}'."))
                .Attr("tap").Attr("vhost", when: static (in Scope scope) => IsVirtio(scope.Parent)).Attr("logFile"),
            NWFilterSchema.Reference,
            Element("tune").With(Leaf("sndbuf", ULong, FaultText.Xml("sndbuf must be a positive integer"))),
            NetworkParts.Teaming,
            Element("link").Attr("state", OneOf("up", "down"), bad: FaultText.Unsupported("unknown interface link state '{0}'")),
            Element("mtu").Attr("size", UIntOrZero, bad: FaultText.Xml("malformed mtu size")),
            s_coalesce)
        .With(DeviceSchemas.RomInfo)
        .Many()
        .Then(static (in Scope scope) =>
        {
            if (scope.Node["type"] == "hostdev" && scope.Raw.Find("source", "address")?["type"] is null && scope.Raw.Find("source", "vendor") is null)
                throw Fault.Xml(scope.Context.Domain, "missing source address type");
            if (scope.Node["type"] is { } type and not ("user" or "ethernet" or "null") && scope.Raw.Child("source") is null)
                throw Fault.Xml(scope.Context.Domain, $"interface type='{type}' requires a 'source' element");
            if (scope.Node["type"] == "user" && scope.Node.Child("backend")?["type"] != "passt" && scope.Node.Child("source") is { } source)
                source["dev"] = null;
            if (!IsVirtio(scope.Node))
                CheckNoVirtio(scope);
            if (scope.Node["type"] is not ("network" or "bridge" or "ethernet"))
                scope.Node.RemoveAll("filterref");
            if (scope.Raw.Child("virtualport") is not null && scope.Node["type"] is "bridge" or "direct" or "hostdev")
                CheckPort(scope.Node.Child("virtualport"));
            return scope.Node.Child("virtualport") is not null && scope.Node["type"] is not ("network" or "bridge" or "direct" or "hostdev")
                ? throw Fault.Unsupported(scope.Context.Domain, $"<virtualport> element unsupported for <interface type='{scope.Node["type"]}'>")
                : true;
        });

    /// <summary>Names that libvirt makes up for tap devices; they are not kept in a configuration.</summary>
    public static bool IsGenerated(string? name) => name is not null && (name.StartsWith("vnet", StringComparison.Ordinal)
        || name.StartsWith("macvtap", StringComparison.Ordinal) || name.StartsWith("macvlan", StringComparison.Ordinal));

    /// <summary>The driver of another model is dropped, but not what only virtio has.</summary>
    private static void CheckNoVirtio(in Scope scope)
    {
        foreach (string option in (ReadOnlySpan<string>)["iommu", "ats", "packed", "page_per_vq"])
        {
            if (scope.Raw.Child("driver")?[option] is null)
                continue;
            throw Fault.Unsupported(scope.Context.Domain, option == "page_per_vq"
                ? "page_per_vq option is only supported for virtio devices"
                : $"{option} driver option is only supported for virtio devices");
        }
    }

    /// <summary>Away from libvirt's own networks a port has to say its type, and all that its type needs.</summary>
    private static void CheckPort(Node? port)
    {
        if (port?["type"] is not { } type)
            throw Fault.Xml(ErrorDomain.None, "missing required virtualport type");
        ReadOnlySpan<string> needed = type switch
        {
            "802.1Qbg" => ["managerid", "typeid", "typeidversion"],
            "802.1Qbh" => ["profileid"],
            _ => [],
        };
        foreach (string name in needed)
        {
            if (port?.Child("parameters")?[name] is null)
                throw Fault.Xml(ErrorDomain.Net, $"missing {name} in <virtualport type='{type}'>");
        }
    }

    private static bool IsVirtio(Node? device) =>
        device?.Child("model")?["type"] is "virtio" or "virtio-transitional" or "virtio-non-transitional";

    private static ElementSchema MakeSource()
    {
        ValueSchema port = Int;
        ElementSchema network = Element("source").Attr("network", required: true).Attr("portgroup")
            .Attr("portid", Uuid, show: Show.Live, when: static (in Scope scope) => !scope.Context.Inactive)
            .Attr("bridge", show: Show.Live, when: static (in Scope scope) => !scope.Context.Inactive)
            .Attr("macTableManager", show: Show.Live, when: static (in Scope scope) => !scope.Context.Inactive);
        ElementSchema bridge = Element("source").Attr("bridge", required: true);
        ElementSchema ethernet = Element("source");
        ElementSchema direct = Element("source").Attr("dev", required: true).Attr("mode", OneOf("vepa", "private", "bridge", "passthrough"), "vepa");
        ElementSchema named = Element("source").Attr("name", required: true);
        ElementSchema vdpa = Element("source").Attr("dev", required: true);
        ElementSchema user = Element("source").Attr("dev");
        ElementSchema server = Element("source").Attr("address").Attr("port", port, required: true);
        ElementSchema client = Element("source").Attr("address", required: true).Attr("port", port, required: true);
        ElementSchema udp = Element("source").Attr("address", required: true).Attr("port", port, required: true)
            .With(Element("local").Attr("address", required: true).Attr("port", port, required: true))
            .Then(static (in Scope scope) => scope.Node.Child("local") is null
                ? throw Fault.Xml(scope.Context.Domain, "'<local>' element missing for 'udp' socket interface")
                : true);
        ElementSchema vhostUser = Element("source")
            .Attr("type", OneOf("unix"), required: true, bad: FaultText.Unsupported("Type='{0}' unsupported for <interface type='vhostuser'>"))
            .Attr("path", required: true)
            .Attr("mode", OneOf("client", "server"), required: true)
            .With(StorageSchemas.Reconnect);
        ElementSchema vds = Element("source").Attr("switchid", Uuid, required: true).Attr("portid", Long, required: true)
            .Attr("portgroupid", required: true).Attr("connectionid", Long, required: true);
        foreach (ElementSchema schema in (ReadOnlySpan<ElementSchema>)[network, bridge, ethernet, direct, named, vdpa, user, server, client, udp, vhostUser])
            schema.With(NetworkParts.IpAddress, RouteRule.Route("interface host IP"));
        return Switch("source", static (raw, parent) => parent?["type"] == "vhostuser" && raw.Has("dev") && !raw.Has("type") ? "user" : parent?["type"],
            ("network", network), ("bridge", bridge), ("ethernet", ethernet), ("direct", direct), ("internal", named), ("vdpa", vdpa), ("user", user),
            ("server", server), ("client|mcast", client), ("udp", udp), ("vhostuser", vhostUser), ("vds", vds),
            ("hostdev", HostDeviceSchemas.InterfaceSource));
    }

    /// <summary>Models that libvirt knows are spelled its way, whatever the case; others are kept.</summary>
    private sealed class ModelValue : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = value.Length == 0 ? null : Array.Find(s_models, model => model.Equals(value, StringComparison.OrdinalIgnoreCase)) ?? value;
            return value.AsSpan().IndexOfAnyExcept(s_modelCharacters) < 0 ? ValueResult.Ok : ValueResult.Bad;
        }
    }
}
