using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Devices of the host of <c>test:///</c>.</summary>
internal sealed partial class TestNodeDeviceDriver(TestNodeDevices devices) : NodeDeviceDriver
{
    /// <summary>Upstream's test driver does not know these, and so refuses every list that its virsh asks for.</summary>
    private const ConnectListAllNodeDeviceFlags StateFilters = ConnectListAllNodeDeviceFlags.Active | ConnectListAllNodeDeviceFlags.Inactive
        | ConnectListAllNodeDeviceFlags.Persistent | ConnectListAllNodeDeviceFlags.Transient;

    public override ValueTask<int> NumOfDevices(CallContext call, string? cap, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeNumOfDevices");
        return new(devices.All.Values.Count(one => one.IsActive && (cap is null || one.Document.Has(cap))));
    }

    public override ValueTask<string[]> ListDevices(CallContext call, string? cap, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeListDevices");
        return new([.. devices.All.Values.Where(one => one.IsActive && (cap is null || one.Document.Has(cap))).Select(static one => one.Document.Name)]);
    }

    public override ValueTask<NodeDeviceRef[]> ListAllNodeDevices(CallContext call, ConnectListAllNodeDeviceFlags flags)
    {
        FlagCheck.Require((uint)flags, NodeDeviceDocument.CapabilityFlags, "testConnectListAllNodeDevices", beyond: (uint)StateFilters);
        return new([.. devices.All.Values.Where(device => device.Passes((uint)flags)).Select(static device => device.Ref)]);
    }

    public override ValueTask<NodeDeviceRef> LookupByName(CallContext call, string name) => new(devices.Get(name).Ref);

    public override ValueTask<NodeDeviceRef> LookupScsiHostByWwn(CallContext call, string wwnn, string wwpn, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeDeviceLookupSCSIHostByWWN");
        return new(devices.GetByWwn(wwnn, wwpn));
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, string name, NodeDeviceXmlFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testNodeDeviceGetXMLDesc", beyond: (uint)NodeDeviceXmlFlags.Inactive);
        TestNodeDevice device = devices.Get(name);
        if (!flags.HasFlag(NodeDeviceXmlFlags.Inactive))
            return new(device.Document.Format());
        return new(device.Config?.Format()
            ?? throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Nodedev, $"node device '{name}' is not persistent"));
    }

    public override ValueTask<string?> GetParent(CallContext call, string name) => new(devices.Get(name).Document.Parent
        ?? throw VirException.Internal(ErrorDomain.Test, "no parent for this device"));

    public override ValueTask<int> NumOfCaps(CallContext call, string name) => new(devices.Get(name).Document.OwnCapabilities.Count());

    public override ValueTask<string[]> ListCaps(CallContext call, string name) => new([.. devices.Get(name).Document.OwnCapabilities]);

    public override ValueTask<NodeDeviceRef> CreateXml(CallContext call, string xmlDesc, NodeDeviceCreateXmlFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)NodeDeviceCreateXmlFlags.Validate, "testNodeDeviceCreateXML");
        return new(devices.CreateXml(xmlDesc, flags.HasFlag(NodeDeviceCreateXmlFlags.Validate)));
    }

    public override ValueTask Destroy(CallContext call, string name)
    {
        devices.Destroy(name);
        return default;
    }
}
