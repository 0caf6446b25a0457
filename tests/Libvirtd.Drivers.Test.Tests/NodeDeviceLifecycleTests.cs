using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Mediated and PCI devices: on a host from a file, since the default one has none.</summary>
public sealed class NodeDeviceLifecycleTests : IAsyncDisposable
{
    private const string Uuid = "00000000-0000-4000-8000-00000000ab01";
    private const string Name = "mdev_00000000_0000_4000_8000_00000000ab01_0000_00_02_0";
    private const string Gpu = "pci_0000_00_02_0";

    private const string Host = $"""
        <node><device><name>computer</name><capability type='system'><hardware><uuid>00000000-0000-4000-8000-00000000ab00</uuid></hardware></capability></device>
        <device><name>{Gpu}</name><parent>computer</parent><capability type='pci'><domain>0</domain><bus>0</bus><slot>2</slot><function>0</function>
        <product id='0x1'/><vendor id='0x2'/><capability type='mdev_types'><type id='gpu-1'><deviceAPI>vfio-pci</deviceAPI>
        <availableInstances>1</availableInstances></type></capability></capability></device></node>
        """;

    private readonly string _file = Path.GetTempFileName();
    private readonly Hypervisor _host;

    public NodeDeviceLifecycleTests()
    {
        File.WriteAllText(_file, Host);
        _host = Hypervisor.OpenAsync(uri: $"test://{_file}").Result;
    }

    private static FakeCall Call => Hypervisor.Call;

