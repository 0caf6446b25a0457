using System.Net;
using System.Net.Sockets;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Ranges of addresses that a network gives to its guests.</summary>
internal static class AddressRange
{
    /// <summary>A range lies within its network, forwards, without its first and last address, and has no more than 65536 of them.</summary>
    public static void Check(Node range, Node network, string name, ErrorDomain domain)
    {
        foreach (string end in (ReadOnlySpan<string>)["start", "end"])
        {
            if (!range.Has(end))
                throw Fault.Xml(domain, $"Missing '{end}' attribute in dhcp range for network '{name}'");
        }

        string text = $"{range["start"]} - {range["end"]}";
        IPAddress first = IPAddress.Parse(range["start"]!), last = IPAddress.Parse(range["end"]!), address = IPAddress.Parse(network["address"]!);
        if (first.AddressFamily != last.AddressFamily)
            throw Bad($"mismatch of address family in range {text}");
        if (first.AddressFamily != address.AddressFamily)
            throw Bad($"mismatch of address family in range {text} for network {network["address"]}");
        int prefix = NetworkRules.PrefixOf(network, address);
        string place = $"{network["address"]}/{prefix}";
        IPNetwork within = new(NetworkRules.Mask(address, Math.Max(prefix, 0)), Math.Max(prefix, 0));
        if (!within.Contains(first) || !within.Contains(last))
            throw Bad($"range {text} is not entirely within network {place}");
        if (address.AddressFamily == AddressFamily.InterNetwork)
            CheckEdges(first, last, within, text, place);
        CheckSize(first.GetAddressBytes(), last.GetAddressBytes(), text);
    }

    private static void CheckEdges(IPAddress first, IPAddress last, IPNetwork within, string text, string place)
    {
        if (within.PrefixLength >= 31)
            return;
        byte[] broadcast = within.BaseAddress.GetAddressBytes();
        for (int bit = within.PrefixLength; bit < 32; bit++)
            broadcast[bit / 8] |= (byte)(0x80 >> (bit % 8));
        if (first.Equals(within.BaseAddress))
            throw Bad($"start of range {text} in network {place} is the network address");
        if (last.Equals(new IPAddress(broadcast)))
            throw Bad($"end of range {text} in network {place} is the broadcast address");
    }

    private static void CheckSize(byte[] first, byte[] last, string text)
    {
        int tail = first.Length - 2;
        if (!first.AsSpan(0, tail).SequenceEqual(last.AsSpan(0, tail)))
            throw Bad($"range {text} is too large (> 65535)");
        if (first.AsSpan(tail).SequenceCompareTo(last.AsSpan(tail)) > 0)
            throw Bad(first.Length == 4 ? $"range {text} is reversed " : $"range {text} start larger than end");
    }

    private static VirException Bad(string detail) => Fault.Internal(ErrorDomain.None, detail);
}
