using System.Net;
using System.Net.Sockets;
using Libvirtd.Protocol;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>What the parts of a network mean for each other: the forward mode decides about the bridge, addresses about routes.</summary>
internal static class NetworkRules
{
    public static bool FinishForward(in Scope scope)
    {
        Node forward = scope.Node;
        string mode = forward["mode"]!;
        string name = scope.Parent?.ChildText("name") ?? "";
        CheckForward(forward, scope.Raw, name, scope.Context.Domain);
        forward["managed"] = mode != "hostdev" ? null : string.Equals(forward["managed"], "yes", StringComparison.OrdinalIgnoreCase) ? "yes" : "no";
        if (forward.Child("nat") is { } nat)
            CheckNat(nat, mode, name, scope.Context.Domain);
        List<Node> interfaces = [.. forward.All("interface")];
        if (forward["dev"] is { } dev)
        {
            if (forward.Child("address") is not null || forward.Child("pf") is not null)
            {
                throw Fault.Xml(scope.Context.Domain,
                    "the <forward> 'dev' attribute cannot be used when <address> or <pf> sub-elements are present in network " + name);
            }

            if (interfaces.Count > 0 && interfaces[0]["dev"] != dev)
            {
                throw Fault.Xml(scope.Context.Domain,
                    $"<forward dev='{dev}'> must match first <interface dev='{interfaces[0]["dev"]}'/> in network {scope.Parent?.ChildText("name")}");
            }

            if (interfaces.Count == 0)
                forward.Add("interface")["dev"] = dev;
        }
        else if (interfaces.Count > 0 && forward.Child("pf") is null)
        {
            forward["dev"] = interfaces[0]["dev"];
        }

        return true;
    }

    public static bool Finish(in Scope scope)
    {
        Node network = scope.Node;
        ErrorDomain domain = scope.Context.Domain;
        string name = network.ChildText("name") ?? throw VirException.Of(ErrorCode.NoName, domain);
        if (name.Contains('/', StringComparison.Ordinal))
            throw Fault.Detail(ErrorDomain.Xml, "invalid char in name: /");
        if (network["ipv6"] is { } ipv6)
        {
            if (ipv6 is not ("yes" or "no"))
                throw Fault.Xml(domain, $"Invalid ipv6 setting '{ipv6}' in network '{name}'");
            network["ipv6"] = ipv6 == "yes" ? ipv6 : null;
        }

        if (network.Child("uuid") is null)
            network.SetChildText("uuid", scope.Context.NewUuid().ToString("D"));
        if (network.Child("dns") is { } dns)
            CheckDns(dns, name, domain);
        foreach (Node address in network.All("ip"))
            CheckAddress(address, name, domain);
        CheckRoutes(network, name, domain);
        if (network.Child("forward") is { } forward && forward["mode"] == "none")
            network.Remove(forward);
        FinishBridge(network, scope.Raw.Child("bridge"), name, domain);
        FinishMac(network, name, domain);
        if (scope.Raw.Child("virtualport") is { } port && string.IsNullOrEmpty(port["type"]))
            throw Fault.Xml(ErrorDomain.None, "missing required virtualport type");
        return true;
    }

    private static void FinishBridge(Node network, Node? raw, string name, ErrorDomain domain)
    {
        string? mode = network.Child("forward")?["mode"];
        bool own = mode is null or "nat" or "route" or "open";
        if (mode is "nat" or "route" or "open")
        {
            if (network.Child("ip") is null)
                throw Fault.Xml(domain, $"{mode} forwarding requested, but no IP address provided for network '{name}'");
            int interfaces = network.Child("forward")!.Count("interface");
            if (interfaces > 1)
                throw Fault.Xml(domain, $"multiple forwarding interfaces specified for network '{name}', only one is supported");
            if (mode == "open" && interfaces > 0)
                throw Fault.Xml(domain, $"forward dev not allowed for network '{name}' with forward mode='open'");
        }

        Node? bridge = network.Child("bridge");
        if (!own && mode != "bridge" && bridge is not null && bridge.Has("name"))
            throw Fault.Xml(domain, $"bridge name not allowed in {mode} mode (network '{name}')");
        if (!own && (raw?["stp"] is not null || raw?["delay"] is not (null or "0") || raw?["zone"] is not null))
            throw Fault.Xml(domain, $"bridge delay/stp/zone options only allowed in route, nat, and isolated mode, not in {mode} (network '{name}')");
        if (mode == "bridge" && bridge?["name"] is not null && (network.Child("forward")!.Child("interface") ?? network.Child("forward")!.Child("pf")) is not null)
        {
            throw Fault.Xml(domain,
                $"A network with forward mode='bridge' can specify a bridge name or a forward dev, but not both (network '{name}')");
        }

        if (own)
        {
            bridge ??= network.Add("bridge");
            bridge["stp"] = raw?["stp"] == "off" ? "off" : "on";
            if (raw?["delay"] is { Length: > 0 } delay && (!DocumentText.TryParseNumber(delay, 10, out Int128 seconds) || seconds < 0))
                throw Fault.Xml(domain, $"Invalid delay value in network '{name}'");
            bridge["delay"] = string.IsNullOrEmpty(raw?["delay"]) ? "0" : raw["delay"];
        }
        else if (bridge is not null)
        {
            bridge["stp"] = null;
            bridge["delay"] = null;
            if (bridge.Attributes.Length == 0)
                network.Remove(bridge);
        }

        if (bridge?["macTableManager"] is { } manager && manager is not ("kernel" or "libvirt"))
            throw Fault.Xml(domain, $"Invalid macTableManager setting '{manager}' in network '{name}'");
        FinishMtu(network, mode, own, name, domain);
    }

