using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>The configuration of a host's network interface, in libvirt's output order.</summary>
internal static class InterfaceSchema
{
    private static readonly ElementSchema s_link = Element("link").Attr("speed", UIntOrZero)
        .Attr("state", OneOf("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"));

    private static readonly ElementSchema[] s_addressing =
    [
        Element("start").Attr("mode", OneOf("none", "onboot", "hotplug"), bad: FaultText.Xml("unknown interface startmode {0}")),
        Element("mtu").Attr("size", UIntOrZero, bad: FaultText.Xml("interface mtu value is improper")),
        Element("protocol").Attr("family", OneOf("ipv4", "ipv6"), missing: FaultText.Xml("protocol misses the family attribute"),
                bad: FaultText.Xml("unsupported protocol family '{0}'"))
            .With(
                Flag("autoconf").When(static (in Scope scope) => scope.Parent?["family"] == "ipv6"),
                Flag("dhcp").Attr("peerdns", YesNo),
                Element("ip").Attr("address").Attr("prefix", Number(int.MinValue, int.MaxValue, omitZero: true, signed: true)).Many().Then(static (in Scope scope) => scope.Node.Has("address")),
                Element("route").Attr("gateway"))
            .Many()
            .Open(),
    ];

    private static readonly ElementSchema s_member = Switch("interface", static (raw, _) => raw["type"],
        ("ethernet", Head().With(s_link, Mac()).Open()),
        ("bond", Head().With(s_link).Open()),
        ("vlan", Head().With(s_link, Vlan()).Open()),
        ("bridge", DeviceSchemas.Reject("interface", static _ => Fault.Xml(ErrorDomain.Interface, "interface has unsupported type 'bridge'"))),
        ("", Element("interface").Attr("type", OneOf("ethernet", "bridge", "bond", "vlan"), required: true))).Many();

    public static readonly ElementSchema Root = Switch("interface", static (raw, _) => raw["type"],
        ("ethernet", Head().With(s_addressing).With(s_link, Mac()).Open()),
        ("bridge", Head().With(s_addressing).With(
            Element("bridge").Attr("stp", OnOff, bad: FaultText.Xml("bridge interface stp should be on or off got {0}")).Attr("delay").With(s_member).Open())
            .Open().Then(Needs("bridge"))),
        ("bond", Head().With(s_addressing).With(s_link, Bond()).Open().Then(Needs("bond"))),
        ("vlan", Head().With(s_addressing).With(s_link, Vlan()).Open().Then(Needs("vlan"))),
        ("", Element("interface").Attr("type", OneOf("ethernet", "bridge", "bond", "vlan"), required: true)));

    private static ElementSchema Head() => Element("interface").Attr("type").Attr("name", missing: FaultText.Xml("interface has no name"));

    private static ElementSchema Mac() => Element("mac").Attr("address", StorageSchemas.NonEmpty);

    private static ElementSchema Bond() => Element("bond")
        .Attr("mode", OneOf("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"),
            bad: FaultText.Xml("unknown bonding mode {0}"))
        .With(
            Element("miimon").Attr("freq", Int, missing: FaultText.Xml("bond interface miimon freq missing or invalid"), bad: FaultText.Xml("bond interface miimon freq missing or invalid"))
                .Attr("downdelay", new Delay(), bad: FaultText.Xml("bond interface miimon downdelay invalid"))
                .Attr("updelay", new Delay(), bad: FaultText.Xml("bond interface miimon updelay invalid"))
                .Attr("carrier", OneOf("ioctl", "netif"), bad: FaultText.Xml("unknown mii bonding carrier {0}")),
            Element("arpmon").Attr("interval", Int, missing: FaultText.Xml("bond interface arpmon interval missing or invalid"), bad: FaultText.Xml("bond interface arpmon interval missing or invalid"))
                .Attr("target", missing: FaultText.Xml("bond interface arpmon target missing"))
                .Attr("validate", OneOf("active", "backup", "all"), bad: FaultText.Xml("unknown arp bonding validate {0}")),
            s_member)
        .Open()
        .Then(static (in Scope scope) =>
        {
            if (scope.Node.Child("miimon") is not null)
                scope.Node.RemoveAll("arpmon");
            return true;
        });

    private static ElementSchema Vlan() => Element("vlan").Attr("tag", missing: FaultText.Xml("vlan interface misses the tag attribute"))
        .With(Element("interface").Attr("name", missing: FaultText.Xml("vlan interface misses name attribute")))
        .Then(static (in Scope scope) => scope.Raw.Child("interface") is null
            ? throw Fault.Xml(scope.Context.Domain, "vlan interface misses name attribute")
            : true);

    private static Finish Needs(string name) => (in Scope scope) => scope.Node.Child(name) is null
        ? throw Fault.Xml(scope.Context.Domain, $"{name} interface misses the {name} element")
        : true;

    /// <summary>A time in milliseconds; only one above zero is printed.</summary>
    private sealed class Delay : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            ValueResult result = Int.Normalise(value, out normal);
            if (normal is "0" or ['-', ..])
                normal = null;
            return result;
        }
    }
}
