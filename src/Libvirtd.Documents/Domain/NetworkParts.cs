using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>What interfaces of domains, networks and network ports share.</summary>
internal static class NetworkParts
{
    private static readonly FaultText s_trunk =
        new(ErrorCode.XmlError, "invalid \"trunk='{0}'\" in <vlan> - must be yes or no", ErrorDomain.None);

    private static readonly FaultText s_tagId = new(ErrorCode.XmlError, "vlan tag id {0} too large (maximum 4095)", ErrorDomain.None);

    public static readonly ElementSchema Vlan = Element("vlan")
        .Attr("trunk", Lenient(YesOnly))
        .With(Element("tag").Attr("id", UInt, required: true).Attr("nativeMode", OneOf("tagged", "untagged")).Many().Then(static (in Scope scope) =>
            DomainRules.Number(scope.Node["id"]) > 4095 ? throw s_tagId.ToException(ErrorDomain.None, scope.Node["id"]!) : true))
        .Then(static (in Scope scope) =>
        {
            int tags = scope.Node.Count("tag");
            bool native = scope.Node.All("tag").Any(static tag => tag.Has("nativeMode"));
            if (tags == 0)
                throw Fault.Xml(ErrorDomain.None, "missing tag id - each <vlan> must have at least one <tag id='n'/> subelement");
            if (scope.Node.All("tag").Count(static tag => tag.Has("nativeMode")) > 1)
                throw Fault.Xml(ErrorDomain.None, "duplicate native vlan setting");
            if (scope.Raw["trunk"] is { Length: > 0 } trunk && !trunk.Equals("yes", StringComparison.OrdinalIgnoreCase))
            {
                if (tags > 1)
                    throw Fault.Xml(ErrorDomain.None, $"invalid \"trunk='{trunk}'\" in <vlan> - trunk='yes' is required for more than one vlan tag");
                if (native)
                    throw Fault.Xml(ErrorDomain.None, "invalid configuration in <vlan> - \"trunk='no'\" is not allowed with a native vlan id");
                if (!trunk.Equals("no", StringComparison.OrdinalIgnoreCase))
                    throw s_trunk.ToException(ErrorDomain.None, trunk);
            }

            if (tags > 1 || native)
                scope.Node["trunk"] = "yes";
            return true;
        });

    /// <summary>The port of an interface: the ids that its type needs and nobody gave are made up.</summary>
    public static readonly ElementSchema VirtualPort = PlainPort().Then(static (in Scope scope) =>
    {
        string? type = scope.Node["type"];
        if (type is "802.1Qbg" or null && scope.Node.Child("parameters")?["instanceid"] is null)
            Generate(scope, "instanceid");
        if (type is "openvswitch" or null && scope.Node.Child("parameters")?["interfaceid"] is null)
            Generate(scope, "interfaceid");
        return true;
    }).Then(CheckExtras);

    /// <summary>The port that a network gives its interfaces.</summary>
    public static readonly ElementSchema NetworkPort = PlainPort().Then(CheckExtras);

    public static readonly ElementSchema Bandwidth = Element("bandwidth")
        .Attr("classID", UIntOrZero)
        .With(Rate("inbound"), Rate("outbound"))
        .Open()
        .Then(static (in Scope scope) =>
        {
            foreach (string name in (ReadOnlySpan<string>)["inbound", "outbound"])
            {
                if (scope.Raw.Count(name) > 1)
                    throw Fault.Detail(ErrorDomain.None, $"Only one child <{name}> element allowed");
            }

            return scope.Raw.Child("inbound") is not null || scope.Raw.Child("outbound") is not null;
        });

    public static readonly ElementSchema PortIsolated = Element("port").Attr("isolated", YesNo);

    public static readonly ElementSchema IpAddress = Element("ip")
        .Attr("address", Ip, missing: FaultText.Xml("Missing required address in <ip>"), bad: FaultText.Xml("Invalid address '{0}' in <ip>"))
        .Attr("family", Any)
        .Attr("prefix", UIntOrZero, bad: FaultText.Xml("Invalid prefix value '{0}' in <ip>"))
        .Attr("peer", Ip, bad: new FaultText(ErrorCode.InvalidArg, "Invalid peer '{0}' in <ip>"))
        .Many()
        .Then(static (in Scope scope) =>
        {
            scope.Node["family"] = DocumentText.IsIpv6(scope.Node["address"]!) ? "ipv6" : "ipv4";
            return true;
        });