    private NodeDeviceDriver Devices => _host.Connection.NodeDevices;

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        File.Delete(_file);
    }

    [Fact]
    public void A_defined_device_is_started_stopped_and_forgotten()
    {
        Assert.Equal(Name, Define().Name);
        Assert.Equal([Name], List(ConnectListAllNodeDeviceFlags.Inactive));
        Assert.Equal((false, true, false), State());
        _ = Devices.Create(Call, Name, 0);
        _ = Devices.SetAutostart(Call, Name, 1);
        Assert.Equal((true, true, true), State());
        Assert.Equal([Name], List(ConnectListAllNodeDeviceFlags.Active | ConnectListAllNodeDeviceFlags.CapMdev));
        Assert.Equal("Requested operation is not valid: Device is already active", Hypervisor.Fails(() => _ = Devices.Create(Call, Name, 0)).Text);
        _ = Devices.Destroy(Call, Name);
        Assert.Equal($"Requested operation is not valid: Device '{Name}' is not active", Hypervisor.Fails(() => _ = Devices.Destroy(Call, Name)).Text);
        _ = Devices.Undefine(Call, Name, 0);
        Assert.Equal(ErrorCode.NoNodeDevice, Hypervisor.Fails(() => State()).Code);
    }

    [Fact]
    public async Task A_device_that_was_only_created_ends_with_its_stop()
    {
        Assert.Equal(Name, (await Devices.CreateXml(Call, Xml(), 0)).Name);
        Assert.Equal((true, false, false), State());
        Assert.Equal($"Requested operation is not valid: Node device '{Name}' is not defined", Hypervisor.Fails(() => _ = Devices.Undefine(Call, Name, 0)).Text);
        Assert.Equal(ErrorCode.OperationInvalid, Hypervisor.Fails(() => _ = Devices.SetAutostart(Call, Name, 1)).Code);
        Assert.Equal(ErrorCode.InternalError, Hypervisor.Fails(() => _ = Devices.CreateXml(Call, Xml("00000000-0000-4000-8000-00000000ab02"), 0)).Code);
        _ = Devices.Destroy(Call, Name);
        Assert.Equal(ErrorCode.NoNodeDevice, Hypervisor.Fails(() => State()).Code);
    }

    [Fact]
    public async Task Attributes_are_changed_now_or_later()
    {
        Define();
        _ = Devices.Create(Call, Name, 0);
        _ = Devices.Update(Call, Name, Xml(more: "<attr name='a' value='1'/>"), NodeDeviceUpdateFlags.Config);
        Assert.DoesNotContain("<attr", await Devices.GetXmlDesc(Call, Name, 0), StringComparison.Ordinal);
        Assert.Contains("<attr name='a' value='1'/>", await Devices.GetXmlDesc(Call, Name, NodeDeviceXmlFlags.Inactive), StringComparison.Ordinal);
        _ = Devices.Destroy(Call, Name);
        Assert.Contains("<attr name='a' value='1'/>", await Devices.GetXmlDesc(Call, Name, 0), StringComparison.Ordinal);
        Assert.Equal(ErrorCode.OperationInvalid, Hypervisor.Fails(() => _ = Devices.Update(Call, Name, Xml(), NodeDeviceUpdateFlags.Live)).Code);
        Assert.Equal(ErrorCode.ConfigUnsupported, Hypervisor.Fails(() => _ = Devices.Update(Call, Name, Xml(type: "gpu-2"), 0)).Code);
    }

    [Theory]
    [InlineData("", "XML error: cannot define a mediated device without a parent")]
    [InlineData("<parent>nope</parent>", "Node device not found: no node device with matching name 'nope'")]
    public void A_device_needs_a_parent(string parent, string text) => Assert.Equal(text, Hypervisor.Fails(() => _ = Devices.DefineXml(Call,
        $"<device>{parent}<capability type='mdev'><type id='gpu-1'/></capability></device>", 0)).Text);

    [Fact]
    public void Only_mediated_devices_are_defined()
    {
        Assert.Equal("unsupported configuration: Unsupported device type", Hypervisor.Fails(() => _ = Devices.Undefine(Call, "computer", 0)).Text);
        Assert.Equal(ErrorCode.ConfigUnsupported, Hypervisor.Fails(() => _ = Devices.DefineXml(Call,
            "<device><capability type='net'><interface>eth0</interface></capability></device>", 0)).Code);
        Assert.Equal(ErrorCode.OperationUnsupported, Hypervisor.Fails(() => _ = Devices.SetAutostart(Call, "computer", 1)).Code);
    }

    [Fact]
    public async Task A_pci_device_goes_to_the_guests_driver_and_back()
    {
        string before = await Devices.GetXmlDesc(Call, Gpu, 0);
        _ = Devices.DetachFlags(Call, Gpu, "vfio", 0);
        _ = Devices.Dettach(Call, Gpu);
        Assert.Contains("<driver>\n    <name>vfio-pci</name>\n  </driver>", await Devices.GetXmlDesc(Call, Gpu, 0), StringComparison.Ordinal);
        _ = Devices.Reset(Call, Gpu);
        _ = Devices.ReAttach(Call, Gpu);
        Assert.Equal(before, await Devices.GetXmlDesc(Call, Gpu, 0));
        Assert.Equal("invalid argument: device computer is not a PCI device", Hypervisor.Fails(() => _ = Devices.Reset(Call, "computer")).Text);
        Assert.Equal("invalid argument: unknown driver name 'x'", Hypervisor.Fails(() => _ = Devices.DetachFlags(Call, Gpu, "x", 0)).Text);
    }

    [Fact]
    public void A_device_of_a_running_domain_stays_there()
    {
        DomainRef guest = _host.Define("g", devices: """
            <hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x00' slot='0x02' function='0x0'/></source></hostdev>
            """);
        _ = Devices.Reset(Call, Gpu);
        _ = _host.Domains.Create(Call, guest);
        Assert.Equal("Requested operation is not valid: PCI device 0000:00:02.0 is in use by driver TEST, domain g",
            Hypervisor.Fails(() => _ = Devices.ReAttach(Call, Gpu)).Text);
    }

    private static string Xml(string uuid = Uuid, string type = "gpu-1", string more = "") =>
        $"<device><parent>{Gpu}</parent><capability type='mdev'><type id='{type}'/><uuid>{uuid}</uuid>{more}</capability></device>";

    private NodeDeviceRef Define() => Devices.DefineXml(Call, Xml(), 0).Result;

    private string[] List(ConnectListAllNodeDeviceFlags flags) => [.. Devices.ListAllNodeDevices(Call, flags).Result.Select(static one => one.Name)];

    private (bool Active, bool Persistent, bool Autostart) State() =>
        (Devices.IsActive(Call, Name).Result, Devices.IsPersistent(Call, Name).Result, Devices.GetAutostart(Call, Name).Result);
}
