using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// DHCP leases, as the guests that run on a network would have them. Nothing is kept: an address follows from the hardware address, so that it stays
/// the same, and a lease is renewed when half of it is over.
/// </summary>
internal sealed partial class TestNetworks
{
    private const long DefaultLeaseSeconds = 3600;
    private const int MostAddresses = 65536;

    /// <summary>The leases of a network's guests by hardware address, those of IPv4 first; none while it does not run.</summary>
    public IReadOnlyList<NetworkDhcpLease> Leases(TestNetwork network)
    {
        NetworkView view = network.View;
        List<NetworkDhcpLease> leases = [];
        if (!view.IsActive)
            return leases;
        SortedDictionary<string, string> guests = new(StringComparer.Ordinal);
        foreach (TestDomain domain in host.Domains.All)
        {
            DomainView guest = domain.View;
            if (!guest.IsActive)
                continue;
            foreach (Documents.DomainInterface one in guest.Definition.Document.Interfaces)
            {
                if (one.Type == "network" && one.Source == network.Ref.Name && one.LinkState != "down")
                    guests.TryAdd(one.Mac, guest.Definition.Name);
            }
        }

        foreach (AddressFamily family in (ReadOnlySpan<AddressFamily>)[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
        {
            if (view.Document.Dhcp(family) is { } dhcp)
                AddLeases(leases, dhcp, view.Document.Bridge ?? "", guests);
        }

        return leases;
    }

    private void AddLeases(List<NetworkDhcpLease> leases, NetworkDhcp dhcp, string bridge, SortedDictionary<string, string> guests)
    {
        HashSet<IPAddress> taken = [dhcp.Gateway, .. dhcp.Hosts.Select(static one => one.Address).OfType<IPAddress>()];
        foreach ((string mac, string name) in guests)
        {
            NetworkDhcpHost? known = dhcp.Hosts.FirstOrDefault(one => string.Equals(one.Mac, mac, StringComparison.OrdinalIgnoreCase));
            long seconds = known?.LeaseSeconds ?? dhcp.LeaseSeconds ?? DefaultLeaseSeconds;
            if ((known?.Address ?? FreeAddress(dhcp, mac, taken)) is not { } address)
                continue;
            bool isV6 = address.AddressFamily == AddressFamily.InterNetworkV6;
            byte[] hardware = System.Convert.FromHexString(mac.Replace(":", "", StringComparison.Ordinal));
            leases.Add(new NetworkDhcpLease
            {
                Iface = bridge,
                Expirytime = Expiry(seconds),
                Type = (int)(isV6 ? IpAddrType.Ipv6 : IpAddrType.Ipv4),
                Mac = mac,
                Iaid = isV6 ? BinaryPrimitives.ReadUInt32BigEndian(hardware.AsSpan(2)).ToString(CultureInfo.InvariantCulture) : null,
                Ipaddr = address.ToString(),
                Prefix = (uint)dhcp.Prefix,
                Hostname = known?.Name ?? name,
                Clientid = isV6 ? $"00:03:00:01:{mac}" : $"01:{mac}",
            });
        }
    }

    /// <summary>An address of the ranges that nobody has: the search begins where the hardware address says.</summary>
    private static IPAddress? FreeAddress(NetworkDhcp dhcp, string mac, HashSet<IPAddress> taken)
    {
        int count = Math.Min(dhcp.Count, MostAddresses);
        if (count == 0)
            return null;
        uint hash = 0;
        foreach (char c in mac)
            hash = unchecked((hash * 31) + c);
        int first = (int)(hash % (uint)count);
        for (int i = 0; i < count; i++)
        {
            IPAddress address = dhcp.Address((first + i) % count);
            if (taken.Add(address))
                return address;
        }

        return null;
    }

    /// <summary>When a lease ends that was last renewed as its half was over; 0 for one that never ends.</summary>
    private long Expiry(long seconds)
    {
        if (seconds <= 0)
            return 0;
        long half = Math.Max(seconds / 2, 1);
        return (host.Time.GetUtcNow().ToUnixTimeSeconds() / half * half) + seconds;
    }
}
