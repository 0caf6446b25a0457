using System.Net;
using System.Net.Sockets;

namespace Libvirtd.Documents;

/// <summary>A guest that the DHCP server of a network knows.</summary>
/// <param name="Mac">Its hardware address; null where it is known otherwise.</param>
/// <param name="Name">Its host name.</param>
/// <param name="Address">The address that it gets.</param>
/// <param name="LeaseSeconds">For how long; 0 is for ever, null what its server gives.</param>
public sealed record NetworkDhcpHost(string? Mac, string? Name, IPAddress? Address, long? LeaseSeconds);

/// <summary>What a network's DHCP server gives to guests, in one of the two families of addresses.</summary>
public sealed class NetworkDhcp
{
    private readonly (byte[] First, int Count)[] _ranges;

    internal NetworkDhcp(Node ip, Node dhcp)
    {
        Gateway = IPAddress.Parse(ip["address"]!);
        Prefix = NetworkRules.PrefixOf(ip, Gateway);
        _ranges = [.. dhcp.All("range").Where(static range => range.Has("start") && range.Has("end")).Select(ReadRange)];
        LeaseSeconds = dhcp.All("range").Select(Lease).FirstOrDefault(static seconds => seconds is not null);
        Hosts = [.. dhcp.All("host").Select(static one => new NetworkDhcpHost(one["mac"], one["name"],
            one["ip"] is { } address ? IPAddress.Parse(address) : null, Lease(one)))];
    }

    /// <summary>The host's own address.</summary>
    public IPAddress Gateway { get; }

    /// <summary>The bits of the network in an address; -1 where neither a prefix nor a mask is given and the class says nothing.</summary>
    public int Prefix { get; }

    /// <summary>For how long it gives addresses; 0 is for ever, null where nothing is said.</summary>
    public long? LeaseSeconds { get; }

    public IReadOnlyList<NetworkDhcpHost> Hosts { get; }

    /// <summary>The addresses of all ranges.</summary>
    public int Count => _ranges.Sum(static range => range.Count);

    /// <summary>One of the addresses of the ranges, from 0 on.</summary>
    public IPAddress Address(int index)
    {
        foreach ((byte[] first, int count) in _ranges)
        {
            if (index >= count)
            {
                index -= count;
                continue;
            }

            byte[] address = [.. first];
            for (int i = address.Length - 1; i >= 0 && index > 0; i--)
            {
                index += address[i];
                address[i] = (byte)index;
                index >>= 8;
            }

            return new IPAddress(address);
        }

        throw new ArgumentOutOfRangeException(nameof(index));
    }

    /// <summary>Ranges were checked when the document was read: they go forwards and have at most 65536 addresses.</summary>
    private static (byte[] First, int Count) ReadRange(Node range)
    {
        byte[] first = IPAddress.Parse(range["start"]!).GetAddressBytes(), last = IPAddress.Parse(range["end"]!).GetAddressBytes();
        return (first, (last[^2] << 8) + last[^1] - (first[^2] << 8) - first[^1] + 1);
    }

    private static long? Lease(Node parent)
    {
        if (parent.Child("lease") is not { } lease || !long.TryParse(lease["expiry"], out long amount) || amount > uint.MaxValue)
            return null;
        return amount * lease["unit"] switch
        {
            "seconds" => 1,
            "hours" => 3600,
            _ => 60,
        };
    }
}
