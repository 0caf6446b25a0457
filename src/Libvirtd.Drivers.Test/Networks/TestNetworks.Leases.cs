using System.Buffers.Binary;
using System.Globalization;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// DHCP leases, as the guests that run on a network would have them. Nothing is kept: the addresses are those that the guests say they have, and a
/// lease is renewed when half of it is over.
/// </summary>
internal sealed partial class TestNetworks
{
    private const long DefaultLeaseSeconds = 3600;

    /// <summary>The leases of a network's guests, in the order of the domains; none while it does not run.</summary>
    public IEnumerable<NetworkDhcpLease> Leases(TestNetwork network)
    {
        NetworkView view = network.View;
        if (!view.IsActive || view.Document.FirstAddress?.Dhcp is not { } dhcp)
            yield break;
        foreach (TestDomain domain in host.Domains.All)
        {
            DomainView guest = domain.View;
            if (!guest.IsActive)
                continue;
            int place = 0;
            foreach (Documents.DomainInterface one in guest.Definition.Document.Interfaces)
            {
                if (one.Type == "network" && one.Source == network.Ref.Name && one.LinkState != "down"
                    && GuestAddress.On(view.Document, one.Mac, guest.Definition.Id, place) is { } address)
                {
                    yield return Lease(view.Document, dhcp, one.Mac, guest.Definition.Name, address);
                }

                place++;
            }
        }
    }

    private NetworkDhcpLease Lease(NetworkDocument network, NetworkDhcp dhcp, string mac, string guest, DomainIpAddr address)
    {
        NetworkDhcpHost? known = dhcp.Find(mac);
        bool isV6 = address.Type == (int)IpAddrType.Ipv6;
        byte[] hardware = System.Convert.FromHexString(mac.Replace(":", "", StringComparison.Ordinal));
        return new NetworkDhcpLease
        {
            Iface = network.Bridge ?? "",
            Expirytime = Expiry(known?.LeaseSeconds ?? dhcp.LeaseSeconds ?? DefaultLeaseSeconds),
            Type = address.Type,
            Mac = mac,
            Iaid = isV6 ? BinaryPrimitives.ReadUInt32BigEndian(hardware.AsSpan(2)).ToString(CultureInfo.InvariantCulture) : null,
            Ipaddr = address.Addr,
            Prefix = address.Prefix,
            Hostname = known?.Name ?? guest,
            Clientid = isV6 ? $"00:03:00:01:{mac}" : $"01:{mac}",
        };
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