    private static void FinishMtu(Node network, string? mode, bool own, string name, ErrorDomain domain)
    {
        if (network.Child("mtu") is not { } mtu)
            return;
        if (!DocumentText.TryParseNumber(mtu["size"] ?? "", 10, out Int128 size) || size > uint.MaxValue || size < 0)
            throw Fault.Xml(domain, $"Invalid mtu size '{mtu["size"]}' in network '{name}'");
        if (size == 0)
            network.Remove(mtu);
        else if (!own)
            throw Fault.Xml(domain, $"mtu size only allowed in open, route, nat, and isolated mode, not in {mode} (network '{name}')");
    }

    private static void FinishMac(Node network, string name, ErrorDomain domain)
    {
        if (network.Child("mac") is not { } mac)
            return;
        mac["address"] = DocumentText.NormaliseMac(mac["address"] ?? "")
            ?? throw Fault.Xml(domain, $"Invalid bridge mac address '{mac["address"]}' in network '{name}'");
        if (MacAddress.IsMulticast(mac["address"]!))
            throw Fault.Xml(domain, $"Invalid multicast bridge mac address '{mac["address"]}' in network '{name}'");
    }

    private static void CheckDns(Node dns, string name, ErrorDomain domain)
    {
        if (dns["enable"] == "no" && dns.ChildList.Count > 0)
            throw Fault.Xml(domain, $"Extra data in disabled network '{name}'");
        foreach (Node child in dns.ChildList)
        {
            switch (child.Name)
            {
                case "forwarder" when !child.Has("addr") && !child.Has("domain"):
                    throw Fault.Xml(domain, "Invalid forwarder element, must contain at least one of addr or domain");
                case "forwarder" when child["addr"] is { } server:
                    child["addr"] = DocumentText.NormaliseIp(server)
                        ?? throw Fault.Xml(domain, $"Invalid forwarder IP address '{server}' in network '{name}'");
                    break;
                case "txt" when !child.Has("name"):
                    throw Fault.Detail(domain, $"missing required name attribute in DNS TXT record of network {name}");
                case "txt" when !child.Has("value"):
                    throw Fault.Detail(domain, $"missing required value attribute in DNS TXT record named '{child["name"]}' of network {name}");
                case "srv" when !child.Has("service"):
                    throw Fault.Detail(domain, $"missing required service attribute in DNS SRV record of network '{name}'");
                case "srv" when !child.Has("protocol"):
                    throw Fault.Detail(domain, $"missing required protocol attribute in DNS SRV record '{child["service"]}' of network '{name}'");
                case "srv":
                    CheckService(child, name, domain);
                    break;
                case "host" when !child.Has("ip"):
                    throw Fault.Detail(domain, $"Missing IP address in network '{name}' DNS HOST record");
                case "host" when DocumentText.NormaliseIp(child["ip"]!) is null:
                    throw Fault.Detail(domain, $"Invalid IP address in network '{name}' DNS HOST record");
                case "host" when child.Child("hostname") is null:
                    throw Fault.Detail(domain, $"Missing hostname in network '{name}' DNS HOST record");
                case "host":
                    child["ip"] = DocumentText.NormaliseIp(child["ip"]!);
                    break;
                default:
                    break;
            }
        }
    }

    private static void CheckService(Node service, string name, ErrorDomain domain)
    {
        foreach ((string attribute, string word, uint least) in (ReadOnlySpan<(string, string, uint)>)
            [("port", "invalid", 1), ("priority", "Invalid", 0), ("weight", "invalid", 0)])
        {
            if (service[attribute] is not { } text)
                continue;
            if (!service.Has("target"))
            {
                throw Fault.Detail(domain,
                    $"DNS SRV {attribute} attribute not permitted without target for service '{service["service"]}' in network '{name}'");
            }

            if (!DocumentText.TryParseNumber(text, 0, out Int128 number) || number < least || number > 65535)
                throw Fault.Detail(domain, $"{word} DNS SRV {attribute} attribute for service '{service["service"]}' in network '{name}'");
            service[attribute] = number == 0 ? null : ToText((ulong)number);
        }
    }

