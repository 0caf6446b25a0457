using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Devices of the host that a domain is given, and USB devices that are redirected to it.</summary>
internal static class HostDeviceSchemas
{
    /// <summary>The source of an interface that is a device of the host; its address says what kind.</summary>
    public static readonly ElementSchema InterfaceSource = Element("source").With(
        Element("vendor").Attr("id", Hex(4)),
        Element("product").Attr("id", Hex(4)),
        Switch("address", static (raw, _) => raw["type"],
            ("", DeviceSchemas.Reject("address", static raw => raw["type"] is { } type
                ? Fault.Unsupported(ErrorDomain.Domain, $"unknown host device source address type '{type}'")
                : Fault.Xml(ErrorDomain.Domain, "missing source address type"))),
            ("pci", DeviceSchemas.PciNumbers(Element("address").Attr("type"))),
            ("usb", Element("address").Attr("type").Attr("bus", UInt, "0").Attr("device", UInt, "0"))));

    private static readonly FaultText s_noAdapter = FaultText.Xml("'adapter' name must be specified for scsi hostdev source");

    private static readonly ElementSchema s_subsystemSource = Switch("source", static (_, parent) => parent?["type"],
        ("usb", Element("source").Keep()
            .Attr("startupPolicy", OneOf("mandatory", "requisite", "optional"))
            .Attr("guestReset", OneOf("off", "uninitialized", "on"))
            .With(UsbId("vendor"), UsbId("product"), Element("address").Attr("bus", UInt, required: true).Attr("device", UInt, required: true))
            .Then(CheckUsb)),
        ("pci", Element("source").Attr("writeFiltering", YesNo).With(DeviceSchemas.PciNumbers(Element("address").Always()))),
        ("scsi", Switch("source", static (raw, _) => raw["protocol"] ?? "adapter",
            ("", DeviceSchemas.Reject("source", static raw => Fault.Unsupported(ErrorDomain.Domain, $"Unknown SCSI subsystem protocol '{raw["protocol"]}'"))),
            ("iscsi", Element("source").Attr("protocol").Attr("name", missing: FaultText.Xml("missing iSCSI hostdev source path name"))
                .With(
                    Element("host").Attr("name", missing: FaultText.Xml("missing name for host")).Attr("port", UIntOrZero,
                        bad: new FaultText(ErrorCode.InvalidArg, "failed to parse port number '{0}'", ErrorDomain.None)),
                    StorageSchemas.Auth,
                    StorageSchemas.Initiator)
                .Then(CheckIscsi)),
            ("adapter", Element("source").With(
                Element("adapter").Attr("name", missing: s_noAdapter),
                Element("address").Attr("bus", UInt, required: true).Attr("target", UInt, required: true).Attr("unit", ULong, required: true))
                .Then(static (in Scope scope) =>
                {
                    if (scope.Node.Child("address") is null)
                        throw Fault.Xml(scope.Context.Domain, "'address' must be specified for scsi hostdev source");
                    return scope.Node.Child("adapter") is null ? throw s_noAdapter.ToException(scope.Context.Domain, "") : true;
                })))),
        ("scsi_host", Element("source").Attr("protocol", OneOf("vhost"), missing: FaultText.Xml("Missing scsi_host subsystem protocol"),
                bad: FaultText.Unsupported("Unknown scsi_host subsystem protocol '{0}'"))
            .Attr("wwpn", Where(Any, static wwpn => wwpn.StartsWith("naa.", StringComparison.Ordinal)),
                missing: FaultText.Xml("missing vhost-scsi hostdev source wwpn"), bad: FaultText.Xml("malformed 'wwpn' value"))),
        ("mdev", Element("source").With(Element("address").Attr("uuid", Uuid, missing: FaultText.Unsupported("Missing 'uuid' attribute for element <address>"), bad: FaultText.Internal("Cannot parse uuid attribute of element <address>")))));

