using System.Buffers;
using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>What devices of many kinds share: alias, boot order, option ROM, address, and the options of virtio.</summary>
internal static class DeviceSchemas
{
    private static readonly SearchValues<char> s_aliasCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    private static readonly SearchValues<char> s_loadCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789. ");

    /// <summary>The options of <c>&lt;driver&gt;</c> that every virtio device has.</summary>
    public static readonly ElementSchema VirtioOptions = Element("driver")
        .Attr("iommu", OnOff)
        .Attr("ats", OnOff)
        .Attr("packed", OnOff)
        .Attr("page_per_vq", OnOff);

    /// <summary>A <c>&lt;driver&gt;</c> with nothing but those.</summary>
    public static readonly ElementSchema VirtioDriver = Element("driver").Include(VirtioOptions);

    public static readonly ElementSchema Address = Switch("address", static (raw, _) => raw["type"],
        ("pci", Pci()),
        ("drive", Numbers("drive", UInt, "controller", "bus", "target", "unit")),
        ("virtio-serial", Numbers("virtio-serial", UInt, "controller", "bus", "port")),
        ("ccid", Numbers("ccid", UInt, "controller", "slot")),
        ("usb", Element("address").Attr("type").Attr("bus", UInt, "0").Attr("port", Where(Any, IsUsbPort),
            bad: new FaultText(ErrorCode.InternalError, "Cannot parse <address> 'port' attribute", ErrorDomain.Device))),
        ("spapr-vio", Element("address").Attr("type").Attr("reg", Hex(8, ulong.MaxValue, @base: 16))),
        ("ccw", Element("address").Attr("type").Attr("cssid", Hex(1), "0x0").Attr("ssid", Hex(1), "0x0").Attr("devno", Hex(4), "0x0000")
            .Then(CheckCcw)),
        ("virtio-mmio|unassigned", Element("address").Attr("type")),
        ("isa", Element("address").Attr("type").Attr("iobase", Hex(1, omitZero: true, @base: 16)).Attr("irq", Hex(1, omitZero: true, @base: 16))),
        ("dimm", Element("address").Attr("type").Attr("slot", UInt, required: true).Attr("base", Hex(1, ulong.MaxValue, omitZero: true, @base: 16))),
        ("virtio-s390", Reject("address", static _ => Fault.Xml(ErrorDomain.Domain, "virtio-s390 bus doesn't have an address"))),
        ("", Reject("address", static raw => raw["type"] is { } type
            ? Fault.Unsupported(ErrorDomain.Domain, $"unknown address type '{type}'")
            : Fault.Internal(ErrorDomain.Domain, "No type specified for device address"))));

    /// <summary>An address of a PCI device of the host, which does not say its type.</summary>
    public static readonly ElementSchema PlainPciAddress = PciNumbers(Element("address"));

    private static readonly ElementSchema s_boot = Element("boot").Attr("order", Positive, required: true).Attr("loadparm", new UpperCase()).Then(static (in Scope scope) => scope.Node["loadparm"] is { Length: 0 or > 8 } text
            ? throw Fault.Internal(scope.Context.Domain, $"loadparm value '{text}' must be between 1 and 8 characters")
            : scope.Node["loadparm"] is { } given && given.AsSpan().IndexOfAnyExcept(s_loadCharacters) >= 0
                ? throw Fault.Internal(scope.Context.Domain, $"invalid loadparm value '{given}', expecting chars in set of [a-zA-Z0-9.] and blank spaces")
                : true);

    private static readonly ElementSchema s_alias = Element("alias").Attr("name", StorageSchemas.NonEmpty)
        .When(static (in Scope scope) => !scope.Context.Inactive || IsUserAlias(scope.Raw["name"]));

    private static readonly ElementSchema s_master = Element("master").Attr("startport", UInt, "0");

    private static readonly ElementSchema s_rom = Element("rom").Attr("enabled", YesNo).Attr("bar", OnOff).Attr("file").Then(static (in Scope scope) =>
        scope.Node["enabled"] == "no" && (scope.Node.Has("bar") || scope.Node.Has("file"))
            ? throw Fault.Unsupported(scope.Context.Domain, "ROM tuning is not supported when ROM is disabled")
            : true);

    private static readonly ElementSchema s_acpi = Element("acpi").Attr("index", Positive);

    /// <summary>The end of every device.</summary>
    public static readonly ElementSchema[] Info = [s_alias, s_master, s_acpi, Address];

