using System.Globalization;
using System.Text;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A network filter: rules and references to other filters, in their order. Immutable.</summary>
public sealed class NWFilterDocument : Document
{
    /// <summary>Chains and their priorities; a chain's name begins with one of these.</summary>
    private static readonly (string Name, int Priority)[] s_chains =
        [("root", 0), ("mac", -800), ("vlan", -750), ("stp", 0), ("arp", -500), ("rarp", -400), ("ipv4", -700), ("ipv6", -600)];

    private const int MostChainBytes = 12;

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
        Node raw = options.Read(xml, "(nwfilter_definition)", domain, "filter", "nwfilter.rng");
        if (raw["name"] is not { Length: > 0 } name)
            throw Fault.Internal(domain, "filter has no name");
        Node root = new("filter");
        root.Append("name", name);
        AddChain(root, raw, domain);
        string uuid = raw.ChildText("uuid") is { Length: > 0 } text
            ? DocumentText.NormaliseUuid(text) ?? throw Fault.Xml(domain, "malformed uuid element")
            : options.NewUuid().ToString("D");
        root.Append(new Node("uuid") { Text = uuid });
        ParseContext context = options.ToContext(ErrorDomain.NwFilter);
        foreach (Node child in raw.Children)
        {
            if (child.Name == "rule")
                root.Append(ReadRule(child, domain));
            else if (child.Name == "filterref" && !child.Has("filter"))
                throw Fault.Internal(domain, "rule node requires action attribute");
            else if (child.Name == "filterref" && DocumentNormaliser.Apply(NWFilterSchema.Reference, child, root, context) is { } reference)
                root.Append(reference);
        }

        return new NWFilterDocument(root);
    }

    public NWFilterDocument With(Action<Node> change) => new(Edited(change));

    private static void AddChain(Node root, Node raw, ErrorDomain domain)
    {
        int? own = null;
        if (raw["priority"] is { Length: > 0 } text)
        {
            if (!DocumentText.TryParseNumber(text, 10, out Int128 number))
                throw VirException.Of(ErrorCode.InvalidArg, domain, $"Could not parse chain priority '{text}'");
            if (number < -1000 || number > 1000)
                throw VirException.Of(ErrorCode.InvalidArg, domain, $"Priority '{number}' is outside valid range of [-1000,1000]");
            own = (int)number;
        }

        int priority = 0;
        string chain = "root";
        if (raw["chain"] is { Length: > 0 } given)
        {
            chain = given;
            priority = own ?? DefaultPriority(chain, domain);
        }

        root.Append("chain", chain);
        if (priority != 0)
            root.Append("priority", priority.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The priority of a chain by the beginning of its name, which must be known.</summary>
    private static int DefaultPriority(string chain, ErrorDomain domain)
    {
        if (Encoding.UTF8.GetByteCount(chain) > MostChainBytes)
            throw VirException.Of(ErrorCode.InvalidArg, domain, $"Name of chain is longer than {MostChainBytes} characters");
        if (chain.Any(static c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.' or ':')))
            throw VirException.Of(ErrorCode.InvalidArg, domain, "Chain name contains invalid characters");
        int known = Array.FindIndex(s_chains, one => chain.StartsWith(one.Name, StringComparison.Ordinal));
        if (known < 0 || (s_chains[known].Name == "root" && chain != "root"))
        {
            throw VirException.Of(ErrorCode.InvalidArg, domain,
                $"Invalid chain name '{chain}'. Please use a chain name called 'root' or any of the following prefixes: mac, vlan, stp, arp, rarp, ipv4, ipv6");
        }

        return s_chains[known].Priority;
    }

    private static Node ReadRule(Node raw, ErrorDomain domain)
    {
        string action = raw["action"] ?? throw Fault.Internal(domain, "rule node requires action attribute");
        if (action is not ("drop" or "accept" or "reject" or "return" or "continue"))
            throw Fault.Unsupported(domain, "unknown rule action attribute value");
        string direction = raw["direction"] ?? throw Fault.Internal(domain, "rule node requires direction attribute");
        if (direction is not ("in" or "out" or "inout"))
            throw Fault.Unsupported(domain, "unknown rule direction attribute value");
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

    /// <summary>
    /// A rule's conditions become elements of those that hold and of those that must not, each of attributes that stand together in their order.
    /// </summary>
    private static void AddMatches(Node rule, Node raw, string protocol, (string Name, NWFilterType Type)[] attributes, ErrorDomain domain)
    {
        Dictionary<string, (string Value, bool Fails)> found = new(StringComparer.Ordinal);
        bool isV6 = NWFilterSchema.IsV6(protocol);
        foreach (Node part in raw.All(protocol))
        {
            // Of several faults the last is told.
            VirException? fault = null;
            foreach ((string name, NWFilterType type) in attributes)
            {
                if (part[name] is not { } value)
                    continue;
                if (NWFilterValues.Normalise(type, value, isV6) is { } normal)
                    found[name] = (normal, part["match"] == "no");
                else
                    fault = Fault.Internal(domain, $"{name} has illegal value {value}");
            }

            if (fault is not null)
                throw fault;
        }

        CheckPorts(protocol, found, domain);
        FixIpSet(protocol, found);
        Node? last = null;
        bool lastFails = false;
        foreach ((string name, _) in attributes)
        {
            if (!found.TryGetValue(name, out (string Value, bool Fails) one))
                continue;
            bool fails = NWFilterSchema.SharesMatchWith(protocol, name) is { } other ? found.GetValueOrDefault(other).Fails : one.Fails;
            if (last is null || fails != lastFails)
            {
                last = new Node(protocol);
                lastFails = fails;
                rule.Append(last);
                if (fails)
                    last.Append("match", "no");
            }

            last.Append(name, one.Value);
        }

        if (last is null)
            rule.Append(new Node(protocol));
    }

    /// <summary>A set of addresses has the flag "src", and upstream loses one that was given others.</summary>
    private static void FixIpSet(string protocol, Dictionary<string, (string Value, bool Fails)> found)
    {
        if (protocol is "all" or "all-ipv6")
            return;
        if (found.ContainsKey("ipset") && !found.ContainsKey("ipsetflags"))
        {
            found["ipsetflags"] = ("src", false);
            return;
        }

        found.Remove("ipset");
        found.Remove("ipsetflags");
    }

    /// <summary>Ports need a protocol that has them.</summary>
    private static void CheckPorts(string protocol, Dictionary<string, (string Value, bool Fails)> found, ErrorDomain domain)
    {
        if (protocol is not ("ip" or "ipv6") || !found.Keys.Any(static name => name.Contains("port", StringComparison.Ordinal)))
            return;
        if (found.GetValueOrDefault("protocol").Value is not ("tcp" or "udp" or "sctp" or "33" or "0x21"))
        {
            throw Fault.Internal(domain, $"{(protocol == "ip" ? "IP" : "IPv6")} rule with port specification requires protocol specification with protocol to be"
                + " either one of tcp(6), udp(17), dccp(33), or sctp(132)");
        }
    }
}
