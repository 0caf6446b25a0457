using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Records that a network's name server answers with.</summary>
internal static class NetworkDnsUpdate
{
    public static void Host(NetworkPart part)
    {
        part.RefuseModify("DNS HOST records");
        part.Expect("host");
        Node host = part.Normalise(NetworkSchema.Dns.FindChild("host")!, null) ?? new Node("host");
        if (part.Raw["ip"] is { } address && DocumentText.NormaliseIp(address) is null)
            throw Fault.Detail(ErrorDomain.Network, $"Invalid IP address in network '{part.Name}' DNS HOST record");
        if (part.IsAdd && !host.Has("ip"))
            throw Fault.Detail(ErrorDomain.Network, $"Missing IP address in network '{part.Name}' DNS HOST record");
        if (part.IsAdd && host.Child("hostname") is null)
            throw Fault.Detail(ErrorDomain.Network, $"Missing hostname in network '{part.Name}' DNS HOST record");
        if (!host.Has("ip") && host.Child("hostname") is null)
            throw Fault.Detail(ErrorDomain.Network, $"Missing ip and hostname in network '{part.Name}' DNS HOST record");
        HashSet<string?> names = [.. host.All("hostname").Select(static name => name.Text)];
        Set(part, host, one => (host["ip"] is { } ip && one["ip"] == ip)
            || (!part.IsAdd && one.All("hostname").Any(name => names.Contains(name.Text))),
            $"there is already at least one DNS HOST record with a matching field in network {part.Name}",
            $"couldn't locate a matching DNS HOST record in network {part.Name}",
            $"multiple matching DNS HOST records were found in network {part.Name}");
    }

    public static void Service(NetworkPart part)
    {
        part.RefuseModify("DNS SRV records");
        part.Expect("srv");
        Node record = part.Normalise(NetworkSchema.Dns.FindChild("srv")!, null) ?? new Node("srv");
        if (part.IsAdd && !record.Has("service"))
            throw Fault.Xml(ErrorDomain.Network, $"missing required service attribute in DNS SRV record of network '{part.Name}'");
        if (part.IsAdd && !record.Has("protocol"))
        {
            throw Fault.Xml(ErrorDomain.Network,
                $"missing required protocol attribute in DNS SRV record '{record["service"]}' of network '{part.Name}'");
        }

        Set(part, record, one => Array.TrueForAll(["domain", "service", "protocol", "target"], name => record[name] is not { } value || one[name] == value),
            $"there is already at least one DNS SRV record matching all specified fields in network {part.Name}",
            $"couldn't locate a matching DNS SRV record in network {part.Name}",
            $"multiple DNS SRV records matching all specified fields were found in network {part.Name}");
    }

    public static void Text(NetworkPart part)
    {
        part.RefuseModify("DNS TXT records");
        part.Expect("txt");
        Node record = part.Normalise(NetworkSchema.Dns.FindChild("txt")!, null) ?? new Node("txt");
        string name = record["name"]
            ?? throw Fault.Xml(ErrorDomain.Network, $"missing required name attribute in DNS TXT record of network {part.Name}");
        if (name.AsSpan().ContainsAny(' ', ','))
            throw VirException.Of(ErrorCode.XmlDetail, ErrorDomain.Network, $"prohibited character in DNS TXT record name '{name}' of network {part.Name}");
        if (part.IsAdd && !record.Has("value"))
            throw Fault.Xml(ErrorDomain.Network, $"missing required value attribute in DNS TXT record named '{name}' of network {part.Name}");
        Set(part, record, one => one["name"] == name,
            $"there is already a DNS TXT record with name '{name}' in network {part.Name}",
            $"couldn't locate a matching DNS TXT record in network {part.Name}",
            $"couldn't locate a matching DNS TXT record in network {part.Name}");
    }

    private static void Set(NetworkPart part, Node record, Func<Node, bool> matches, string there, string notThere, string several)
    {
        List<Node> found = [.. part.Root.Child("dns")?.All(record.Name).Where(matches) ?? []];
        if (part.IsAdd)
        {
            if (found.Count > 0)
                throw NetworkPart.Invalid(there);
            part.Insert(part.Root.GetOrAdd("dns"), record);
        }
        else if (part.IsDelete)
        {
            if (found.Count != 1)
                throw NetworkPart.Invalid(found.Count == 0 ? notThere : several);
            part.Root.Child("dns")!.Remove(found[0]);
        }
        else
        {
            throw part.UnknownCommand();
        }
    }
}
