using System.Net;
using System.Net.Sockets;
using Libvirtd.Documents;
using Libvirtd.Protocol;
using WireInterface = Libvirtd.Protocol.DomainInterface;

namespace Libvirtd.Drivers.Test;

/// <summary>The addresses of a running domain's interfaces: upstream's figures, which follow from the network, the domain's id and the place.</summary>
internal sealed partial class TestDomainDriver
{
    private const int AddressesPerDomain = 20;

    public override ValueTask<WireInterface[]> InterfaceAddresses(CallContext call, DomainRef dom, DomainInterfaceAddressesSource source, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainInterfaceAddresses");
        if ((uint)source > (uint)DomainInterfaceAddressesSource.Arp)
            throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.Test, $"Unknown IP address data source {(uint)source}");
        DomainDefinition definition = ActiveView(dom).Definition;
        List<WireInterface> interfaces = [];
        foreach (Documents.DomainInterface net in definition.Document.Interfaces)
        {
            int place = interfaces.Count;
            long offset = ((long)AddressesPerDomain * (definition.Id - 1)) + place + 1;
            DomainIpAddr? address = net.Type == "network"
                ? AddressOn(Host.Networks.Get(net.Source!).View.Document, offset)
                : new DomainIpAddr { Type = (int)IpAddrType.Ipv4, Addr = $"192.168.0.{1 + place}", Prefix = 24 };
            interfaces.Add(new WireInterface
            {
                Name = net.TargetDevice ?? "",
                Hwaddr = net.Mac,
                Addrs = address is { } found ? [found] : [],
            });
        }

        return new([.. interfaces]);
    }

    /// <summary>The address so many after the first that the network gives out; null on a network without addresses.</summary>
    private static DomainIpAddr? AddressOn(NetworkDocument network, long offset)
    {
        Node? ip = network.Root.Child("ip");
        if (ip?["address"] is not { } own || !IPAddress.TryParse(own, out IPAddress? first))
            return null;
        uint prefix = PrefixOf(ip, first);
        if (ip.Find("dhcp", "range")?["start"] is { } start && IPAddress.TryParse(start, out IPAddress? given))
            first = given;
        byte[] bytes = first.GetAddressBytes();
        bool isVersion6 = first.AddressFamily == AddressFamily.InterNetworkV6;
        // Upstream adds to the last byte of the longer addresses, and to the whole of the shorter.
        int lowest = isVersion6 ? bytes.Length - 1 : 0;
        long carry = offset;
        for (int i = bytes.Length - 1; i >= lowest; i--)
        {
            carry += bytes[i];
            bytes[i] = unchecked((byte)carry);
            carry >>= 8;
        }

        return new DomainIpAddr
        {
            Type = (int)(isVersion6 ? IpAddrType.Ipv6 : IpAddrType.Ipv4),
            Addr = new IPAddress(bytes).ToString(),
            Prefix = prefix,
        };
    }

    private static uint PrefixOf(Node ip, IPAddress address)
    {
        if (uint.TryParse(ip["prefix"], out uint prefix))
            return prefix;
        if (ip["netmask"] is { } mask && IPAddress.TryParse(mask, out IPAddress? bits))
            return (uint)bits.GetAddressBytes().Sum(static one => System.Numerics.BitOperations.PopCount(one));
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
            return 64;
        return address.GetAddressBytes()[0] switch { < 128 => 8, < 192 => 16, < 224 => 24, _ => 0 };
    }
}
