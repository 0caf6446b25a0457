using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>The node device document: a device of the host and what it can do.</summary>
internal static class NodeDeviceSchema
{
    private static readonly ElementSchema s_address = Element("address").Attr("domain", Hex(4)).Attr("bus", Hex(2)).Attr("slot", Hex(2))
        .Attr("function", Hex(1)).Many();

    private static readonly ElementSchema s_mdevTypes = Element("capability").Attr("type").With(
        Element("type").Attr("id").With(Leaf("name"), Leaf("deviceAPI"), Leaf("availableInstances", UInt)).Many()).Open();

    private static readonly ElementSchema[] s_ccw = [Leaf("cssid", Hex(1)), Leaf("ssid", Hex(1)), Leaf("devno", Hex(4))];

    private static readonly ElementSchema s_capability = Switch("capability", static (raw, _) => raw["type"],
        ("system", Of(
            Leaf("product"),
            Element("hardware").With(Leaf("vendor"), Leaf("version"), Leaf("serial"), Leaf("uuid", Uuid)).Always().Open(),
            Element("firmware").With(Leaf("vendor"), Leaf("version"), Leaf("release_date")).Always().Open())),
        ("pci", Of(
            Leaf("class", Hex(6)), Number("domain"), Number("bus"), Number("slot"), Number("function"),
            Identity("product"), Identity("vendor"),
            Nested(
                ("phys_function", Element("capability").Attr("type").With(s_address).Open()),
                ("virt_functions", Element("capability").Attr("type").Attr("maxCount", UInt).With(s_address)),
                ("pci-bridge|cardbus-bridge", Element("capability").Attr("type")),
                ("mdev_types", s_mdevTypes)),
            Element("iommuGroup").Attr("number", UInt).With(s_address),
            Element("numa").Attr("node", Int),
            Element("pci-express").With(
                Element("link").Attr("validity").Attr("port", UInt).Attr("speed").Attr("width", UInt).Many()))),
        ("usb_device", Of(Number("bus"), Number("device"), Identity("product"), Identity("vendor"))),
        ("usb", Of(Number("number"), Number("class"), Number("subclass"), Number("protocol"), Leaf("description"))),
        ("net", Of(
            Leaf("interface"), Leaf("address"),
            Element("link").Attr("speed", UIntOrZero).Attr("state"),
            Element("feature").Attr("name").Many(),
            Nested(("80203|80211", Element("capability").Attr("type"))))),
        ("scsi_host", Of(
            Number("host"), Leaf("unique_id", Int),
            Nested(
                ("fc_host", Element("capability").Attr("type").With(Leaf("wwnn"), Leaf("wwpn"), Leaf("fabric_wwn")).Open()),
                ("vport_ops", Element("capability").Attr("type").With(Number("max_vports"), Number("vports")).Open())))),
        ("scsi_target", Of(Leaf("target"),
            Nested(("fc_remote_port", Element("capability").Attr("type").With(Leaf("rport"), Leaf("wwpn")).Open())))),
        ("scsi", Of(Number("host"), Number("bus"), Number("target"), Number("lun"), Leaf("type"))),
        ("storage", Of(
            Leaf("block"), Leaf("bus"), Leaf("drive_type"), Leaf("model"), Leaf("vendor"), Leaf("serial"), Number("size"),
            Leaf("logical_block_size", ULongOrZero), Leaf("num_blocks", ULongOrZero),
            Nested(
                ("removable", Element("capability").Attr("type").With(Number("media_available"), Number("media_size"), Leaf("media_label"),
                    Leaf("logical_block_size", ULongOrZero), Leaf("num_blocks", ULongOrZero)).Open()),
                ("hotpluggable", Element("capability").Attr("type"))))),
        ("fc_host|vports|scsi_generic", Of(Leaf("char"))),
        ("drm", Of(Leaf("type"))),
        ("mdev", Of(Element("type").Attr("id"), Leaf("uuid", Uuid), Leaf("parent_addr"), Element("iommuGroup").Attr("number", UInt, "0").Always(),
            Element("attr").Attr("name").Attr("value").Many())),
        ("ccw", Of(s_ccw)),
        ("css", Of([.. s_ccw, Element("channel_dev_addr").With(s_ccw), Nested(("mdev_types", s_mdevTypes))])),
        ("vdpa", Of(Leaf("chardev"))),
        ("ap_card", Of(Leaf("ap-adapter", Hex(2)))),
        ("ap_queue", Of(Leaf("ap-adapter", Hex(2)), Leaf("ap-domain", Hex(4)))),
        ("ap_matrix", Of(Nested(("mdev_types", s_mdevTypes)))),
        ("", DeviceSchemas.Reject("capability", static raw => raw["type"] is { } type
            ? Fault.Unsupported(Protocol.ErrorDomain.Nodedev, $"unknown capability type '{type}'")
            : Fault.Xml(Protocol.ErrorDomain.Nodedev, "missing capability type")))).Many();

    public static readonly ElementSchema Root = Element("device").With(
        Leaf("name"),
        Leaf("path"),
        Leaf("devnode").Attr("type", OneOf("dev", "link"), required: true).Many(),
        Leaf("parent"),
        Element("driver").With(Leaf("name")),
        s_capability)
        .Open();

    private static ElementSchema Of(params ReadOnlySpan<ElementSchema> parts) => Element("capability").Attr("type").With(parts).Open();

    private static ElementSchema Nested(params ReadOnlySpan<(string Case, ElementSchema Schema)> cases) =>
        Switch("capability", static (raw, _) => raw["type"], cases).Many();

    private static ElementSchema Number(string name) => Leaf(name, ULong, FaultText.Xml($"invalid {name} value for device"));

    private static ElementSchema Identity(string name) => Element(name).Attr("id", Hex(4)).Text().Keep();
}
