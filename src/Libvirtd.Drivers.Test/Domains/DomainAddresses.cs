using Libvirtd.Protocol;
using WireInterface = Libvirtd.Protocol.DomainInterface;

namespace Libvirtd.Drivers.Test;

/// <summary>The addresses of a running domain's interfaces.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask<WireInterface[]> InterfaceAddresses(CallContext call, DomainRef dom, DomainInterfaceAddressesSource source, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainInterfaceAddresses");
        if ((uint)source > (uint)DomainInterfaceAddressesSource.Arp)
            throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.Test, $"Unknown IP address data source {(int)source}");
        DomainView view = source == DomainInterfaceAddressesSource.Agent ? AgentView(dom) : ActiveView(dom);
        return new(InterfacesOf(view.Definition));
    }

    private WireInterface[] InterfacesOf(DomainDefinition definition)
    {
        List<WireInterface> interfaces = [];
        foreach (Documents.DomainInterface net in definition.Document.Interfaces)
        {
            int place = interfaces.Count;
            DomainIpAddr? address = net.Type == "network"
                ? GuestAddress.On(Host.Networks.Get(net.Source!).View.Document, net.Mac, definition.Id, place)
                : new DomainIpAddr { Type = (int)IpAddrType.Ipv4, Addr = $"192.168.0.{1 + place}", Prefix = 24 };
            interfaces.Add(new WireInterface
            {
                Name = net.TargetDevice ?? "",
                Hwaddr = net.Mac,
                Addrs = address is { } found ? [found] : [],
            });
        }

        return [.. interfaces];
    }
}