    public static readonly ElementSchema Teaming = Element("teaming")
        .Attr("type", OneOf("persistent", "transient"), missing: FaultText.Unsupported("unknown teaming type '(null)'"),
            bad: FaultText.Unsupported("unknown teaming type '{0}'"))
        .Attr("persistent");

    private static ElementSchema PlainPort() => Element("virtualport")
        .Attr("type", OneOf("802.1Qbg", "802.1Qbh", "openvswitch", "midonet"), bad: new FaultText(ErrorCode.ConfigUnsupported, "unknown virtualport type {0}", ErrorDomain.None))
        .With(Element("parameters")
            .Attr("managerid", new PortNumber(0xff, "value of managerid out of range"), bad: PortFault("cannot parse value of managerid parameter"))
            .Attr("typeid", new PortNumber(0xffffff, "value for typeid out of range"), bad: PortFault("cannot parse value of typeid parameter"))
            .Attr("typeidversion", new PortNumber(0xff, "value of typeidversion out of range"), bad: PortFault("cannot parse value of typeidversion parameter"))
            .Attr("instanceid", Uuid, bad: PortFault("cannot parse instanceid parameter as a uuid"))
            .Attr("interfaceid", Uuid, bad: PortFault("cannot parse interfaceid parameter as a uuid"))
            .Attr("profileid", Where(Any, static id => System.Text.Encoding.UTF8.GetByteCount(id) < 40), bad: PortFault("profileid parameter too long")));

    private static FaultText PortFault(string format) => new(ErrorCode.XmlError, format, ErrorDomain.None);

    private static void Generate(in Scope scope, string name) =>
        scope.Node.GetOrAdd("parameters")[name] = scope.Context.NewUuid().ToString("D");

    /// <summary>What the type of a port has no use for is an error.</summary>
    private static bool CheckExtras(in Scope scope)
    {
        if (scope.Node["type"] is not { } type || scope.Node.Child("parameters") is not { } parameters)
            return true;
        ReadOnlySpan<string> used = type switch
        {
            "802.1Qbg" => ["managerid", "typeid", "typeidversion", "instanceid"],
            "802.1Qbh" => ["profileid"],
            "openvswitch" => ["interfaceid", "profileid"],
            _ => ["interfaceid"],
        };
        foreach (string name in (ReadOnlySpan<string>)["managerid", "typeid", "typeidversion", "instanceid", "profileid", "interfaceid"])
        {
            if (parameters.Has(name) && !used.Contains(name))
                throw Fault.Xml(ErrorDomain.None, $"extra {name} unsupported in <virtualport type='{type}'>");
        }

        return true;
    }

    private static FaultText BadRate(string name) =>
        new(ErrorCode.ConfigUnsupported, $"could not convert bandwidth {name} value '{{0}}'", ErrorDomain.None);

    private static ElementSchema Rate(string name) => Element(name)
        .Attr("average", ULongOrZero, bad: BadRate("average"))
        .Attr("peak", ULongOrZero, bad: BadRate("peak"))
        .Attr("floor", ULongOrZero, bad: BadRate("floor"))
        .Attr("burst", ULongOrZero, bad: BadRate("burst"))
        .Then(static (in Scope scope) =>
        {
            Node raw = scope.Raw;
            if (!raw.Has("average") && !raw.Has("floor"))
                throw Fault.Detail(ErrorDomain.None, "Missing mandatory average or floor attributes");
            if ((raw.Has("peak") || raw.Has("burst")) && !raw.Has("average"))
                throw Fault.Unsupported(ErrorDomain.None, "'peak' and 'burst' require 'average' attribute");
            return scope.Node.Has("average") || scope.Node.Has("floor");
        });

    /// <summary>A number of a port's description, in any base, up to a limit.</summary>
    private sealed class PortNumber(uint most, string fault) : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = null;
            // A negative number wraps around in C, and is then out of range.
            if (!DocumentText.TryParseNumber(value, 0, out Int128 number) || number < -uint.MaxValue || number > uint.MaxValue)
                return ValueResult.Bad;
            if (number < 0 || number > most)
                throw Fault.Xml(ErrorDomain.None, fault);
            normal = ToText((ulong)number);
            return ValueResult.Ok;
        }
    }
}