    /// <summary>The end of every device that the guest can boot from.</summary>
    public static readonly ElementSchema[] BootInfo = [s_boot, s_alias, s_master, s_acpi, Address];

    /// <summary>The end of every device that the guest can boot from and that has an option ROM.</summary>
    public static readonly ElementSchema[] RomInfo = [s_boot, s_alias, s_master, s_rom, s_acpi, Address];

    /// <summary>An element whose very presence is an error.</summary>
    public static ElementSchema Reject(string name, Func<Node, VirException> fault) => Element(name).By((raw, _, _) => throw fault(raw));

    /// <summary>The group of attributes of a PCI address, on an element that may carry more.</summary>
    public static ElementSchema PciNumbers(ElementSchema schema) => schema
        .Attr("domain", Hex(4), "0x0000")
        .Attr("bus", Hex(2), "0x00")
        .Attr("slot", Hex(2), "0x00")
        .Attr("function", new PciFunction(), "0x0")
        .Then(CheckPci);

    internal static bool IsUserAlias(string? alias) =>
        alias is not null && alias.StartsWith("ua-", StringComparison.Ordinal) && alias.AsSpan().IndexOfAnyExcept(s_aliasCharacters) < 0;

    private static ElementSchema Pci() => PciNumbers(Element("address").Attr("type"))
        .Attr("multifunction", OnOff)
        .With(Element("zpci").Attr("uid", Hex(4)).Attr("fid", Hex(8)));

    private static ElementSchema Numbers(string type, ValueSchema number, params ReadOnlySpan<string> names)
    {
        ElementSchema schema = Element("address").Attr("type", OneOf(type));
        foreach (string name in names)
            schema.Attr(name, number, "0");
        return schema;
    }

    /// <summary>An address of all zeros is one that was not given: then only its type is kept.</summary>
    private static bool CheckPci(in Scope scope)
    {
        Node node = scope.Node;
        uint domain = Value(node, "domain"), bus = Value(node, "bus"), slot = Value(node, "slot"), function = Value(node, "function");
        if (domain == 0 && bus == 0 && slot == 0 && function <= 7)
        {
            if (node.Has("type"))
            {
                node["domain"] = null;
                node["bus"] = null;
                node["slot"] = null;
                node["function"] = null;
            }

            return true;
        }

        return CheckPciRange(scope);
    }

    /// <summary>The numbers of a PCI address are those of a device that can be.</summary>
    internal static bool CheckPciRange(in Scope scope)
    {
        uint bus = Value(scope.Node, "bus"), slot = Value(scope.Node, "slot"), function = Value(scope.Node, "function");
        if (bus > 0xff)
            throw Bad("bus", bus, 0xff);
        if (slot > 0x1f)
            throw Bad("slot", slot, 0x1f);
        return function > 7 ? throw Fault.Xml(ErrorDomain.None, $"Invalid PCI address function=0x{function:x}, must be <= 7") : true;
    }

    private static VirException Bad(string name, uint value, uint max) =>
        Fault.Xml(ErrorDomain.None, $"Invalid PCI address {name}='0x{value:x}', must be <= 0x{max:X}");

    private static uint Value(Node node, string name) =>
        node[name] is { } text && DocumentText.TryParseNumber(text, 0, out Int128 number) ? (uint)number : 0;

    private static bool CheckCcw(in Scope scope)
    {
        Node node = scope.Node;
        return Value(node, "cssid") > 0xfe || Value(node, "ssid") > 3 || Value(node, "devno") > 0xffff
            ? throw Fault.Internal(ErrorDomain.Device,
                $"Invalid specification for virtio ccw address: cssid='{node["cssid"]}' ssid='{node["ssid"]}' devno='{node["devno"]}'")
            : true;
    }

    private static bool IsUsbPort(string text)
    {
        int parts = 0;
        foreach (Range range in text.AsSpan().Split('.'))
        {
            if (++parts > 4 || !ushort.TryParse(text.AsSpan()[range], out _))
                return false;
        }

        return true;
    }

    /// <summary>The function of a PCI device is printed in decimal after its 0x.</summary>
    private sealed class PciFunction : ValueSchema
    {
        public override string Expectation => UInt.Expectation;

        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = null;
            if (!DocumentText.TryParseNumber(value, 0, out Int128 number) || number < 0 || number > uint.MaxValue)
                return ValueResult.Bad;
            normal = "0x" + ToText((ulong)number);
            return ValueResult.Ok;
        }
    }

    private sealed class UpperCase : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = value.ToUpperInvariant();
            return ValueResult.Ok;
        }
    }
}