    private static readonly ElementSchema s_subsystem = Element("hostdev")
        .Attr("mode", OneOf("subsystem"), "subsystem")
        .Attr("type", OneOf("usb", "pci", "scsi", "scsi_host", "mdev"), missing: FaultText.Xml("missing source address type"),
            bad: FaultText.Unsupported("unknown host device source address type '{0}'"))
        .Attr("managed", Lenient(YesNo), "no")
        .Attr("sgio", OneOf("filtered", "unfiltered"))
        .Attr("rawio", YesNo)
        .Attr("model", new ModelValue())
        .Attr("display", OnOff, when: IsVfio)
        .Attr("ramfb", OnOff, when: IsVfio)
        .With(
            Element("driver").Attr("name", OneOf("kvm", "vfio", "xen")).Attr("model").When(static (in Scope scope) => scope.Parent?["type"] == "pci"),
            s_subsystemSource,
            NetworkParts.Teaming,
            Flag("readonly").When(static (in Scope scope) => scope.Parent?["type"] == "scsi"),
            Flag("shareable").When(static (in Scope scope) => scope.Parent?["type"] == "scsi"))
        .With(DeviceSchemas.RomInfo)
        .Open()
        .When(CheckSource)
        .Then(CheckSubsystem);

    private static readonly ElementSchema s_capabilities = Element("hostdev")
        .Attr("mode", OneOf("capabilities"))
        .Attr("type", OneOf("storage", "misc", "net"), missing: FaultText.Xml("missing source address type"),
            bad: FaultText.Unsupported("unknown host device source address type '{0}'"))
        .With(
            Switch("source", static (_, parent) => parent?["type"],
                ("storage", Element("source").With(Leaf("block")).Then(Has("block", "storage"))),
                ("misc", Element("source").With(Leaf("char")).Then(Has("char", "character"))),
                ("net", Element("source").With(Leaf("interface")).Then(Has("interface", "net")))),
            NetworkParts.IpAddress,
            RouteRule.Route("Domain hostdev device"))
        .With(DeviceSchemas.RomInfo)
        .Open()
        .When(CheckSource);

    public static readonly ElementSchema HostDevice = Switch("hostdev", static (raw, _) => raw["mode"] ?? "subsystem",
        ("subsystem", s_subsystem),
        ("capabilities", s_capabilities),
        ("", DeviceSchemas.Reject("hostdev", static raw => Fault.Unsupported(ErrorDomain.Domain, $"unknown hostdev mode '{raw["mode"]}'")))).Many();

    public static readonly ElementSchema Redirected = CharacterSchemas.WithType(Element("redirdev").Attr("bus", OneOf("usb"), "usb", bad: FaultText.Unsupported("unknown redirdev bus '{0}'")), null, "redirdev character device type '{0}'")
        .With(CharacterSchemas.Host)
        .With(DeviceSchemas.BootInfo)
        .Many()
        .Open()
        .Then(CharacterSchemas.CheckSources)
        .Then(static (in Scope scope) => scope.Node.Has("type")
            ? true
            : throw Fault.Internal(scope.Context.Domain, "missing type in redirdev"));

    public static readonly ElementSchema RedirectFilter = Element("redirfilter").With(
        Element("usbdev")
            .Attr("class", Id(2))
            .Attr("vendor", Id(4))
            .Attr("product", Id(4))
            .Attr("version", new VersionValue(), bad: FaultText.Xml("Cannot parse USB device version {0}"))
            .Attr("allow", YesNo, required: true)
            .Many());

    private static bool CheckSource(in Scope scope) => scope.Raw.Has("type") && scope.Raw.Child("source") is null
        ? throw Fault.Xml(scope.Context.Domain, "Missing <source> element in hostdev device")
        : true;

    private static Finish Has(string child, string kind) => (in Scope scope) => scope.Node.Child(child) is null
        ? throw Fault.Xml(scope.Context.Domain, $"Missing <{child}> element in hostdev {kind} device")
        : true;

