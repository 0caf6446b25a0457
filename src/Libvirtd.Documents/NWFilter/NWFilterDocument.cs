using System.Globalization;
using System.Net;
using System.Numerics;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A network filter: rules and references to other filters, in their order. Immutable.</summary>
public sealed class NWFilterDocument : Document
{
    /// <summary>Chains and their priorities; a chain's name begins with one of these.</summary>
    private static readonly (string Name, int Priority)[] s_chains =
        [("root", 0), ("stp", -810), ("mac", -800), ("vlan", -750), ("ipv4", -700), ("ipv6", -600), ("arp", -500), ("rarp", -400)];

    private NWFilterDocument(Node root)
        : base(root)
    {
    }

    public string Name => Root["name"]!;

    public Guid Uuid => Guid.Parse(Root.ChildText("uuid")!);

    /// <summary>The filters that this one refers to.</summary>
    public IEnumerable<string> References => Root.All("filterref").Select(static reference => reference["filter"]!);

    public static NWFilterDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        ErrorDomain domain = options.ErrorDomain ?? ErrorDomain.NwFilter;
        Node raw = DocumentReader.Read(xml, "(nwfilter_definition)", domain, "filter");
        if (raw["name"] is not { Length: > 0 } name)
            throw Fault.Internal(domain, "filter has no name");
        Node root = new("filter");
        root.Append("name", name);
        AddChain(root, raw, domain);
        string uuid = raw.ChildText("uuid") is { Length: > 0 } text
            ? DocumentText.NormaliseUuid(text) ?? throw Fault.Internal(domain, "malformed uuid element")
            : options.NewUuid().ToString("D");
        root.Append(new Node("uuid") { Text = uuid });
        ParseContext context = options.ToContext(ErrorDomain.NwFilter);
        foreach (Node child in raw.Children)
        {
            if (child.Name == "rule")
                root.Append(ReadRule(child, domain));
            else if (child.Name == "filterref" && DocumentNormaliser.Apply(NWFilterSchema.Reference, child, root, context) is { } reference)
                root.Append(reference);
        }

