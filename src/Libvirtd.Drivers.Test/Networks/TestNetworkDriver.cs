using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Virtual networks of <c>test:///</c>.</summary>
internal sealed partial class TestNetworkDriver(TestNetworks networks) : NetworkDriver
{
    private const uint AllFilters = 0x3f;

    public override ValueTask<int> NumOfNetworks(CallContext call) => new(networks.Count(active: true));

    public override ValueTask<string[]> ListNetworks(CallContext call) => new(networks.Names(active: true));

    public override ValueTask<int> NumOfDefinedNetworks(CallContext call) => new(networks.Count(active: false));

    public override ValueTask<string[]> ListDefinedNetworks(CallContext call) => new(networks.Names(active: false));

    public override ValueTask<NetworkRef[]> ListAllNetworks(CallContext call, ConnectListAllNetworksFlags flags)
    {
        FlagCheck.Require((uint)flags, AllFilters, "testConnectListAllNetworks");
        List<NetworkRef> found = [];
        foreach (TestNetwork network in networks.All)
        {
            NetworkView view = network.View;
            if (Passes(flags, ConnectListAllNetworksFlags.Active, ConnectListAllNetworksFlags.Inactive, view.IsActive)
                && Passes(flags, ConnectListAllNetworksFlags.Persistent, ConnectListAllNetworksFlags.Transient, view.IsPersistent)
                && Passes(flags, ConnectListAllNetworksFlags.Autostart, ConnectListAllNetworksFlags.NoAutostart, view.IsAutostart))
            {
                found.Add(network.Ref);
            }
        }

        return new(found.ToArray());
    }

    public override ValueTask<NetworkRef> LookupByName(CallContext call, string name) => new(networks.Get(name).Ref);

    public override ValueTask<NetworkRef> LookupByUuid(CallContext call, Guid uuid) => new(networks.Get(uuid).Ref);

    public override ValueTask<bool> IsActive(CallContext call, NetworkRef net) => new(networks.Get(net.Uuid).View.IsActive);

    public override ValueTask<bool> IsPersistent(CallContext call, NetworkRef net) => new(networks.Get(net.Uuid).View.IsPersistent);

    public override ValueTask<NetworkRef> DefineXml(CallContext call, string xml) => new(networks.Define(xml, validate: false));

    public override ValueTask<NetworkRef> DefineXmlFlags(CallContext call, string xml, NetworkDefineFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)NetworkDefineFlags.Validate, "testNetworkDefineXMLFlags");
        return new(networks.Define(xml, flags.HasFlag(NetworkDefineFlags.Validate)));
    }

    public override ValueTask<NetworkRef> CreateXml(CallContext call, string xml) => new(networks.CreateXml(xml, validate: false));

    public override ValueTask<NetworkRef> CreateXmlFlags(CallContext call, string xml, NetworkCreateFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)NetworkCreateFlags.Validate, "testNetworkCreateXMLFlags");
        return new(networks.CreateXml(xml, flags.HasFlag(NetworkCreateFlags.Validate)));
    }

    public override ValueTask Create(CallContext call, NetworkRef net)
    {
        networks.Start(net.Name);
        return default;
    }

    public override ValueTask Destroy(CallContext call, NetworkRef net)
    {
        networks.Stop(net.Name);
        return default;
    }

    public override ValueTask Undefine(CallContext call, NetworkRef net)
    {
        networks.Undefine(net.Name);
        return default;
    }

    public override ValueTask Update(CallContext call, NetworkRef net, NetworkUpdateCommand command, NetworkUpdateSection section, int parentIndex,
        string xml, NetworkUpdateFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(NetworkUpdateFlags.Live | NetworkUpdateFlags.Config), "testNetworkUpdate");
        networks.Update(net.Uuid, flags, document => NetworkUpdate.Apply(document, command, section, parentIndex, xml));
        return default;
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, NetworkRef net, NetworkXmlFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testNetworkGetXMLDesc");
        return new(networks.Get(net.Name).View.Xml);
    }

    public override ValueTask<string> GetBridgeName(CallContext call, NetworkRef net)
    {
        TestNetwork network = networks.Get(net.Name);
        return new(network.View.Document.Bridge
            ?? throw VirException.Internal(ErrorDomain.Test, $"network '{network.Ref.Name}' does not have a bridge name."));
    }

    public override ValueTask<bool> GetAutostart(CallContext call, NetworkRef net) => new(networks.Get(net.Name).View.IsAutostart);

    public override ValueTask SetAutostart(CallContext call, NetworkRef net, int autostart)
    {
        networks.SetAutostart(net.Name, autostart != 0);
        return default;
    }

    /// <summary>The leases of running guests; upstream's test driver has no such call.</summary>
    public override ValueTask<NetworkDhcpLease[]> GetDhcpLeases(CallContext call, NetworkRef net, string? mac, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNetworkGetDHCPLeases");
        if (mac is not null && !MacAddress.IsValid(mac))
            throw VirException.Of(ErrorCode.InvalidMac, ErrorDomain.Network, mac);
        IEnumerable<NetworkDhcpLease> leases = networks.Leases(networks.Get(net.Name));
        return new([.. mac is null ? leases : leases.Where(lease => string.Equals(lease.Mac, mac, StringComparison.OrdinalIgnoreCase))]);
    }

    private static bool Passes(ConnectListAllNetworksFlags flags, ConnectListAllNetworksFlags yes, ConnectListAllNetworksFlags no, bool value) =>
        ListFilter.Passes((uint)flags, (uint)yes, (uint)no, value);
}