    private static bool CheckIscsi(in Scope scope)
    {
        if (scope.Raw.Child("host") is null)
            throw Fault.Xml(scope.Context.Domain, "missing the host address for the iSCSI hostdev");
        if (scope.Raw.Count("host") > 1)
            throw Fault.Xml(scope.Context.Domain, "only one source host address may be specified for the iSCSI hostdev");
        if (scope.Node["name"] is { } name && !name.Contains('/', StringComparison.Ordinal))
            scope.Node["name"] = name + "/0";
        return scope.Node.Find("auth", "secret") is { } secret && secret["type"] != "iscsi"
            ? throw Fault.Unsupported(scope.Context.Domain, $"invalid secret type {secret["type"] ?? "(null)"}")
            : true;
    }

    private static bool IsVfio(in Scope scope) => scope.Node["type"] is "mdev" or "pci";

    private static ElementSchema UsbId(string name) => Element(name).Attr("id", Hex(4, nonZero: name == "vendor"), required: true);

    private static IdValue Id(int digits) => new IdValue(Hex(digits, (1ul << (digits * 4)) - 1, upper: true));

    private static bool CheckUsb(in Scope scope)
    {
        Node node = scope.Node;
        if (node.Child("vendor") is not null && node.Child("product") is null)
            throw Fault.Internal(scope.Context.Domain, "missing product");
        if (node.Child("vendor") is null && node.Child("product") is not null)
            throw Fault.Internal(scope.Context.Domain, "missing vendor");
        if (node.Child("address") is { } address && address["bus"] == "0" && address["device"] == "0")
            node.Remove(address);
        return true;
    }

    private static bool CheckSubsystem(in Scope scope)
    {
        Node node = scope.Node;
        node["managed"] ??= "no";
        string type = node["type"]!;
        if (type != "scsi" && node.Has("sgio"))
            throw Fault.Xml(scope.Context.Domain, "sgio is only supported for scsi host device");
        if (type != "scsi" && node.Has("rawio"))
            throw Fault.Xml(scope.Context.Domain, "rawio is only supported for scsi host device");
        if (type is not ("mdev" or "scsi_host") && scope.Raw.Has("model"))
            throw Fault.Xml(scope.Context.Domain, $"'model' attribute in <hostdev> is only supported when type='{type}'");
        if (type == "mdev" && !node.Has("model"))
            Fault.ThrowMissingAttribute("hostdev", "model");
        if (type == "mdev" && node.Find("source", "address") is null)
            throw Fault.Unsupported(scope.Context.Domain, "Missing <address> element");
        return true;
    }

    private sealed class ModelValue : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = value == "default" ? null : value;
            return value is "default" or "vfio-pci" or "vfio-ccw" or "vfio-ap" or "virtio" or "virtio-transitional" or "virtio-non-transitional"
                ? ValueResult.Ok
                : ValueResult.Bad;
        }
    }

    /// <summary>A number that -1 leaves open.</summary>
    private sealed class IdValue(ValueSchema number) : ValueSchema
    {
        public override string Expectation => Int.Expectation;

        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = null;
            return value == "-1" ? ValueResult.Ok : number.Normalise(value, out normal);
        }
    }

    /// <summary>A version of a USB device in binary coded decimal: 1.10 is 0x0110.</summary>
    private sealed class VersionValue : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = null;
            if (value == "-1")
                return ValueResult.Ok;
            string[] parts = value.Split('.');
            if (parts.Length != 2 || !byte.TryParse(parts[0], out byte major) || !byte.TryParse(parts[1], out byte minor) || major > 99 || minor > 99)
                return ValueResult.Bad;
            if (parts[1].Length == 1)
                minor *= 10;
            normal = $"{major}.{minor:00}";
            return ValueResult.Ok;
        }
    }
}
