using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class InterfaceTests
{
    private readonly StorageHost _host = new();

    [Fact]
    public async Task The_default_interface_prints_as_upstream_prints_it()
    {
        InterfaceRef eth1 = await _host.Interfaces.LookupByMacString(_host.Call, "AA:BB:CC:dd:ee:ff");
        Assert.Equal(("eth1", "AA:BB:CC:dd:ee:ff"), (eth1.Name, eth1.Mac));
        Assert.Equal("""
            <interface type='ethernet' name='eth1'>
              <start mode='onboot'/>
              <mtu size='1492'/>
              <protocol family='ipv4'>
                <ip address='192.168.0.5' prefix='24'/>
                <route gateway='192.168.0.1'/>
              </protocol>
              <mac address='aa:bb:cc:dd:ee:ff'/>
            </interface>

            """, await _host.Interfaces.GetXmlDesc(_host.Call, eth1, 0));
    }

    [Fact]
    public async Task An_interface_goes_down_once_and_up_once()
    {
        InterfaceRef eth1 = await _host.Interfaces.LookupByName(_host.Call, "eth1");
        await _host.Interfaces.Destroy(_host.Call, eth1, 0);
        await StorageHost.Fails(ErrorCode.OperationInvalid, "Requested operation is not valid", () => _host.Interfaces.Destroy(_host.Call, eth1, 0));
        Assert.Equal(["eth1"], await _host.Interfaces.ListDefinedInterfaces(_host.Call));
        await _host.Interfaces.Create(_host.Call, eth1, 0);
        Assert.True(await _host.Interfaces.IsActive(_host.Call, eth1));
    }

    [Fact]
    public async Task A_rolled_back_change_never_was()
    {
        await _host.Interfaces.ChangeBegin(_host.Call, 0);
        await StorageHost.Fails(ErrorCode.OperationInvalid, "Requested operation is not valid: there is another transaction running.",
            () => _host.Interfaces.ChangeBegin(_host.Call, 0));
        await _host.Interfaces.Undefine(_host.Call, await _host.Interfaces.LookupByName(_host.Call, "eth1"));
        await _host.Interfaces.DefineXml(_host.Call, "<interface type='ethernet' name='eth2'/>", 0);
        await _host.Interfaces.ChangeRollback(_host.Call, 0);
        Assert.Equal(["eth1"], (await _host.Interfaces.ListAllInterfaces(_host.Call, 0)).Select(one => one.Name));
        await StorageHost.Fails(ErrorCode.OperationInvalid, "Requested operation is not valid: no transaction running, nothing to be committed.",
            () => _host.Interfaces.ChangeCommit(_host.Call, 0));
    }
}

public sealed class NodeDeviceTests
{
    private readonly StorageHost _host = new();

    [Fact]
    public async Task Lists_filter_by_capability()
    {
        Assert.Equal(["computer", "scsi_host1", "scsi_host11", "scsi_host2"], await _host.Devices.ListDevices(_host.Call, null, 0));
        Assert.Equal(["scsi_host1", "scsi_host2"], await _host.Devices.ListDevices(_host.Call, "vports", 0));
        Assert.Equal(3, await _host.Devices.NumOfDevices(_host.Call, "fc_host", 0));
        Assert.Equal(["computer", "scsi_host1", "scsi_host2"], (await _host.Devices.ListAllNodeDevices(_host.Call,
            ConnectListAllNodeDeviceFlags.CapSystem | ConnectListAllNodeDeviceFlags.CapVports)).Select(one => one.Name));
        await StorageHost.Fails(ErrorCode.InvalidArg, "unsupported flags (0x400000) in function testConnectListAllNodeDevices",
            () => _host.Devices.ListAllNodeDevices(_host.Call, (ConnectListAllNodeDeviceFlags)0x400000));
        Assert.Equal(["scsi_host"], await _host.Devices.ListCaps(_host.Call, "scsi_host1"));
    }

    [Fact]
    public async Task A_host_prints_as_upstream_prints_it() => Assert.Equal("""
        <device>
          <name>scsi_host1</name>
          <parent>computer</parent>
          <capability type='scsi_host'>
            <host>1</host>
            <unique_id>0</unique_id>
            <capability type='fc_host'>
              <wwnn>2000000012341234</wwnn>
              <wwpn>1000000012341234</wwpn>
              <fabric_wwn>2000000043214321</fabric_wwn>
            </capability>
            <capability type='vport_ops'>
              <max_vports>0</max_vports>
              <vports>0</vports>
            </capability>
          </capability>
        </device>

        """, await _host.Devices.GetXmlDesc(_host.Call, "scsi_host1", 0));

    [Fact]
    public async Task A_virtual_host_is_made_and_destroyed_with_events()
    {
        NodeDeviceRef made = await _host.Devices.CreateXml(_host.Call, VirtualHost("<parent>scsi_host1</parent>"), 0);
        Assert.Equal("scsi_host12", made.Name);
        Assert.Contains("<wwpn>1000000000000001</wwpn>", await _host.Devices.GetXmlDesc(_host.Call, made.Name, 0), StringComparison.Ordinal);
        await _host.Devices.Destroy(_host.Call, made.Name);
        Assert.Equal(["device scsi_host12 Created", "device scsi_host12 Deleted"], _host.Raised);
    }

    [Theory]
    [InlineData("<parent>nope</parent>", "internal error: Could not find parent device for 'new device'")]
    [InlineData("<parent>computer</parent>", "internal error: Parent device computer is not capable of vport operations")]
    [InlineData("<parent wwnn='1'/>", "XML error: when providing parent wwnn='1', the wwpn must also be provided")]
    public async Task A_virtual_host_needs_a_capable_parent(string parent, string text)
    {
        VirException error = await Assert.ThrowsAsync<VirException>(async () => await _host.Devices.CreateXml(_host.Call, VirtualHost(parent), 0));
        Assert.Equal(text, error.Message);
    }

    [Fact]
    public async Task What_is_no_fibre_channel_host_is_not_made()
    {
        await StorageHost.Fails(ErrorCode.InternalError, "internal error: Device is not a fibre channel HBA",
            () => _host.Devices.CreateXml(_host.Call, "<device><capability type='scsi_host'/></device>", 0));
        await StorageHost.Fails(ErrorCode.InternalError, "internal error: no device capabilities for 'new device'",
            () => _host.Devices.CreateXml(_host.Call, "<device/>", 0));
        await StorageHost.Fails(ErrorCode.InternalError, "internal error: no parent for this device",
            () => _host.Devices.GetParent(_host.Call, "computer"));
    }

    private static string VirtualHost(string parent) => $"<device>{parent}<capability type='scsi_host'><capability type='fc_host'>"
        + "<wwnn>2000000000000001</wwnn><wwpn>1000000000000001</wwpn></capability></capability></device>";
}
