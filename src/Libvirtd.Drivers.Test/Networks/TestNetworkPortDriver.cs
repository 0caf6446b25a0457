using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Ports of virtual networks of <c>test:///</c>.</summary>
internal sealed class TestNetworkPortDriver(TestNetworks networks) : NetworkPortDriver
{
    private static readonly string[] s_inbound =
    [
        LibvirtConstants.NetworkPortBandwidthInAverage, LibvirtConstants.NetworkPortBandwidthInPeak, LibvirtConstants.NetworkPortBandwidthInFloor,
        LibvirtConstants.NetworkPortBandwidthInBurst,
    ];

    private static readonly string[] s_outbound =
    [
        LibvirtConstants.NetworkPortBandwidthOutAverage, LibvirtConstants.NetworkPortBandwidthOutPeak, LibvirtConstants.NetworkPortBandwidthOutBurst,
    ];

    public override ValueTask<NetworkPortRef[]> ListAllPorts(CallContext call, NetworkRef network, uint flags)
    {
        Check(flags, 0, "networkListAllPorts");
        TestNetwork owner = networks.GetActive(network.Uuid);
        return new([.. owner.View.Ports.Keys.Select(uuid => new NetworkPortRef { Net = owner.Ref, Uuid = uuid })]);
    }

    public override ValueTask<NetworkPortRef> LookupByUuid(CallContext call, NetworkRef network, Guid uuid)
    {
        _ = networks.GetPort(network.Uuid, uuid);
        return new(new NetworkPortRef { Net = networks.Get(network.Uuid).Ref, Uuid = uuid });
    }

    public override ValueTask<NetworkPortRef> CreateXml(CallContext call, NetworkRef network, string xml, NetworkPortCreateFlags flags)
    {
        Check((uint)flags, (uint)(NetworkPortCreateFlags.Reclaim | NetworkPortCreateFlags.Validate), "networkPortCreateXML");
        return new(networks.CreatePort(network.Uuid, xml, flags.HasFlag(NetworkPortCreateFlags.Reclaim), flags.HasFlag(NetworkPortCreateFlags.Validate)));
    }

    public override ValueTask Delete(CallContext call, NetworkPortRef port, uint flags)
    {
        Check(flags, 0, "networkPortDelete");
        networks.DeletePort(port.Net.Uuid, port.Uuid);
        return default;
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, NetworkPortRef port, uint flags)
    {
        Check(flags, 0, "networkPortGetXMLDesc");
        return new(networks.GetPort(port.Net.Uuid, port.Uuid).Format());
    }

    public override ValueTask<TypedParam[]> GetParameters(CallContext call, NetworkPortRef port, uint flags)
    {
        Check(flags, 0, "networkPortGetParameters");
        NetworkPortDocument document = networks.GetPort(port.Net.Uuid, port.Uuid);
        return new(
        [
            .. document.Inbound is { } inbound ? Parameters(s_inbound, [inbound.Average, inbound.Peak, inbound.Floor, inbound.Burst]) : [],
            .. document.Outbound is { } outbound ? Parameters(s_outbound, [outbound.Average, outbound.Peak, outbound.Burst]) : [],
        ]);
    }

    public override ValueTask SetParameters(CallContext call, NetworkPortRef port, TypedParam[] @params, uint flags)
    {
        Check(flags, 0, "networkPortSetParameters");
        TypedParamRules.Require(@params, TypedParameterType.Uint, [.. s_inbound, .. s_outbound]);
        uint Value(string name) => @params.Find(name)?.UInt ?? 0;
        PortRate inbound = new(Value(s_inbound[0]), Value(s_inbound[1]), Value(s_inbound[2]), Value(s_inbound[3]));
        PortRate outbound = new(Value(s_outbound[0]), Value(s_outbound[1]), 0, Value(s_outbound[2]));
        networks.SetBandwidth(port.Net.Uuid, port.Uuid, inbound.IsEmpty ? null : inbound, outbound.IsEmpty ? null : outbound);
        return default;
    }

    private static IEnumerable<TypedParam> Parameters(string[] names, uint[] values) => names.Zip(values, static (name, value) => new TypedParam(name, value));

    private static void Check(uint flags, uint known, string function) => FlagCheck.Require(flags, known, function, ErrorDomain.Network);
}
