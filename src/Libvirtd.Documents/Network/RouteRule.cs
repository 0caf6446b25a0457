using System.Net;
using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>A static route: its address must be that of a network, and all its addresses of one family.</summary>
internal static class RouteRule
{
    /// <param name="owner">What errors call the thing that the route belongs to; null for the name of the network around it.</param>
    public static ElementSchema Route(string? owner) => Element("route")
        .Attr("family")
        .Attr("address")
        .Attr("netmask")
        .Attr("prefix", UInt)
        .Attr("gateway")
        .Attr("metric", Positive)
        .Many()
        .Then((in Scope scope) =>
        {
            Check(scope.Node, owner ?? scope.Parent?.ChildText("name") ?? "");
            return true;
        });

    private static void Check(Node route, string owner)
    {
        string? family = route["family"];
        string address = route["address"] ?? throw Bad($"{owner}: Missing required address attribute in route definition");
        string gateway = route["gateway"] ?? throw Bad($"{owner}: Missing required gateway attribute in route definition");
        string network = DocumentText.NormaliseIp(address) ?? throw Bad($"{owner}: Bad network address '{address}' in route definition");
        string next = DocumentText.NormaliseIp(gateway) ?? throw Bad($"{owner}: Bad gateway address '{gateway}' in route definition");
        string? netmask = route["netmask"];
        string? mask = null;
        ulong prefix = DomainRules.Number(route["prefix"]);
        switch (family)
        {
            case null or "ipv4":
                string said = family is null ? "No family" : "IPv4 family";
                if (DocumentText.IsIpv6(network))
                    throw Bad($"{owner}: {said} specified for non-IPv4 address '{address}' in route definition");
                if (DocumentText.IsIpv6(next))
                    throw Bad($"{owner}: {said} specified for non-IPv4 gateway '{address}' in route definition");
                if (netmask is not null)
                {
                    mask = DocumentText.NormaliseIp(netmask) ?? throw Bad($"{owner}: Bad netmask address '{netmask}' in route definition");
                    if (DocumentText.IsIpv6(mask))
                        throw Bad($"{owner}: Invalid netmask '{netmask}' for address '{address}' (both must be IPv4)");
                    if (route.Has("prefix"))
                        throw Bad($"{owner}: Route definition cannot have both a prefix and a netmask");
                }

                if (prefix > 32)
                    throw Bad($"{owner}: Invalid prefix {prefix} specified in route definition, must be 0 - 32");
                break;
            case "ipv6":
                if (!DocumentText.IsIpv6(network))
                    throw Bad($"{owner}: ipv6 family specified for non-IPv6 address '{address}' in route definition");
                if (netmask is not null)
                    throw Bad($"{owner}: Specifying netmask invalid for IPv6 address '{address}' in route definition");
                if (!DocumentText.IsIpv6(next))
                    throw Bad($"{owner}: ipv6 specified for non-IPv6 gateway address '{gateway}' in route definition");
                if (prefix > 128)
                    throw Bad($"{owner}: Invalid prefix {prefix} specified in route definition, must be 0 - 128");
                break;
            default:
                throw Bad($"{owner}: Unrecognized family '{family}' in route definition");
        }

        IPAddress parsed = IPAddress.Parse(network);
        IPAddress masked = mask is null ? NetworkRules.Mask(parsed, (int)prefix) : And(parsed, IPAddress.Parse(mask));
        if (!parsed.Equals(masked))
            throw Bad($"{owner}: Address '{address}' in route definition is not a network address");
        route["address"] = network;
        route["gateway"] = next;
        route["netmask"] = mask;
    }

    private static IPAddress And(IPAddress address, IPAddress mask)
    {
        byte[] bytes = address.GetAddressBytes();
        byte[] bits = mask.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] &= bits[i];
        return new IPAddress(bytes);
    }

    private static VirException Bad(string detail) => Fault.Xml(ErrorDomain.Network, detail);
}
