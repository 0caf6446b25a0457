using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>The network document, in libvirt's output order.</summary>
internal static class NetworkSchema
{
    private static readonly ElementSchema s_lease = Element("lease").Attr("expiry", ULong)
        .Attr("unit", OneOf("seconds", "minutes", "hours"), "minutes", when: static (in Scope scope) => scope.Node["expiry"] is not (null or "0"))
        .Then(static (in Scope scope) =>
        {
            ulong expiry = DomainRules.Number(scope.Node["expiry"]);
            ulong least = scope.Node["unit"] switch { "seconds" => 120, "minutes" => 2, _ => 0 };
            return expiry < least ? throw Fault.Unsupported(scope.Context.Domain, "The minimum lease time should be greater than 2 minutes") : true;
        });

    private static readonly ElementSchema s_dhcp = Element("dhcp").With(
        Element("range").Attr("start", Ip).Attr("end", Ip).With(s_lease).Keep().Many(),
        Element("host").Attr("mac", Any).Attr("id").Attr("name").Attr("ip").With(s_lease).Many(),
        Element("bootp").Attr("file").Attr("server", Ip).Then(static (in Scope scope) => scope.Node.Has("file")))
        .Then(static (in Scope scope) => scope.Node.Child("range") is not null || scope.Node.Child("host") is not null);

    public static readonly ElementSchema Address = Element("ip")
        .Attr("family")
        .Attr("address")
        .Attr("netmask")
        .Attr("prefix", UIntOrZero)
        .Attr("localPtr", YesNo)
        .With(Element("tftp").Attr("root", StorageSchemas.NonEmpty), s_dhcp)
        .Many()
        .Open();

    private static readonly ElementSchema s_forward = Element("forward")
        .Attr("dev", StorageSchemas.NonEmpty)
        .Attr("mode", OneOf("none", "nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev"), "nat",
            bad: FaultText.Unsupported("unknown forwarding type '{0}'"))
        .Attr("managed", Any)
        .With(
            Element("driver").Attr("name").Attr("model"),
            Element("nat").Attr("ipv6", YesNo).With(
                Element("address").Attr("start").Attr("end"),
                Element("port").Attr("start").Attr("end")),
            Element("pf").Attr("dev"),
            Element("interface").Attr("dev").Attr("connections", UIntOrZero, show: Show.Live, when: static (in Scope scope) => !scope.Context.Inactive).Many(),
            Element("address").Attr("type").Include(DeviceSchemas.PciNumbers(Element("address"))).Then(DeviceSchemas.CheckPciRange).Many())
        .Then(static (in Scope scope) => NetworkRules.FinishForward(scope));

    public static readonly ElementSchema Dns = Element("dns")
        .Attr("enable", YesNo)
        .Attr("forwardPlainNames", YesNo)
        .With(
            Element("forwarder").Attr("domain").Attr("addr").Many(),
            Element("txt").Attr("name").Attr("value").Many(),
            Element("srv").Attr("service").Attr("protocol").Attr("domain").Attr("target").Attr("port").Attr("priority").Attr("weight").Many(),
            Element("host").Attr("ip").With(Leaf("hostname").Many()).Many());

    public static readonly ElementSchema PortGroup = Element("portgroup")
        .Attr("name", missing: FaultText.Xml("Missing required name attribute in portgroup"))
        .Attr("default", Lenient(YesOnly))
        .Attr("trustGuestRxFilters", YesNo)
        .With(NetworkParts.Vlan, NetworkParts.NetworkPort, NetworkParts.Bandwidth)
        .Many()
        .Open();

    public static readonly ElementSchema Root = Element("network")
        .Attr("connections", UIntOrZero, show: Show.Live, when: static (in Scope scope) => !scope.Context.Inactive)
        .Attr("ipv6")
        .Attr("trustGuestRxFilters", YesNo)
        .With(
            Leaf("name"),
            Leaf("uuid", Uuid, FaultText.Internal("malformed uuid element")),
            Leaf("title"),
            Leaf("description"),
            Verbatim("metadata"),
            s_forward,
            Element("bridge").Attr("name", StorageSchemas.NonEmpty).Attr("zone", StorageSchemas.NonEmpty).Attr("stp").Attr("delay")
                .Attr("macTableManager"),
            Element("mtu").Attr("size"),
            Element("mac").Attr("address"),
            Element("domain").Attr("name").Attr("localOnly", YesNo).Attr("register", YesNo)
                .Then(static (in Scope scope) => scope.Node["register"] == "yes" && scope.Node["localOnly"] != "yes"
                    ? throw Fault.Unsupported(scope.Context.Domain,
                        $"attribute 'register=yes' in <domain> element requires 'localOnly=yes' in network {scope.Parent?.ChildText("name")}")
                    : scope.Node.Has("name")),
            Dns,
            NetworkParts.Vlan,
            NetworkParts.Bandwidth,
            NetworkParts.PortIsolated,
            Address,
            RouteRule.Route(null),
            NetworkParts.NetworkPort,
            PortGroup)
        .Open()
        .Then(static (in Scope scope) => NetworkRules.Finish(scope));
}