    private static void CheckForward(Node forward, Node raw, string name, ErrorDomain domain)
    {
        if (raw.Child("driver")?["name"] is { } driver && driver is not ("kvm" or "vfio"))
            throw Fault.Unsupported(domain, $"Unknown forward <driver name='{driver}'/> in network {name}");
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Node one in raw.All("interface"))
        {
            if (one["dev"] is not { } dev)
                throw Fault.Xml(domain, $"Missing required dev attribute in <forward> <interface> element of network {name}");
            if (!seen.Add(dev))
                throw Fault.Xml(domain, $"interface '{dev}' can only be listed once in network {name}");
        }

        foreach (Node address in forward.All("address"))
        {
            if (address["type"] is not { } type)
                throw Fault.Xml(domain, $"missing address type in network {name}");
            if (type != "pci")
            {
                throw type is "drive" or "virtio-serial" or "ccid" or "usb" or "spapr-vio" or "virtio-s390" or "ccw" or "virtio-mmio" or "isa" or "dimm"
                    ? Fault.Unsupported(domain, $"unsupported address type '{type}' in network {name}")
                    : Fault.Unsupported(domain, $"unknown address type '{type}' in network {name}");
            }

            string place = $"{address["domain"]?[2..]}:{address["bus"]?[2..]}:{address["slot"]?[2..]}.{address["function"]?[2..]}";
            if (!seen.Add(place))
                throw Fault.Xml(domain, $"PCI device '{place}' can only be listed once in network {name}");
        }

        if (raw.Count("pf") > 1)
            throw Fault.Xml(domain, $"Only one <pf> element is allowed in <forward> of network {name}");
        if (raw.Count("nat") > 1)
            throw Fault.Xml(domain, $"Only one <nat> element is allowed in <forward> of network {name}");
        foreach (string part in (ReadOnlySpan<string>)["address", "port"])
        {
            if (raw.Child("nat")?.Count(part) > 1)
                throw Fault.Xml(domain, $"Only one <{part}> element is allowed in <nat> in <forward> in network {name}");
        }

