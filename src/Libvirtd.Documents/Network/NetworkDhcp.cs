using System.Net;

namespace Libvirtd.Documents;

/// <summary>A guest that the DHCP server of a network knows.</summary>
/// <param name="Mac">Its hardware address; null where it is known otherwise.</param>
/// <param name="Name">Its host name.</param>
/// <param name="Address">The address that it gets.</param>
/// <param name="LeaseSeconds">For how long; 0 is for ever, null what its server gives.</param>
public sealed record NetworkDhcpHost(string? Mac, string? Name, IPAddress? Address, long? LeaseSeconds);

/// <summary>What a network's DHCP server gives to guests, under one of the network's own addresses.</summary>
public sealed class NetworkDhcp
{
    internal NetworkDhcp(Node dhcp)
    {
        FirstAddress = dhcp.All("range").Select(static range => range["start"]).FirstOrDefault() is { } start ? IPAddress.Parse(start) : null;
        LeaseSeconds = dhcp.All("range").Select(Lease).FirstOrDefault(static seconds => seconds is not null);
        Hosts = [.. dhcp.All("host").Select(static one => new NetworkDhcpHost(one["mac"], one["name"],
            one["ip"] is { } address ? IPAddress.Parse(address) : null, Lease(one)))];
    }

    /// <summary>Where the first range begins; null where there are only known guests.</summary>
    public IPAddress? FirstAddress { get; }

    /// <summary>For how long it gives addresses; 0 is for ever, null where nothing is said.</summary>
    public long? LeaseSeconds { get; }

    public IReadOnlyList<NetworkDhcpHost> Hosts { get; }

    /// <summary>The known guest with this hardware address.</summary>
    public NetworkDhcpHost? Find(string mac) => Hosts.FirstOrDefault(one => string.Equals(one.Mac, mac, StringComparison.OrdinalIgnoreCase));

    private static long? Lease(Node parent)
    {
        if (parent.Child("lease") is not { } lease || !long.TryParse(lease["expiry"], out long amount) || amount is < 0 or > uint.MaxValue)
            return null;
        return amount * lease["unit"] switch
        {
            "seconds" => 1,
            "hours" => 3600,
            _ => 60,
        };
    }
}

/// <summary>One of the host's own addresses on a network.</summary>
/// <param name="Address">The address.</param>
/// <param name="Prefix">The bits of the network in it; 0 where nothing tells.</param>
/// <param name="Dhcp">What guests are given under it; null for nothing.</param>
public sealed record NetworkAddress(IPAddress Address, int Prefix, NetworkDhcp? Dhcp);