        return new NWFilterDocument(root);
    }

    public NWFilterDocument With(Action<Node> change) => new(Edited(change));

    private static void AddChain(Node root, Node raw, ErrorDomain domain)
    {
        string chain = raw["chain"] is { Length: > 0 } given ? given : "root";
        int known = Array.FindIndex(s_chains, one => chain.StartsWith(one.Name, StringComparison.Ordinal));
        if (known < 0 || (s_chains[known].Name == "root" && chain != "root"))
        {
            throw Fault.Unsupported(domain,
                $"Invalid chain name '{chain}'. Please use a chain name called 'root' or any of the following prefixes: stp, mac, vlan, ipv4, ipv6, arp, rarp");
        }

        int priority = s_chains[known].Priority;
        if (raw["priority"] is { } text)
        {
            if (!DocumentText.TryParseNumber(text, 10, out Int128 number))
                throw VirException.Of(ErrorCode.InvalidArg, domain, $"Could not parse chain priority '{text}'");
            if (number < -1000 || number > 1000)
                throw VirException.Of(ErrorCode.InvalidArg, domain, $"Priority '{number}' is outside valid range of [-1000,1000]");
            priority = (int)number;
        }

        root.Append("chain", chain);
        if (priority != 0)
            root.Append("priority", priority.ToString(CultureInfo.InvariantCulture));
    }

    private static Node ReadRule(Node raw, ErrorDomain domain)
    {
        string action = raw["action"] ?? throw Fault.Internal(domain, "rule node requires action attribute");
        if (action is not ("drop" or "accept" or "reject" or "return" or "continue"))
            throw Fault.Internal(domain, $"unknown rule action attribute value");
        string direction = raw["direction"] ?? throw Fault.Internal(domain, "rule node requires direction attribute");
        if (direction is not ("in" or "out" or "inout"))
            throw Fault.Internal(domain, "unknown rule direction attribute value");
        int priority = raw["priority"] is { } text && DocumentText.TryParseNumber(text, 10, out Int128 number) && number >= -1000 && number <= 1000
            ? (int)number
            : 500;
        Node rule = new("rule");
        rule.Append("action", action);
        rule.Append("direction", direction);
        rule.Append("priority", priority.ToString(CultureInfo.InvariantCulture));
        if (raw["statematch"] is "0" or "false" or "False" or "FALSE")
            rule.Append("statematch", "false");
        foreach (Node protocol in raw.Children)
        {
            if (!NWFilterSchema.Protocols.TryGetValue(protocol.Name, out (string Name, NWFilterType Type)[]? attributes))
                continue;
            AddMatches(rule, raw, protocol.Name, attributes, domain);
            break;
        }

        return rule;
    }

    /// <summary>A rule's conditions become at most two elements: those that must hold, and those that must not.</summary>
    private static void AddMatches(Node rule, Node raw, string protocol, (string Name, NWFilterType Type)[] attributes, ErrorDomain domain)
    {
        Node holds = new(protocol);
        Node fails = new(protocol);
        fails.Append("match", "no");
        foreach ((string name, NWFilterType type) in attributes)
        {
            foreach (Node part in raw.All(protocol))
            {
                if (part[name] is not { } value)
                    continue;
                string normal = Normalise(type, value)
                    ?? throw Fault.Internal(domain, $"{protocol} has illegal value {value} for attribute {name}");
                (part["match"] == "no" ? fails : holds)[name] = normal;
            }
        }

        bool hasFails = fails.Attributes.Length > 1;
        if (holds.Attributes.Length > 0 || !hasFails)
            rule.Append(holds);
        if (hasFails)
            rule.Append(fails);
    }

    private static string? Normalise(NWFilterType type, string value)
    {
        if (value.StartsWith('$'))
            return value;
        return type switch
        {
            NWFilterType.Mac => DocumentText.NormaliseMac(value),
            NWFilterType.Ip => DocumentText.NormaliseIp(value),
            NWFilterType.Mask => Mask(value),
            NWFilterType.Number8 => Number(value, byte.MaxValue),
            NWFilterType.Number16 => Number(value, ushort.MaxValue),
            NWFilterType.Number32 => Number(value, uint.MaxValue),
            NWFilterType.Boolean => value is "1" or "true" or "yes" ? "true" : value is "0" or "false" or "no" ? "false" : null,
            NWFilterType.EtherType => Named(value, ushort.MaxValue, "arp", "rarp", "ipv4", "ipv6", "vlan"),
            NWFilterType.Protocol => Named(value, byte.MaxValue, "tcp", "udp", "udplite", "esp", "ah", "icmp", "igmp", "sctp", "icmpv6"),
            NWFilterType.ArpOpcode => Named(value, ushort.MaxValue, "Request", "Reply", "Request_Reverse", "Reply_Reverse", "DRARP_Request", "DRARP_Reply",
                "DRARP_Error", "InARP_Request", "ARP_NAK"),
            _ => value,
        };
    }

    private static string? Named(string value, uint max, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (name.Equals(value, StringComparison.OrdinalIgnoreCase))
                return name;
        }

        return Number(value, max);
    }

    /// <summary>A number as it was written: in hexadecimal or not.</summary>
    private static string? Number(string value, uint max)
    {
        bool hex = value.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (!DocumentText.TryParseNumber(value, hex ? 16 : 10, out Int128 number) || number < 0 || number > max)
            return null;
        return hex ? "0x" + ((uint)number).ToString("x", CultureInfo.InvariantCulture) : number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A mask as a number of bits.</summary>
    private static string? Mask(string value)
    {
        if (DocumentText.TryParseNumber(value, 10, out Int128 bits))
            return bits >= 0 && bits <= 128 ? bits.ToString(CultureInfo.InvariantCulture) : null;
        if (!IPAddress.TryParse(value, out IPAddress? address))
            return null;
        int count = 0;
        bool ended = false;
        foreach (byte part in address.GetAddressBytes())
        {
            int ones = BitOperations.LeadingZeroCount((uint)(byte)~part << 24);
            if (ended ? part != 0 : (byte)(part << Math.Min(ones, 8)) != 0 && ones < 8)
                return null;
            count += ended ? 0 : Math.Min(ones, 8);
            ended |= ones < 8;
        }

        return count.ToString(CultureInfo.InvariantCulture);
    }
}
