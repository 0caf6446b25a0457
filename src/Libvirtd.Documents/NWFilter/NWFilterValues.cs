using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace Libvirtd.Documents;

/// <summary>The values of a rule's attributes, as they are printed: numbers that have a name by that name, masks as a number of bits.</summary>
internal static class NWFilterValues
{
    private const int LeastEtherType = 0x600;
    private const int LeastVlanType = 0x3c;
    private const int MostVlans = 4095;
    private const int MostDscp = 63;
    private const int MostIpSets = 6;

    private static readonly (uint Number, string Name)[] s_etherTypes = [(0x806, "arp"), (0x8035, "rarp"), (0x800, "ipv4"), (0x86dd, "ipv6"), (0x8100, "vlan")];

    private static readonly (uint Number, string Name)[] s_protocols =
        [(6, "tcp"), (17, "udp"), (136, "udplite"), (50, "esp"), (51, "ah"), (1, "icmp"), (2, "igmp"), (132, "sctp"), (58, "icmpv6")];

    private static readonly (uint Number, string Name)[] s_arpOpcodes =
    [
        (1, "Request"), (2, "Reply"), (3, "Request_Reverse"), (4, "Reply_Reverse"), (5, "DRARP_Request"), (6, "DRARP_Reply"), (7, "DRARP_Error"),
        (8, "InARP_Request"), (9, "ARP_NAK"),
    ];

    private static readonly (uint Number, string Name)[] s_states = [(1, "NEW"), (2, "ESTABLISHED"), (4, "RELATED"), (8, "INVALID"), (16, "NONE")];

    private static readonly (uint Number, string Name)[] s_tcpFlags =
        [(1, "FIN"), (2, "SYN"), (4, "RST"), (8, "PSH"), (16, "ACK"), (32, "URG"), (63, "ALL"), (0, "NONE")];

    /// <summary>The value in its normal form, null where it is none of its type. A variable is kept as it is.</summary>
    /// <param name="type">What the attribute holds.</param>
    /// <param name="value">What was written.</param>
    /// <param name="isV6">Addresses are those of IPv6.</param>
    public static string? Normalise(NWFilterType type, string value, bool isV6)
    {
        if (value.StartsWith('$'))
            return value;
        return type switch
        {
            NWFilterType.Mac => DocumentText.NormaliseMac(value),
            NWFilterType.MacMask => MacMask(value),
            NWFilterType.Ip => Ip(value, isV6)?.ToString(),
            NWFilterType.Mask => Mask(value, isV6),
            NWFilterType.Number8 => Number(value, byte.MaxValue),
            NWFilterType.Number16 => Number(value, ushort.MaxValue),
            NWFilterType.Number32 => Number(value, uint.MaxValue),
            NWFilterType.Dscp => Number(value, MostDscp),
            NWFilterType.Vlan => Number(value, MostVlans),
            NWFilterType.Boolean => value is "1" or "true" or "yes" ? "true" : "false",
            NWFilterType.EtherType => Named(value, s_etherTypes, LeastEtherType, ushort.MaxValue),
            NWFilterType.VlanType => Named(value, s_etherTypes, LeastVlanType, ushort.MaxValue),
            NWFilterType.Protocol => Named(value, s_protocols, 0, byte.MaxValue),
            NWFilterType.ArpOpcode => Named(value, s_arpOpcodes, 0, ushort.MaxValue, alwaysDecimal: true),
            NWFilterType.State => State(value),
            NWFilterType.TcpFlags => TcpFlags(value),
            NWFilterType.IpSetFlags => IpSetFlags(value),
            _ => value,
        };
    }

    /// <summary>A number, in decimal where it can be read so, otherwise in hexadecimal.</summary>
    private static string? Number(string value, uint most) => TryNumber(value, most, out uint number, out bool isHex) ? Text(number, isHex) : null;

    private static string? Named(string value, (uint Number, string Name)[] names, uint least, uint most, bool alwaysDecimal = false)
    {
        if (TryNumber(value, most, out uint number, out bool isHex))
        {
            if (number < least)
                return null;
        }
        else if (Find(names, value) is { } named)
        {
            return named.Name;
        }
        else
        {
            return null;
        }

        foreach ((uint known, string name) in names)
        {
            if (known == number)
                return name;
        }

        return Text(number, isHex && !alwaysDecimal);
    }

