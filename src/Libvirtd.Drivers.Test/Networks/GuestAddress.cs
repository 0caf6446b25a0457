using System.Net;
using System.Net.Sockets;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The addresses of running guests on networks: upstream's figures, which follow from the domain's id and the interface's place in it.</summary>
internal static class GuestAddress
{
    private const int AddressesPerDomain = 20;

    /// <summary>
    /// A guest's address under the first of the network's own: that which the network has for it by name, or else the one so many after the first
    /// that it gives out. Null on a network without addresses.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="mac">The interface's hardware address.</param>
    /// <param name="id">The running domain's number.</param>
    /// <param name="place">How many interfaces the domain has before this one.</param>
    public static DomainIpAddr? On(NetworkDocument network, string mac, int id, int place)
    {
        if (network.FirstAddress is not { } own)
            return null;
        IPAddress address = own.Dhcp?.Find(mac)?.Address
            ?? After(own.Dhcp?.FirstAddress ?? own.Address, ((long)AddressesPerDomain * (id - 1)) + place + 1);
        return new DomainIpAddr
        {
            Type = (int)(address.AddressFamily == AddressFamily.InterNetworkV6 ? IpAddrType.Ipv6 : IpAddrType.Ipv4),
            Addr = address.ToString(),
            Prefix = (uint)own.Prefix,
        };
    }

    private static IPAddress After(IPAddress first, long offset)
    {
        byte[] bytes = first.GetAddressBytes();
        // Upstream adds to the last byte of the longer addresses, and to the whole of the shorter.
        int lowest = first.AddressFamily == AddressFamily.InterNetworkV6 ? bytes.Length - 1 : 0;
        for (int i = bytes.Length - 1; i >= lowest; i--)
        {
            offset += bytes[i];
            bytes[i] = unchecked((byte)offset);
            offset >>= 8;
        }

        return new IPAddress(bytes);
    }
}
