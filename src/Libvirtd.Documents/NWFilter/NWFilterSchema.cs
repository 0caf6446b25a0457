using static Libvirtd.Documents.ElementSchema;

namespace Libvirtd.Documents;

/// <summary>Network filters: rules by protocol, and references to other filters.</summary>
internal static class NWFilterSchema
{
    private static readonly (string Name, NWFilterType Type)[] s_mac =
        [("srcmacaddr", NWFilterType.Mac), ("srcmacmask", NWFilterType.Mac), ("dstmacaddr", NWFilterType.Mac), ("dstmacmask", NWFilterType.Mac)];

    private static readonly (string Name, NWFilterType Type)[] s_comment = [("comment", NWFilterType.Text)];

    private static readonly (string Name, NWFilterType Type)[] s_ports =
        [("srcportstart", NWFilterType.Number16), ("srcportend", NWFilterType.Number16), ("dstportstart", NWFilterType.Number16), ("dstportend", NWFilterType.Number16)];

    private static readonly (string Name, NWFilterType Type)[] s_address =
        [("srcipaddr", NWFilterType.Ip), ("srcipmask", NWFilterType.Mask), ("dstipaddr", NWFilterType.Ip), ("dstipmask", NWFilterType.Mask)];

    private static readonly (string Name, NWFilterType Type)[] s_layer3 =
    [
        ("srcmacaddr", NWFilterType.Mac), .. s_address,
        ("srcipfrom", NWFilterType.Ip), ("srcipto", NWFilterType.Ip), ("dstipfrom", NWFilterType.Ip), ("dstipto", NWFilterType.Ip),
        ("dscp", NWFilterType.Number8), ("connlimit-above", NWFilterType.Number16), ("state", NWFilterType.State),
        ("ipset", NWFilterType.Text), ("ipsetflags", NWFilterType.Text), .. s_comment,
    ];

    private static readonly (string Name, NWFilterType Type)[] s_arp =
    [
        .. s_mac, ("hwtype", NWFilterType.Number16), ("protocoltype", NWFilterType.Number16), ("opcode", NWFilterType.ArpOpcode),
        ("arpsrcmacaddr", NWFilterType.Mac), ("arpdstmacaddr", NWFilterType.Mac), ("arpsrcipaddr", NWFilterType.Ip), ("arpsrcipmask", NWFilterType.Mask),
        ("arpdstipaddr", NWFilterType.Ip), ("arpdstipmask", NWFilterType.Mask), ("gratuitous", NWFilterType.Boolean), .. s_comment,
    ];

    private static readonly (string Name, NWFilterType Type)[] s_stp =
    [
        ("srcmacaddr", NWFilterType.Mac), ("srcmacmask", NWFilterType.Mac), ("type", NWFilterType.Number8), ("flags", NWFilterType.Number8),
        ("root-priority", NWFilterType.Number16), ("root-priority-hi", NWFilterType.Number16), ("root-address", NWFilterType.Mac),
        ("root-address-mask", NWFilterType.Mac), ("root-cost", NWFilterType.Number32), ("root-cost-hi", NWFilterType.Number32),
        ("sender-priority", NWFilterType.Number16), ("sender-priority-hi", NWFilterType.Number16), ("sender-address", NWFilterType.Mac),
        ("sender-address-mask", NWFilterType.Mac), ("port", NWFilterType.Number16), ("port-hi", NWFilterType.Number16), ("age", NWFilterType.Number16),
        ("age-hi", NWFilterType.Number16), ("max-age", NWFilterType.Number16), ("max-age-hi", NWFilterType.Number16), ("hello-time", NWFilterType.Number16),
        ("hello-time-hi", NWFilterType.Number16), ("forward-delay", NWFilterType.Number16), ("forward-delay-hi", NWFilterType.Number16), .. s_comment,
    ];

    /// <summary>The attributes of each protocol, in output order.</summary>
    public static readonly Dictionary<string, (string Name, NWFilterType Type)[]> Protocols = new(StringComparer.Ordinal)
    {
        ["mac"] = [.. s_mac, ("protocolid", NWFilterType.EtherType), .. s_comment],
        ["vlan"] = [.. s_mac, ("vlanid", NWFilterType.Number16), ("encap-protocol", NWFilterType.EtherType), .. s_comment],
        ["stp"] = s_stp,
        ["arp"] = s_arp,
        ["rarp"] = s_arp,
        ["ip"] = [.. s_mac, .. s_address, ("protocol", NWFilterType.Protocol), .. s_ports, ("dscp", NWFilterType.Number8), .. s_comment],
        ["ipv6"] =
        [
            .. s_mac, .. s_address, ("protocol", NWFilterType.Protocol), .. s_ports, ("type", NWFilterType.Number8), ("typeend", NWFilterType.Number8),
            ("code", NWFilterType.Number8), ("codeend", NWFilterType.Number8), .. s_comment,
        ],
        ["tcp"] = [.. s_layer3, .. s_ports, ("option", NWFilterType.Number8), ("flags", NWFilterType.Text)],
        ["tcp-ipv6"] = [.. s_layer3, .. s_ports, ("option", NWFilterType.Number8)],
        ["udp"] = [.. s_layer3, .. s_ports],
        ["udp-ipv6"] = [.. s_layer3, .. s_ports],
        ["sctp"] = [.. s_layer3, .. s_ports],
        ["sctp-ipv6"] = [.. s_layer3, .. s_ports],
        ["icmp"] = [.. s_layer3, ("type", NWFilterType.Number8), ("code", NWFilterType.Number8)],
        ["icmpv6"] = [.. s_layer3, ("type", NWFilterType.Number8), ("code", NWFilterType.Number8)],
        ["all"] = s_layer3,
        ["all-ipv6"] = s_layer3,
        ["igmp"] = s_layer3,
        ["udplite"] = s_layer3,
        ["udplite-ipv6"] = s_layer3,
        ["esp"] = s_layer3,
        ["esp-ipv6"] = s_layer3,
        ["ah"] = s_layer3,
        ["ah-ipv6"] = s_layer3,
    };

    /// <summary>A reference to a filter, with its variables in the order of their names.</summary>
    public static readonly ElementSchema Reference = Element("filterref")
        .Attr("filter")
        .With(Element("parameter").Attr("name").Attr("value").Many().Then(static (in Scope scope) => scope.Node.Has("name") && scope.Node.Has("value")))
        .Then(static (in Scope scope) =>
        {
            Node[] parameters = [.. scope.Node.All("parameter").OrderBy(static parameter => parameter["name"], StringComparer.Ordinal)];
            scope.Node.RemoveAll("parameter");
            foreach (Node parameter in parameters)
                scope.Node.Add(parameter);
            return scope.Node.Has("filter");
        });
}

/// <summary>What an attribute of a rule holds. All of them may hold a variable, <c>$NAME</c>, instead.</summary>
internal enum NWFilterType
{
    Text,
    Mac,
    Ip,
    Mask,
    Number8,
    Number16,
    Number32,
    Boolean,
    State,
    EtherType,
    Protocol,
    ArpOpcode,
}
