using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Hosts and ranges of addresses that a network's DHCP server gives out.</summary>
internal static class NetworkAddressUpdate
{
    private static readonly ElementSchema s_host = NetworkSchema.Address.FindChild("dhcp")!.FindChild("host")!;

    private static readonly ElementSchema s_range = NetworkSchema.Address.FindChild("dhcp")!.FindChild("range")!;

    public static void Host(NetworkPart part, int parentIndex)
    {
        Node? ip = part.Raw.Name == "host" ? Find(part, parentIndex) : null;
        part.Expect("host");
        Node host = part.Normalise(s_host, null) ?? new Node("host", s_host);
        CheckHost(part, host);
        if (!part.IsDelete && IsV6(ip!) != DocumentText.IsIpv6(host["ip"]!))
            throw NetworkPart.Invalid("the address family of a host entry IP must match the address family of the dhcp element's parent");
        IEnumerable<Node> hosts = ip!.Child("dhcp")?.All("host") ?? [];
        if (part.IsModify)
        {
            Node found = hosts.FirstOrDefault(one => IsSame(one, host)) ?? throw NetworkPart.Invalid(
                $"couldn't locate an existing dhcp host entry with \"mac='{Said(host["mac"])}'\" \"name='{host["name"] ?? "(null)"}'\" "
                + $"\"ip='{Said(host["ip"])}'\" in network '{part.Name}'");
            ip.Child("dhcp")!.Replace(found, host);
        }
        else if (part.IsAdd)
        {
            CheckOnlyOne(part, ip);
            if (hosts.Any(one => IsSame(one, host)))
            {
                throw NetworkPart.Invalid($"there is an existing dhcp host entry in network '{part.Name}' that matches "
                    + $"\"<host mac='{Said(host["mac"])}' name='{host["name"] ?? "(null)"}' ip='{Said(host["ip"])}'/>\"");
            }

            part.Insert(ip.GetOrAdd("dhcp"), host);
        }
        else if (part.IsDelete)
        {
            Remove(ip, hosts.FirstOrDefault(one => Fits(one, host))
                ?? throw NetworkPart.Invalid($"couldn't locate a matching dhcp host entry in network '{part.Name}'"));
        }
        else
        {
            throw part.UnknownCommand();
        }
    }

    public static void Range(NetworkPart part, int parentIndex)
    {
        Node? ip = part.Raw.Name == "range" ? Find(part, parentIndex) : null;
        part.Expect("range");
        part.RefuseModify("dhcp ranges");
        Node range = part.Normalise(s_range, null) ?? new Node("range", s_range);
        AddressRange.Check(range, ip!, part.Name, ErrorDomain.Network);
        Node? found = ip!.Child("dhcp")?.All("range").FirstOrDefault(one => one["start"] == range["start"] && one["end"] == range["end"]);
        if (part.IsAdd)
        {
            CheckOnlyOne(part, ip);
            if (found is not null)
            {
                throw NetworkPart.Invalid($"there is an existing dhcp range entry in network '{part.Name}' that matches "
                    + $"\"<range start='{range["start"]}' end='{range["end"]}'/>\"");
            }

            part.Insert(ip.GetOrAdd("dhcp"), range);
        }
        else if (part.IsDelete)
        {
            Remove(ip, found ?? throw NetworkPart.Invalid($"couldn't locate a matching dhcp range entry in network '{part.Name}'"));
        }
        else
        {
            throw part.UnknownCommand();
        }
    }

    /// <summary>A host that is only looked for need not say everything; the rest is checked with the whole network.</summary>
    private static void CheckHost(NetworkPart part, Node host)
    {
        if (host["mac"] is { } mac && DocumentText.NormaliseMac(mac) is null)
            throw Fault.Xml(ErrorDomain.Network, $"Cannot parse MAC address '{mac}' in network '{part.Name}'");
        if (part.IsDelete)
            return;
        if (!host.Has("mac") && !host.Has("name") && !host.Has("id"))
            throw Fault.Xml(ErrorDomain.Network, $"Static host definition in IPv4 network '{part.Name}' must have mac or name attribute");
        if (!host.Has("ip"))
            throw Fault.Xml(ErrorDomain.Network, $"Missing IP address in static host definition for network '{part.Name}'");
    }

    private static Node Find(NetworkPart part, int index)
    {
        List<Node> all = [.. part.Root.All("ip")];
        if (index >= 0)
        {
            return index < all.Count ? all[index] : throw NetworkPart.Invalid(
                $"couldn't update dhcp host entry - no <ip> element found at index {index} in network '{part.Name}'");
        }

        return all.Find(static ip => HasDhcp(ip)) ?? all.Find(static ip => !IsV6(ip)) ?? all.FirstOrDefault() ?? throw NetworkPart.Invalid(
            $"couldn't update dhcp host entry - no <ip> element found in network '{part.Name}'");
    }

    private static void CheckOnlyOne(NetworkPart part, Node ip)
    {
        if (part.Root.All("ip").Any(other => other != ip && IsV6(other) == IsV6(ip) && HasDhcp(other)))
            throw NetworkPart.Invalid($"dhcp is supported only for a single {(IsV6(ip) ? "IPv6" : "IPv4")} address on each network");
    }

    private static void Remove(Node ip, Node found)
    {
        Node dhcp = ip.Child("dhcp")!;
        dhcp.Remove(found);
        if (!HasDhcp(ip))
            ip.Remove(dhcp);
    }

    private static bool HasDhcp(Node ip) => ip.Child("dhcp") is { } dhcp && (dhcp.Child("range") ?? dhcp.Child("host")) is not null;

    private static bool IsV6(Node ip) => DocumentText.IsIpv6(ip["address"] ?? "");

    /// <summary>One of the things that a host is known by is the same.</summary>
    private static bool IsSame(Node one, Node other) => SameMac(one["mac"], other["mac"], false)
        || (other["ip"] is { } ip && one["ip"] == ip) || (other["name"] is { } name && one["name"] == name);

    /// <summary>All that is asked for is the same.</summary>
    private static bool Fits(Node one, Node wanted) => SameMac(one["mac"], wanted["mac"], true)
        && (wanted["name"] is not { } name || one["name"] == name) && (wanted["ip"] is not { } ip || one["ip"] == ip);

    private static bool SameMac(string? one, string? other, bool whenAbsent) => one is null || other is null
        ? whenAbsent
        : DocumentText.NormaliseMac(one) == DocumentText.NormaliseMac(other);

    private static string Said(string? text) => text ?? "unknown";
}
