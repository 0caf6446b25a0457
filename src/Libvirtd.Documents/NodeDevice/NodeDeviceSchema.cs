using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Devices of the host; what is said of one is a matter of its capabilities' types.</summary>
internal static class NodeDeviceSchema
{
    /// <summary>All capability types, in the order of their numbers.</summary>
    public static readonly string[] CapabilityTypes =
    [
        "system", "pci", "usb_device", "usb", "net", "scsi_host", "scsi_target", "scsi", "storage", "fc_host", "vports", "scsi_generic", "drm",
        "mdev_types", "mdev", "ccw", "css", "vdpa", "ap_card", "ap_queue", "ap_matrix", "vpd",
    ];

    private static readonly ElementSchema s_capability = Switch("capability", static (raw, _) => raw["type"],
        ("system", Capability(
                Leaf("product"),
                Element("hardware").Open().Always().With(Leaf("vendor"), Leaf("version"), Leaf("serial"), Leaf("uuid")),
                Element("firmware").Open().Always().With(Leaf("vendor"), Leaf("version"), Leaf("release_date")))
            .Then(CheckSystem)),
        ("scsi_host", Capability(
                Leaf("host"),
                Leaf("unique_id"),
                Nested(
                    ("fc_host", Named("wwnn", "wwpn", "fabric_wwn")),
                    // What the numbers of ports are is not read: a host is asked for them.
                    ("vport_ops", Element("capability").Attr("type").Open().With(Zero("max_vports"), Zero("vports"))),
                    ("", Element("capability").Attr("type").Open())))
            .Then(CheckScsiHost)),
        ("pci", Capability(
            Leaf("class", Hex(6)),
            Number("domain", "no PCI domain ID supplied for '{0}'", "invalid PCI domain ID supplied for '{0}'"),
            Number("bus", "no PCI bus ID supplied for '{0}'", "invalid PCI bus ID supplied for '{0}'"),
            Number("slot", "no PCI slot ID supplied for '{0}'", "invalid PCI slot ID supplied for '{0}'"),
            Number("function", "no PCI function ID supplied for '{0}'", "invalid PCI function ID supplied for '{0}'"),
            Identity("product"),
            Identity("vendor"),
            Nested(
                ("phys_function", Element("capability").Attr("type").Open().With(PciAddress())),
                ("virt_functions", Element("capability").Attr("type").Attr("maxCount", UIntOrZero).With(PciAddress().Many())),
                ("mdev_types", MdevTypes())),
            Element("iommuGroup").Attr("number", UInt).With(PciAddress().Many()),
            Element("numa").Attr("node", Natural),
            Element("pci-express").Keep().With(Element("link")
                .Attr("validity", OneOf("cap", "sta")).Attr("port", Natural).Attr("speed", OneOf("2.5", "5", "8", "16", "32", "64")).Attr("width", UInt).Many()))),
        ("usb_device", Capability(
            Number("bus", "no USB bus number supplied for '{0}'", "invalid USB bus number supplied for '{0}'"),
            Number("device", "no USB device number supplied for '{0}'", "invalid USB device number supplied for '{0}'"),
            Identity("product"),
            Identity("vendor"))),
        ("usb", Capability(
            Number("number", "no USB interface number supplied for '{0}'", "invalid USB interface number supplied for '{0}'"),
            Number("class", "no USB interface class supplied for '{0}'", "invalid USB interface class supplied for '{0}'"),
            Number("subclass", "no USB interface subclass supplied for '{0}'", "invalid USB interface subclass supplied for '{0}'"),
            Number("protocol", "no USB interface protocol supplied for '{0}'", "invalid USB interface protocol supplied for '{0}'"),
            Leaf("description"))),
        ("net", Capability(
            Required("interface", "no network interface supplied for '{0}'"),
            Leaf("address"),
            Element("link").Attr("speed", UIntOrZero).Attr("state", OneOf("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")),
            Element("feature").Attr("name", OneOf("rx", "tx", "sg", "tso", "gso", "gro", "lro", "rxvlan", "txvlan", "ntuple", "rxhash", "rdma", "txudptnl", "switchdev")).Many(),
            Element("capability").Attr("type", OneOf("80203", "80211")))),
        ("scsi_target", Capability(
            Required("target", "no target name supplied for '{0}'"),
            Nested(("fc_remote_port", Named("rport", "wwpn"))))),
        ("scsi", Capability(
            Number("host", "no SCSI host ID supplied for '{0}'", "invalid SCSI host ID supplied for '{0}'"),
            Number("bus", "no SCSI bus ID supplied for '{0}'", "invalid SCSI bus ID supplied for '{0}'"),
            Number("target", "no SCSI target ID supplied for '{0}'", "invalid SCSI target ID supplied for '{0}'"),
            Number("lun", "no SCSI LUN ID supplied for '{0}'", "invalid SCSI LUN ID supplied for '{0}'"),
            Leaf("type"))),
        ("storage", Capability(
            Required("block", "no block device path supplied for '{0}'"),
            Leaf("bus"),
            Leaf("drive_type"),
            Leaf("model"),
            Leaf("vendor"),
            Leaf("serial"),
            Leaf("size", ULong),
            Leaf("logical_block_size", ULongOrZero),
            Leaf("num_blocks", ULongOrZero),
            Nested(
                ("removable", Element("capability").Attr("type").Open().With(
                    Leaf("media_available", ULong),
                    Leaf("media_size", ULong),
                    Leaf("media_label"),
                    Leaf("logical_block_size", ULongOrZero),
                    Leaf("num_blocks", ULongOrZero))),
                ("hotpluggable", Element("capability").Attr("type"))))),
        ("drm", Capability(Leaf("type", OneOf("primary", "control", "render")))),
        ("mdev", Capability(
            Element("type").Attr("id"),
            Leaf("uuid", Uuid),
            Leaf("parent_addr"),
            Element("iommuGroup").Attr("number", UInt),
            Element("attr").Attr("name").Attr("value").Many())
            .Then(CheckMediated)),
        ("ccw", Capability().Include(Channel())),
        ("css", Capability().Include(Channel()).With(Element("channel_dev_addr").Include(Channel()), Nested(("mdev_types", MdevTypes())))),
        ("ap_card", Capability(Leaf("ap-adapter", Hex(2)))),
        ("ap_queue", Capability(Leaf("ap-adapter", Hex(2)), Leaf("ap-domain", Hex(4)))),
        ("ap_matrix", Capability(Nested(("mdev_types", MdevTypes())))),
        ("", Element("capability").Attr("type", OneOf(CapabilityTypes), required: true).Then(static (in Scope scope) => throw Fault.Internal(
            scope.Context.Domain, $"unknown capability type '{Array.IndexOf(CapabilityTypes, scope.Node["type"])}' for '{NameOf(scope)}'")))).Many();