        if (raw.Child("pf") is { } function && !function.Has("dev"))
            throw Fault.Xml(domain, $"Missing required dev attribute in <pf> element of network '{name}'");
    }

    private static void CheckNat(Node nat, string mode, string name, ErrorDomain domain)
    {
        if (mode != "nat")
            throw Fault.Xml(domain, $"The <nat> element can only be used when <forward> 'mode' is 'nat' in network {name}");
        if (nat.Child("address") is { } address)
        {
            foreach (string end in (ReadOnlySpan<string>)["start", "end"])
            {
                string text = address[end]
                    ?? throw Fault.Xml(domain, $"missing '{end}' attribute in <address> element in <nat> in <forward> in network {name}");
                if (DocumentText.NormaliseIp(text) is not { } normal || DocumentText.IsIpv6(normal))
                    throw Fault.Xml(domain, $"Bad ipv4 {end} address '{text}' in <nat> in <forward> in network '{name}'");
                address[end] = normal;
            }
        }

        if (nat.Child("port") is not { } port)
            return;
        foreach (string end in (ReadOnlySpan<string>)["start", "end"])
        {
            if (!DocumentText.TryParseNumber(port[end] ?? "", 10, out Int128 number) || number < (end == "start" ? 0 : 1) || number > 65535)
                throw Fault.Detail(domain, $"Missing or invalid '{end}' attribute in <port> in <nat> in <forward> in network {name}");
            port[end] = ToText((ulong)number);
        }
    }

    private static void CheckAddress(Node ip, string name, ErrorDomain domain)
    {
        if (ip["address"] is not { Length: > 0 } address)
            throw Fault.Xml(domain, $"Missing required address attribute in network '{name}'");
        string normal = DocumentText.NormaliseIp(address) ?? throw Fault.Xml(domain, $"Invalid address '{address}' in network '{name}'");
        ip["address"] = normal;
        string? netmask = null;
        if (ip["netmask"] is { Length: > 0 } given)
            netmask = DocumentText.NormaliseIp(given) ?? throw Fault.Xml(domain, $"Invalid netmask '{given}' in network '{name}'");
        ip["netmask"] = netmask;
        bool isV6 = DocumentText.IsIpv6(normal);
        ulong prefix = DomainRules.Number(ip["prefix"]);
        switch (ip["family"])
        {
            case null or "ipv4":
                if (isV6)
                {
                    throw Fault.Unsupported(domain,
                        $"{ip["family"] ?? "no"} family specified for non-IPv4 address '{address}' in network '{name}'");
                }

                if (netmask is not null && DocumentText.IsIpv6(netmask))
                    throw Fault.Unsupported(domain, $"Invalid netmask '{netmask}' for address '{address}' in network '{name}' (both must be IPv4)");
                if (netmask is not null && prefix > 0)
                    throw Fault.Unsupported(domain, $"Network '{name}' IP address cannot have both a prefix and a netmask");
                if (prefix > 32)
                    throw Fault.Unsupported(domain, $"Invalid IPv4 prefix '{prefix}' in network '{name}'");
                break;
            case "ipv6":
                if (!isV6)
                    throw Fault.Unsupported(domain, $"Family 'ipv6' specified for non-IPv6 address '{address}' in network '{name}'");
                if (netmask is not null)
                    throw Fault.Unsupported(domain, $"netmask not allowed for IPv6 address '{address}' in network '{name}'");
                if (prefix > 128)
                    throw Fault.Unsupported(domain, $"Invalid IPv6 prefix '{prefix}' in network '{name}'");
                break;
            default:
                throw Fault.Xml(domain, $"Unrecognized family '{ip["family"]}' in network '{name}'");
        }

        foreach (Node range in ip.Child("dhcp")?.All("range") ?? [])
            AddressRange.Check(range, ip, name, domain);
        foreach (Node host in ip.Child("dhcp")?.All("host") ?? [])
            CheckHost(host, isV6, name, domain);
    }

    private static void CheckHost(Node host, bool isV6, string name, ErrorDomain domain)
    {
        if (host["mac"] is { } mac)
        {
            if (isV6)
                throw Fault.Xml(domain, $"Invalid to specify MAC address '{mac}' in network '{name}' IPv6 static host definition");
            if (DocumentText.NormaliseMac(mac) is not { } normal)
                throw Fault.Xml(domain, $"Cannot parse MAC address '{mac}' in network '{name}'");
            if (MacAddress.IsMulticast(normal))
                throw Fault.Xml(domain, $"expected unicast mac address, found multicast '{mac}' in network '{name}'");
        }

        if (host["id"] is { } id && isV6)
        {
            foreach (char c in id)
            {
                if (!char.IsAsciiHexDigit(c) && c != ':')
                    throw Fault.Xml(domain, $"Invalid character '{c}' in id '{id}' of network '{name}'");
            }
        }

        if (host["name"] is { } given && (given.Length == 0 || !char.IsAsciiLetterOrDigit(given[0])))
            throw Fault.Xml(domain, $"Cannot use host name '{given}' in network '{name}'");
        if (isV6 && !host.Has("id") && !host.Has("name"))
            throw Fault.Xml(domain, $"Static host definition in IPv6 network '{name}' must have id or name attribute");
        if (!isV6 && !host.Has("mac") && !host.Has("name"))
            throw Fault.Xml(domain, $"Static host definition in IPv4 network '{name}' must have mac or name attribute");
        if (host["ip"] is { } ip)
            host["ip"] = DocumentText.NormaliseIp(ip) ?? throw Fault.Xml(domain, $"Invalid IP address in static host definition for network '{name}'");
        if (!host.Has("ip"))
            throw Fault.Xml(domain, $"Missing IP address in static host definition for network '{name}'");
    }

    /// <summary>A gateway has to be on one of the network's own subnets.</summary>
    private static void CheckRoutes(Node network, string name, ErrorDomain domain)
    {
        foreach (Node route in network.All("route"))
        {
            string gateway = route["gateway"]!;
            if (!network.All("ip").Any(ip => IsOn(ip, gateway)))
                throw Fault.Unsupported(domain, $"unreachable static route gateway '{gateway}' specified for network '{name}'");
        }
    }

    private static bool IsOn(Node ip, string gateway)
    {
        IPAddress address = IPAddress.Parse(ip["address"]!);
        IPAddress other = IPAddress.Parse(gateway);
        if (address.AddressFamily != other.AddressFamily)
            return false;
        int prefix = PrefixOf(ip, address);
        return prefix >= 0 && new IPNetwork(Mask(address, prefix), prefix).Contains(other);
    }

    /// <summary>The length of a network's prefix, from its prefix or netmask, or else its class.</summary>
    internal static int PrefixOf(Node ip, IPAddress address)
    {
        if (ip["prefix"] is { } prefix)
            return (int)DomainRules.Number(prefix);
        if (ip["netmask"] is { } netmask)
            return IPAddress.Parse(netmask).GetAddressBytes().Sum(static part => System.Numerics.BitOperations.PopCount(part));
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
            return 64;
        byte first = address.GetAddressBytes()[0];
        return first < 128 ? 8 : first < 192 ? 16 : first < 224 ? 24 : -1;
    }

    internal static IPAddress Mask(IPAddress address, int prefix)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int bit = prefix; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPAddress(bytes);
    }
}
