using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Ports: the places of guests on a running network. By the rules of upstream's network driver, since its test driver has none.</summary>
internal sealed partial class TestNetworks
{
    /// <summary>The network, which must run.</summary>
    public TestNetwork GetActive(Guid uuid)
    {
        TestNetwork network = Get(uuid);
        return network.View.IsActive
            ? network
            : throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Network, $"network '{network.Ref.Name}' is not active");
    }

    /// <summary>A port of a network.</summary>
    /// <exception cref="VirException">VIR_ERR_NO_NETWORK_PORT, or the network does not run.</exception>
    public NetworkPortDocument GetPort(Guid network, Guid port)
    {
        NetworkPortDocument? found = Get(network).View.Ports.GetValueOrDefault(port);
        if (found is null)
            throw VirException.Of(ErrorCode.NoNetworkPort, ErrorDomain.Network, $"Network port with UUID {port:D} does not exist");
        _ = GetActive(network);
        return found;
    }

    /// <summary>Makes a port and finds a place for it; or, with <paramref name="reclaim"/>, takes one that already has its place.</summary>
    public NetworkPortRef CreatePort(Guid network, string xml, bool reclaim, bool validate)
    {
        _ = Get(network);
        NetworkPortDocument port = NetworkPortDocument.Parse(xml, new DocumentOptions { Validate = validate, NewUuid = host.Identities.NextUuid });
        lock (_lock)
        {
            TestNetwork owner = GetActive(network);
            NetworkView view = owner.View;
            if (port.HasPlug != reclaim)
            {
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Network, reclaim
                    ? "Port reclaim requested but plug type is none"
                    : "Port reclaim not requested but plug type is not none");
            }

            CheckFloor(view.Document, port);
            if (!reclaim)
                port = port.PlugInto(view.Document);
            if (view.Ports.ContainsKey(port.Uuid))
                throw VirException.Of(ErrorCode.NetworkPortExist, ErrorDomain.Network, $"Network port with UUID {port.Uuid:D} already exists");
            owner.View = view with { Ports = view.Ports.Add(port.Uuid, port) };
            return new NetworkPortRef { Net = owner.Ref, Uuid = port.Uuid };
        }
    }

    public void DeletePort(Guid network, Guid port)
    {
        lock (_lock)
        {
            _ = GetPort(network, port);
            Get(network).Change(view => view with { Ports = view.Ports.Remove(port) });
        }
    }

    /// <summary>Gives a port other rates; a direction without an average or a floor has none.</summary>
    public void SetBandwidth(Guid network, Guid port, PortRate? inbound, PortRate? outbound)
    {
        lock (_lock)
        {
            NetworkPortDocument changed = GetPort(network, port).WithBandwidth(inbound, outbound);
            CheckFloor(Get(network).View.Document, changed);
            Get(network).Change(view => view with { Ports = view.Ports.SetItem(port, changed) });
        }
    }

    private static void CheckFloor(NetworkDocument network, NetworkPortDocument port)
    {
        if (port.Inbound is { Floor: > 0 } && network.Root.Find("bandwidth", "inbound") is null)
        {
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Network,
                $"Invalid use of 'floor' on interface with MAC address {port.Mac} - network '{network.Name}' has no inbound QoS set");
        }
    }
}
