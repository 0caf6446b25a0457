using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Interfaces of the host of <c>test:///</c>.</summary>
internal sealed class TestInterfaceDriver(TestInterfaces interfaces) : InterfaceDriver
{
    public override ValueTask<int> NumOfInterfaces(CallContext call) => new(Count(active: true));

    public override ValueTask<string[]> ListInterfaces(CallContext call) => new(Names(active: true));

    public override ValueTask<int> NumOfDefinedInterfaces(CallContext call) => new(Count(active: false));

    public override ValueTask<string[]> ListDefinedInterfaces(CallContext call) => new(Names(active: false));

    public override ValueTask<InterfaceRef[]> ListAllInterfaces(CallContext call, ConnectListAllInterfacesFlags flags)
    {
        const uint Active = (uint)ConnectListAllInterfacesFlags.Active;
        const uint Inactive = (uint)ConnectListAllInterfacesFlags.Inactive;
        FlagCheck.Require((uint)flags, Active | Inactive, "testConnectListAllInterfaces");
        List<InterfaceRef> found = [];
        foreach (TestInterface one in interfaces.All.Values)
        {
            if (ListFilter.Passes((uint)flags, Active, Inactive, one.IsActive))
                found.Add(one.Ref);
        }

        return new(found.ToArray());
    }

    public override ValueTask<InterfaceRef> LookupByName(CallContext call, string name) => new(interfaces.Get(name).Ref);

    public override ValueTask<InterfaceRef> LookupByMacString(CallContext call, string mac) => new(interfaces.GetByMac(mac));

    public override ValueTask<bool> IsActive(CallContext call, InterfaceRef iface) => new(interfaces.Get(iface.Name).IsActive);

    public override ValueTask<string> GetXmlDesc(CallContext call, InterfaceRef iface, InterfaceXmlFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testInterfaceGetXMLDesc");
        return new(interfaces.Get(iface.Name).Xml);
    }

    public override ValueTask<InterfaceRef> DefineXml(CallContext call, string xml, InterfaceDefineFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)InterfaceDefineFlags.Validate, "testInterfaceDefineXML");
        return new(interfaces.Define(xml, flags.HasFlag(InterfaceDefineFlags.Validate)));
    }

    public override ValueTask Undefine(CallContext call, InterfaceRef iface)
    {
        interfaces.Undefine(iface.Name);
        return default;
    }

    public override ValueTask Create(CallContext call, InterfaceRef iface, uint flags)
    {
        FlagCheck.Require(flags, 0, "testInterfaceCreate");
        interfaces.SetActive(iface.Name, true);
        return default;
    }

    public override ValueTask Destroy(CallContext call, InterfaceRef iface, uint flags)
    {
        FlagCheck.Require(flags, 0, "testInterfaceDestroy");
        interfaces.SetActive(iface.Name, false);
        return default;
    }

    public override ValueTask ChangeBegin(CallContext call, uint flags)
    {
        FlagCheck.Require(flags, 0, "testInterfaceChangeBegin");
        interfaces.Begin();
        return default;
    }

    public override ValueTask ChangeCommit(CallContext call, uint flags)
    {
        FlagCheck.Require(flags, 0, "testInterfaceChangeCommit");
        interfaces.Commit();
        return default;
    }

    public override ValueTask ChangeRollback(CallContext call, uint flags)
    {
        FlagCheck.Require(flags, 0, "testInterfaceChangeRollback");
        interfaces.Rollback();
        return default;
    }

    private int Count(bool active) => interfaces.All.Values.Count(one => one.IsActive == active);

    private string[] Names(bool active) => [.. interfaces.All.Values.Where(one => one.IsActive == active).Select(static one => one.Document.Name)];
}