    public static readonly ElementSchema Root = Element("device")
        .With(
            Leaf("name"),
            Leaf("path"),
            Leaf("devnode").Attr("type", OneOf("dev", "link"), required: true).Many(),
            Leaf("parent"),
            // What a document says of the driver is not read: a device is asked for it.
            Element("driver").With(Leaf("name")).Then(static (in Scope _) => false),
            s_capability)
        .Then(Complete);

    private static ElementSchema Capability(params ReadOnlySpan<ElementSchema> parts) =>
        Element("capability").Attr("type").With(parts).Many().Open();

    private static ElementSchema Nested(params ReadOnlySpan<(string, ElementSchema)> cases) =>
        Switch("capability", static (raw, _) => raw["type"], cases).Many();

    private static ElementSchema Named(params string[] names)
    {
        ElementSchema schema = Element("capability").Attr("type").Open();
        foreach (string name in names)
            schema.With(Leaf(name));
        return schema;
    }

    private static ElementSchema Zero(string name) => Element(name).Always().By((_, _, _) => new Node(name) { Text = "0" });

    private static ElementSchema Number(string name, string missing, string bad) => Element(name).Always().By((raw, parent, context) =>
    {
        string text = raw.Text ?? throw Fault.Internal(context.Domain, missing.Replace("{0}", "new device", StringComparison.Ordinal));
        return DocumentText.TryParseNumber(text, 0, out Int128 number) && number >= 0 && number <= uint.MaxValue
            ? new Node(name) { Text = ToText((ulong)number) }
            : throw Fault.Internal(context.Domain, bad.Replace("{0}", "new device", StringComparison.Ordinal));
    });

