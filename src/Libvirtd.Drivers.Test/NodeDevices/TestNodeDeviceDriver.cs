using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Devices of the host of <c>test:///</c>.</summary>
internal sealed class TestNodeDeviceDriver(TestNodeDevices devices) : NodeDeviceDriver
{
    public override ValueTask<int> NumOfDevices(CallContext call, string? cap, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeNumOfDevices");
        return new(devices.All.Values.Count(one => cap is null || one.Document.Has(cap)));
    }

    public override ValueTask<string[]> ListDevices(CallContext call, string? cap, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeListDevices");
        return new([.. devices.All.Values.Where(one => cap is null || one.Document.Has(cap)).Select(static one => one.Document.Name)]);
    }

    public override ValueTask<NodeDeviceRef[]> ListAllNodeDevices(CallContext call, ConnectListAllNodeDeviceFlags flags)
    {
        uint known = (1u << NodeDeviceDocument.CapabilityTypes.Count) - 1;
        FlagCheck.Require((uint)flags, known, "testConnectListAllNodeDevices");
        List<NodeDeviceRef> found = [];
        foreach (TestNodeDevice device in devices.All.Values)
        {
            if (flags == 0 || (device.CapabilityMask & (uint)flags) != 0)
                found.Add(device.Ref);
        }

        return new(found.ToArray());
    }

    public override ValueTask<NodeDeviceRef> LookupByName(CallContext call, string name) => new(devices.Get(name).Ref);

    public override ValueTask<NodeDeviceRef> LookupScsiHostByWwn(CallContext call, string wwnn, string wwpn, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeDeviceLookupSCSIHostByWWN");
        return new(devices.GetByWwn(wwnn, wwpn));
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, string name, NodeDeviceXmlFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testNodeDeviceGetXMLDesc");
        return new(devices.Get(name).Xml);
    }

    public override ValueTask<string?> GetParent(CallContext call, string name) => new(devices.Get(name).Document.Parent
        ?? throw VirException.Internal(ErrorDomain.Test, "no parent for this device"));

    public override ValueTask<int> NumOfCaps(CallContext call, string name) => new(devices.Get(name).Capabilities.Length);

    public override ValueTask<string[]> ListCaps(CallContext call, string name) => new([.. devices.Get(name).Capabilities]);

    public override ValueTask<NodeDeviceRef> CreateXml(CallContext call, string xmlDesc, NodeDeviceCreateXmlFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)NodeDeviceCreateXmlFlags.Validate, "testNodeDeviceCreateXML");
        return new(devices.CreateXml(xmlDesc));
    }

    public override ValueTask Destroy(CallContext call, string name)
    {
        devices.Destroy(name);
        return default;
    }
}
