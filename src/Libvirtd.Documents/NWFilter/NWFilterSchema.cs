using static Libvirtd.Documents.ElementSchema;

namespace Libvirtd.Documents;

/// <summary>Network filters: rules by protocol, and references to other filters.</summary>
internal static class NWFilterSchema
{
    private static readonly (string Name, NWFilterType Type)[] s_mac =
        [("srcmacaddr", NWFilterType.Mac), ("srcmacmask", NWFilterType.MacMask), ("dstmacaddr", NWFilterType.Mac), ("dstmacmask", NWFilterType.MacMask)];

    private static readonly (string Name, NWFilterType Type)[] s_comment = [("comment", NWFilterType.Text)];

    private static readonly (string Name, NWFilterType Type)[] s_ports =
        [("srcportstart", NWFilterType.Number16), ("srcportend", NWFilterType.Number16), ("dstportstart", NWFilterType.Number16), ("dstportend", NWFilterType.Number16)];

    private static readonly (string Name, NWFilterType Type)[] s_address =
        [("srcipaddr", NWFilterType.Ip), ("srcipmask", NWFilterType.Mask), ("dstipaddr", NWFilterType.Ip), ("dstipmask", NWFilterType.Mask)];

    private static readonly (string Name, NWFilterType Type)[] s_layer3 =
    [
        ("srcmacaddr", NWFilterType.Mac), .. s_address,
        ("srcipfrom", NWFilterType.Ip), ("srcipto", NWFilterType.Ip), ("dstipfrom", NWFilterType.Ip), ("dstipto", NWFilterType.Ip),
        ("dscp", NWFilterType.Dscp), ("connlimit-above", NWFilterType.Number16), ("state", NWFilterType.State),
        ("ipset", NWFilterType.Text), ("ipsetflags", NWFilterType.IpSetFlags),
    ];

    private static readonly (string Name, NWFilterType Type)[] s_arp =
    [
        .. s_mac, ("hwtype", NWFilterType.Number16), ("protocoltype", NWFilterType.Number16), ("opcode", NWFilterType.ArpOpcode),
        ("arpsrcmacaddr", NWFilterType.Mac), ("arpdstmacaddr", NWFilterType.Mac), ("arpsrcipaddr", NWFilterType.Ip), ("arpsrcipmask", NWFilterType.Mask),
        ("arpdstipaddr", NWFilterType.Ip), ("arpdstipmask", NWFilterType.Mask), ("gratuitous", NWFilterType.Boolean), .. s_comment,
    ];

    private static readonly (string Name, NWFilterType Type)[] s_stp =
    [
        ("srcmacaddr", NWFilterType.Mac), ("srcmacmask", NWFilterType.MacMask), ("type", NWFilterType.Number8), ("flags", NWFilterType.Number8),
        ("root-priority", NWFilterType.Number16), ("root-priority-hi", NWFilterType.Number16), ("root-address", NWFilterType.Mac),
        ("root-address-mask", NWFilterType.MacMask), ("root-cost", NWFilterType.Number32), ("root-cost-hi", NWFilterType.Number32),
        ("sender-priority", NWFilterType.Number16), ("sender-priority-hi", NWFilterType.Number16), ("sender-address", NWFilterType.Mac),
        ("sender-address-mask", NWFilterType.MacMask), ("port", NWFilterType.Number16), ("port-hi", NWFilterType.Number16), ("age", NWFilterType.Number16),
        ("age-hi", NWFilterType.Number16), ("max-age", NWFilterType.Number16), ("max-age-hi", NWFilterType.Number16), ("hello-time", NWFilterType.Number16),
        ("hello-time-hi", NWFilterType.Number16), ("forward-delay", NWFilterType.Number16), ("forward-delay-hi", NWFilterType.Number16), .. s_comment,
    ];