    private static bool TryNumber(string value, uint most, out uint number, out bool isHex)
    {
        isHex = false;
        if (!DocumentText.TryParseNumber(value, 10, out Int128 read) || read < 0 || read > most)
        {
            isHex = true;
            if (!DocumentText.TryParseNumber(value, 16, out read) || read < 0 || read > most)
            {
                number = 0;
                return false;
            }
        }

        number = (uint)read;
        return true;
    }

    private static string Text(uint number, bool isHex) => isHex
        ? "0x" + number.ToString("x", CultureInfo.InvariantCulture)
        : number.ToString(CultureInfo.InvariantCulture);

    private static (uint Number, string Name)? Find((uint Number, string Name)[] names, string value)
    {
        foreach ((uint Number, string Name) one in names)
        {
            if (one.Name.Equals(value, StringComparison.OrdinalIgnoreCase))
                return one;
        }

        return null;
    }

    private static IPAddress? Ip(string value, bool isV6) => IPAddress.TryParse(value, out IPAddress? address)
        && address.AddressFamily == (isV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork) ? address : null;

    private static string? MacMask(string value) => DocumentText.NormaliseMac(value) is { } mask
        && CountOnes(System.Convert.FromHexString(mask.Replace(":", "", StringComparison.Ordinal))) >= 0 ? mask : null;

    private static string? Mask(string value, bool isV6)
    {
        int most = isV6 ? 128 : 32;
        if (!DocumentText.TryParseNumber(value, 10, out Int128 bits))
            bits = Ip(value, isV6) is { } mask ? CountOnes(mask.GetAddressBytes()) : -1;
        return bits >= 0 && bits <= most ? bits.ToString(CultureInfo.InvariantCulture) : null;
    }

    /// <summary>The ones at the start; -1 where others follow a zero.</summary>
    private static int CountOnes(ReadOnlySpan<byte> bytes)
    {
        int count = 0, total = 0;
        bool ended = false;
        foreach (byte part in bytes)
        {
            total += BitOperations.PopCount(part);
            if (ended)
                continue;
            int ones = BitOperations.LeadingZeroCount((uint)(byte)~part << 24);
            count += Math.Min(ones, 8);
            ended = ones < 8;
        }

        return count == total ? count : -1;
    }

    private static string? State(string value)
    {
        if (Flags(value, s_states) is not { } states)
            return null;
        return (states & 16) != 0 ? "NONE" : Names(states, s_states);
    }

    private static string? TcpFlags(string value)
    {
        int slash = value.IndexOf('/', StringComparison.Ordinal);
        return slash >= 0 && Flags(value[..slash], s_tcpFlags) is { } mask && Flags(value[(slash + 1)..], s_tcpFlags) is { } flags
            ? $"{One(mask)}/{One(flags)}"
            : null;
        static string One(uint flags) => flags == 0 ? "NONE" : flags == 63 ? "ALL" : Names(flags, s_tcpFlags);
    }

    /// <summary>Flags by name; null where one is unknown.</summary>
    private static uint? Flags(string value, (uint Number, string Name)[] names)
    {
        uint flags = 0;
        foreach (string part in value.Split([',', ' ', '\t', '\n', '\r', '\v', '\f'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (Find(names, part) is not { } known)
                return null;
            flags |= known.Number;
        }

        return flags;
    }

    private static string Names(uint flags, (uint Number, string Name)[] names) =>
        string.Join(',', names.Where(one => BitOperations.IsPow2(one.Number) && (flags & one.Number) != 0).Select(static one => one.Name));

    private static string? IpSetFlags(string value)
    {
        string[] parts = value.Split(',');
        if (parts.Length > MostIpSets)
            return null;
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = parts[i].ToLowerInvariant();
            if (parts[i] is not ("src" or "dst"))
                return null;
        }

        return string.Join(',', parts);
    }
}
