using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>What interfaces of domains, networks and network ports share.</summary>
internal static class NetworkParts
{
    private static readonly FaultText s_tagId = new(ErrorCode.XmlError, "vlan tag id {0} too large (maximum 4095)", ErrorDomain.None);

    public static readonly ElementSchema Vlan = Element("vlan")
        .Attr("trunk", YesOnly)
        .With(Element("tag").Attr("id", Number(0, 4095), required: true, bad: s_tagId)
            .Attr("nativeMode", OneOf("tagged", "untagged"), bad: FaultText.Xml("Invalid \"nativeMode='{0}'\" in vlan 'tag' element")).Many())
        .Then(static (in Scope scope) =>
        {
            int tags = scope.Node.Count("tag");
            if (tags == 0)
                throw Fault.Xml(ErrorDomain.None, "missing tag id - each <vlan> must have at least one <tag id='n'/> subelement");
            if (tags > 1 && scope.Raw["trunk"] is not null and not "yes")
                throw Fault.Xml(ErrorDomain.None, $"invalid \"trunk='{scope.Raw["trunk"]}'\" in <vlan> - trunk='yes' is required for more than one vlan tag");
            if (tags > 1)
                scope.Node["trunk"] = "yes";
            return true;
        });

    public static readonly ElementSchema VirtualPort = Element("virtualport")
        .Attr("type", OneOfOr("none", "802.1Qbg", "802.1Qbh", "openvswitch", "midonet"), bad: new FaultText(ErrorCode.ConfigUnsupported, "unknown virtualport type {0}", ErrorDomain.None))
        .With(Element("parameters")
            .Attr("managerid", UInt)
            .Attr("typeid", UInt)
            .Attr("typeidversion", UInt)
            .Attr("instanceid", Uuid, bad: FaultText.Xml("cannot parse instanceid parameter as a uuid"))
            .Attr("interfaceid", Uuid, bad: FaultText.Xml("cannot parse interfaceid parameter as a uuid"))
            .Attr("profileid"))
        .Then(static (in Scope scope) =>
        {
            if (scope.Node["type"] is "openvswitch" or "midonet" && scope.Node.Find("parameters")?["interfaceid"] is null)
            {
                Node parameters = scope.Node.GetOrAdd("parameters");
                parameters["interfaceid"] = scope.Context.NewUuid().ToString("D");
            }

            return true;
        });

    public static readonly ElementSchema Bandwidth = Element("bandwidth")
        .Attr("classID", UIntOrZero)
        .With(Rate("inbound"), Rate("outbound"))
        .Open()
        .Then(static (in Scope scope) => scope.Node.ChildList.Count > 0);

    public static readonly ElementSchema PortIsolated = Element("port").Attr("isolated", YesNo);

    public static readonly ElementSchema IpAddress = Element("ip")
        .Attr("address", Ip, missing: FaultText.Xml("Missing required address in <ip>"), bad: FaultText.Xml("Invalid address '{0}' in <ip>"))
        .Attr("family", Any)
        .Attr("prefix", UIntOrZero, bad: FaultText.Xml("Invalid prefix value '{0}' in <ip>"))
        .Attr("peer", Ip)
        .Many()
        .Then(static (in Scope scope) =>
        {
            scope.Node["family"] = DocumentText.IsIpv6(scope.Node["address"]!) ? "ipv6" : "ipv4";
            return true;
        });

    public static readonly ElementSchema Route = Element("route")
        .Attr("family", OneOf("ipv4", "ipv6"))
        .Attr("address", Ip)
        .Attr("netmask", Ip)
        .Attr("prefix", UInt)
        .Attr("gateway", Ip)
        .Attr("metric", UIntOrZero)
        .Many();

    public static readonly ElementSchema Teaming = Element("teaming").Attr("type", OneOf("persistent", "transient")).Attr("persistent")
        .Then(static (in Scope scope) => scope.Node.Has("type"));

    private static FaultText BadRate(string name) =>
        new(ErrorCode.ConfigUnsupported, $"could not convert bandwidth {name} value '{{0}}'", ErrorDomain.None);

    private static ElementSchema Rate(string name) => Element(name)
        .Attr("average", ULongOrZero, bad: BadRate("average"))
        .Attr("peak", ULongOrZero, bad: BadRate("peak"))
        .Attr("floor", ULongOrZero, bad: BadRate("floor"))
        .Attr("burst", ULongOrZero, bad: BadRate("burst"))
        .Then(static (in Scope scope) => scope.Node.Has("average") || scope.Node.Has("floor")
            ? true
            : throw Fault.Detail(ErrorDomain.None, "Missing mandatory average or floor attributes"));
}