    /// <summary>The attributes of each protocol, in output order.</summary>
    public static readonly Dictionary<string, (string Name, NWFilterType Type)[]> Protocols = new(StringComparer.Ordinal)
    {
        ["mac"] = [.. s_mac, ("protocolid", NWFilterType.EtherType), .. s_comment],
        ["vlan"] = [.. s_mac, ("vlanid", NWFilterType.Vlan), ("encap-protocol", NWFilterType.VlanType), .. s_comment],
        ["stp"] = s_stp,
        ["arp"] = s_arp,
        ["rarp"] = s_arp,
        ["ip"] = [.. s_mac, .. s_address, ("protocol", NWFilterType.Protocol), .. s_ports, ("dscp", NWFilterType.Dscp), .. s_comment],
        ["ipv6"] =
        [
            .. s_mac, .. s_address, ("protocol", NWFilterType.Protocol), .. s_ports, ("type", NWFilterType.Number8), ("typeend", NWFilterType.Number8),
            ("code", NWFilterType.Number8), ("codeend", NWFilterType.Number8), .. s_comment,
        ],
        ["tcp"] = [.. s_layer3, .. s_ports, ("option", NWFilterType.Number8), ("flags", NWFilterType.TcpFlags), .. s_comment],
        ["tcp-ipv6"] = [.. s_layer3, .. s_ports, ("option", NWFilterType.Number8), .. s_comment],
        ["udp"] = [.. s_layer3, .. s_ports, .. s_comment],
        ["udp-ipv6"] = [.. s_layer3, .. s_ports, .. s_comment],
        ["sctp"] = [.. s_layer3, .. s_ports, .. s_comment],
        ["sctp-ipv6"] = [.. s_layer3, .. s_ports, .. s_comment],
        ["icmp"] = [.. s_layer3, ("type", NWFilterType.Number8), ("code", NWFilterType.Number8), .. s_comment],
        ["icmpv6"] = [.. s_layer3, ("type", NWFilterType.Number8), ("code", NWFilterType.Number8), .. s_comment],
        ["all"] = [.. s_layer3, .. s_comment],
        ["all-ipv6"] = [.. s_layer3, .. s_comment],
        ["igmp"] = [.. s_layer3, .. s_comment],
        ["udplite"] = [.. s_layer3, .. s_comment],
        ["udplite-ipv6"] = [.. s_layer3, .. s_comment],
        ["esp"] = [.. s_layer3, .. s_comment],
        ["esp-ipv6"] = [.. s_layer3, .. s_comment],
        ["ah"] = [.. s_layer3, .. s_comment],
        ["ah-ipv6"] = [.. s_layer3, .. s_comment],
    };

    /// <summary>Whether a protocol's addresses are those of IPv6.</summary>
    public static bool IsV6(string protocol) => protocol.EndsWith("v6", StringComparison.Ordinal);

    /// <summary>The attribute whose match='no' an attribute shares; null for one that has its own.</summary>
    public static string? SharesMatchWith(string protocol, string attribute) => attribute switch
    {
        _ when protocol is "arp" or "rarp" => null,
        "srcmacmask" => "srcmacaddr",
        "dstmacmask" => "dstmacaddr",
        "srcipmask" => "srcipaddr",
        "dstipmask" => "dstipaddr",
        "srcipto" => "srcipfrom",
        "dstipto" => "dstipfrom",
        "srcportend" or "dstportstart" or "dstportend" when protocol is not ("ip" or "ipv6") => "srcportstart",
        "typeend" or "code" or "codeend" => "type",
        _ when protocol == "stp" && attribute.EndsWith("-hi", StringComparison.Ordinal) => attribute[..^3],
        _ when protocol == "stp" && attribute.EndsWith("-mask", StringComparison.Ordinal) => attribute[..^5],
        _ => null,
    };

    /// <summary>A reference to a filter, with its variables in the order of their names.</summary>
    public static readonly ElementSchema Reference = Element("filterref")
        .Attr("filter")
        .With(Element("parameter").Attr("name").Attr("value").Many().Then(static (in Scope scope) => IsWord(scope.Node["name"], "_") && IsWord(scope.Node["value"], "_.:")))
        .Then(static (in Scope scope) =>
        {
            Node[] parameters = [.. scope.Node.All("parameter").OrderBy(static parameter => parameter["name"], StringComparer.Ordinal)];
            scope.Node.RemoveAll("parameter");
            foreach (Node parameter in parameters)
                scope.Node.Add(parameter);
            return scope.Node.Has("filter");
        });

    /// <summary>Parameters with other characters than these are left out without a word.</summary>
    private static bool IsWord(string? text, string also) =>
        !string.IsNullOrEmpty(text) && text.All(c => char.IsAsciiLetterOrDigit(c) || also.Contains(c, StringComparison.Ordinal));
}

/// <summary>What an attribute of a rule holds. All of them may hold a variable, <c>$NAME</c>, instead.</summary>
internal enum NWFilterType
{
    Text,
    Mac,
    MacMask,
    Ip,
    Mask,
    Number8,
    Number16,
    Number32,
    Dscp,
    Vlan,
    Boolean,
    State,
    TcpFlags,
    IpSetFlags,
    EtherType,
    VlanType,
    Protocol,
    ArpOpcode,
}
