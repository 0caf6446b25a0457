using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Mediated devices, and PCI devices for guests: what upstream's test driver has not.</summary>
internal sealed partial class TestNodeDeviceDriver
{
    public override ValueTask<NodeDeviceRef> DefineXml(CallContext call, string xmlDesc, NodeDeviceDefineXmlFlags flags)
    {
        Check((uint)flags, (uint)NodeDeviceDefineXmlFlags.Validate, "nodeDeviceDefineXML");
        return new(devices.Define(xmlDesc, flags.HasFlag(NodeDeviceDefineXmlFlags.Validate)));
    }

    public override ValueTask Undefine(CallContext call, string name, uint flags)
    {
        Check(flags, 0, "nodeDeviceUndefine");
        devices.Undefine(name);
        return default;
    }

    public override ValueTask Create(CallContext call, string name, uint flags)
    {
        Check(flags, 0, "nodeDeviceCreate");
        devices.Start(name);
        return default;
    }

    public override ValueTask<bool> GetAutostart(CallContext call, string name) => new(devices.Get(name).IsAutostart);

    public override ValueTask SetAutostart(CallContext call, string name, int autostart)
    {
        devices.SetAutostart(name, autostart != 0);
        return default;
    }

    public override ValueTask<bool> IsPersistent(CallContext call, string name) => new(devices.Get(name).IsPersistent);

    public override ValueTask<bool> IsActive(CallContext call, string name) => new(devices.Get(name).IsActive);

    public override ValueTask Update(CallContext call, string name, string xmlDesc, NodeDeviceUpdateFlags flags)
    {
        Check((uint)flags, (uint)(NodeDeviceUpdateFlags.Live | NodeDeviceUpdateFlags.Config), "nodeDeviceUpdate");
        devices.Update(name, xmlDesc, flags);
        return default;
    }

    public override ValueTask Dettach(CallContext call, string name)
    {
        devices.Detach(name, null);
        return default;
    }

    public override ValueTask DetachFlags(CallContext call, string name, string? driverName, uint flags)
    {
        Check(flags, 0, "testNodeDeviceDetachFlags");
        devices.Detach(name, driverName);
        return default;
    }

    public override ValueTask ReAttach(CallContext call, string name)
    {
        devices.Reattach(name);
        return default;
    }

    public override ValueTask Reset(CallContext call, string name)
    {
        devices.Reset(name);
        return default;
    }

    private static void Check(uint flags, uint known, string function) => FlagCheck.Require(flags, known, function, ErrorDomain.Nodedev);
}