    private static ElementSchema Required(string name, string missing) => Element(name).Always().By((raw, _, context) => string.IsNullOrEmpty(raw.Text)
        ? throw Fault.Internal(context.Domain, missing.Replace("{0}", "new device", StringComparison.Ordinal))
        : new Node(name) { Text = raw.Text });

    private static ElementSchema Identity(string name) => Leaf(name).Attr("id", Hex(4)).Keep();

    private static ElementSchema PciAddress() =>
        Element("address").Attr("domain", Hex(4)).Attr("bus", Hex(2)).Attr("slot", Hex(2)).Attr("function", Hex(1));

    private static ElementSchema Channel()
    {
        ElementSchema group = Element("");
        group.With(Leaf("cssid", Hex(1)), Leaf("ssid", Hex(1)), Leaf("devno", Hex(4)));
        return group;
    }

    private static ElementSchema MdevTypes() => Element("capability").Attr("type").Open().With(
        Element("type").Attr("id").With(Leaf("name"), Leaf("deviceAPI"), Leaf("availableInstances", UInt)).Many());

    private static string NameOf(in Scope scope) => scope.Parent?.ChildText("name") ?? "";

    private static bool CheckSystem(in Scope scope)
    {
        Node hardware = scope.Node.Child("hardware")!;
        string uuid = hardware.ChildText("uuid") ?? throw Fault.Internal(scope.Context.Domain, $"no system UUID supplied for '{NameOf(scope)}'");
        hardware.SetChildText("uuid", DocumentText.NormaliseUuid(uuid)
            ?? throw Fault.Internal(scope.Context.Domain, $"malformed uuid element for '{NameOf(scope)}'"));
        return true;
    }

    private static bool CheckMediated(in Scope scope)
    {
        ErrorDomain domain = scope.Context.Domain;
        if (scope.Node.Child("type")?["id"] is null)
            throw Fault.Unsupported(domain, $"missing type id attribute for '{NameOf(scope)}'");
        if (scope.Raw.ChildText("uuid") is { Length: > 0 } uuid && DocumentText.NormaliseUuid(uuid) is null)
            throw Fault.Internal(domain, $"Invalid uuid '{uuid}' for new mdev device");
        return true;
    }

    private static bool CheckScsiHost(in Scope scope)
    {
        ErrorDomain domain = scope.Context.Domain;
        Node host = scope.Node;
        string name = NameOf(scope);
        if (name != NodeDeviceDocument.NewName)
        {
            string number = host.ChildText("host") ?? throw Fault.Internal(domain, $"no SCSI host ID supplied for '{name}'");
            if (!DocumentText.TryParseNumber(number, 10, out Int128 id) || id < 0 || id > uint.MaxValue)
                throw Fault.Internal(domain, $"invalid SCSI host ID supplied for '{name}'");
            host.SetChildText("host", ToText((ulong)id));
            if (host.ChildText("unique_id") is { } unique && (!DocumentText.TryParseNumber(unique, 10, out id) || id < int.MinValue || id > int.MaxValue))
                throw Fault.Internal(domain, $"invalid unique_id supplied for '{name}'");
        }

        foreach (Node nested in host.All("capability"))
        {
            string type = nested["type"] ?? throw Fault.Internal(domain, $"missing SCSI host capability type for '{name}'");
            if (type is not ("fc_host" or "vport_ops"))
                throw Fault.Internal(domain, $"unknown SCSI host capability type '{type}' for '{name}'");
            if (type == "vport_ops")
                continue;
            foreach (string wwn in (ReadOnlySpan<string>)["wwnn", "wwpn"])
            {
                if (nested.ChildText(wwn) is null)
                    throw Fault.Internal(domain, $"no {wwn.ToUpperInvariant()} supplied for '{name}', and auto-generation failed");
            }
        }

        return true;
    }

    private static bool Complete(in Scope scope)
    {
        Node device = scope.Node;
        if (device.ChildText("name") is not { } name)
            throw VirException.Of(ErrorCode.NoName, scope.Context.Domain);
        return device.Child("capability") is not null
            ? true
            : throw Fault.Internal(scope.Context.Domain, $"no device capabilities for '{name}'");
    }
}
