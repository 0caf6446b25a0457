using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Flags = Libvirtd.Protocol.DomainDeviceModifyFlags;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class DomainDeviceTests
{
    private const Flags Both = Flags.Live | Flags.Config;
    private const string Drive = "<disk type='file' device='cdrom'><source file='/one.iso'/><target dev='sda' bus='sata'/><readonly/></disk>";
    private const string Screen = "<graphics type='vnc' port='5901' autoport='no' passwd='old'/>";

    private static string Disk(string target, string source = "/x.img") =>
        $"<disk type='file'><source file='{source}'/><target dev='{target}'/></disk>";

    private static string Net(string mac, string more = "") =>
        $"<interface type='network'><mac address='{mac}'/><source network='default'/>{more}</interface>";

    [Fact]
    public async Task A_disk_that_is_plugged_in_is_there_until_the_domain_stops_or_it_is_pulled()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        host.TakeEvents();
        await host.Domains.AttachDevice(Call, test, Disk("vdb"));
        Assert.Equal(["test added virtio-disk1"], host.TakeEvents());
        Assert.Contains("<target dev='vdb' bus='virtio'/>\n      <alias name='virtio-disk1'/>", host.DomainXml(test), StringComparison.Ordinal);
        Assert.DoesNotContain("vdb", host.DomainXml(test, DomainXmlFlags.Inactive), StringComparison.Ordinal);
        Assert.DoesNotContain("alias", host.DomainXml(test, DomainXmlFlags.Inactive), StringComparison.Ordinal);
        await host.Domains.DetachDevice(Call, test, Disk("vdb"));
        Assert.Equal(["test removed virtio-disk1"], host.TakeEvents());
        Assert.DoesNotContain("vdb", host.DomainXml(test), StringComparison.Ordinal);
        await host.Domains.AttachDeviceFlags(Call, test, Disk("sdc"), Both);
        await host.Domains.Destroy(Call, test);
        Assert.Contains("<controller type='scsi' index='0'", host.DomainXml(test), StringComparison.Ordinal);
        Assert.Contains("<target dev='sdc' bus='scsi'/>\n      <address type='drive'", host.DomainXml(test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transient_domain_shows_no_made_up_alias_as_configuration()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef passing = host.Start("passing");
        await host.Domains.AttachDevice(Call, passing, Disk("vda"));
        await host.Domains.AttachDevice(Call, passing, Net("52:54:00:00:00:09", "<alias name='ua-mine'/>"));
        string xml = host.DomainXml(passing, DomainXmlFlags.Inactive);
        Assert.DoesNotContain("virtio-disk0", xml, StringComparison.Ordinal);
        Assert.Contains("<alias name='ua-mine'/>", xml, StringComparison.Ordinal);
        await host.Domains.DetachDeviceAlias(Call, passing, "ua-mine", Flags.Live);
        Assert.DoesNotContain("<interface", host.DomainXml(passing), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<disk type='file'><source file='/x'/><target dev='vda'/></disk>", Flags.Live, ErrorCode.XmlError,
        "XML error: target 'vda' duplicated for disk sources '/guest/diskimage1' and '/x'")]
    [InlineData("<disk type='file'><source file='/x'/><target dev='vda'/></disk>", Flags.Config, ErrorCode.OperationInvalid,
        "Requested operation is not valid: target vda already exists")]
    [InlineData("<disk type='file'><source file='/x'/><target dev='hdb'/></disk>", Flags.Live, ErrorCode.OperationUnsupported,
        "Operation not supported: disk bus 'ide' cannot be hotplugged.")]
    [InlineData("<disk type='file' device='floppy'><source file='/x'/><target dev='fda'/></disk>", Flags.Live, ErrorCode.OperationUnsupported,
        "Operation not supported: floppy device hotplug isn't supported")]
    [InlineData("<controller type='usb' index='1'/>", Flags.Live, ErrorCode.OperationUnsupported,
        "Operation not supported: 'usb' controller cannot be hot plugged.")]
    [InlineData("<sound model='ich6'/>", Flags.Live, ErrorCode.OperationUnsupported,
        "Operation not supported: live attach of device 'sound' is not supported")]
    [InlineData("<video><model type='vga'/></video>", Flags.Config, ErrorCode.OperationUnsupported,
        "Operation not supported: persistent attach of device 'video' is not supported")]
    [InlineData("<input type='mouse' bus='ps2'/>", Flags.Live, ErrorCode.OperationUnsupported,
        "Operation not supported: input device on bus 'ps2' cannot be hot plugged.")]
    [InlineData("<memory model='dimm'><target><size>1024</size></target></memory>", Flags.Live, ErrorCode.ConfigUnsupported,
        "unsupported configuration: cannot use/hotplug a memory device when domain 'maxMemory' is not defined")]
    [InlineData("<rocket/>", Flags.Live, ErrorCode.XmlError, "XML error: unknown device type 'rocket'")]
    [InlineData("<disk type='file'><source file='/x'/><target dev='vdb'/></disk>", Flags.Force, ErrorCode.InvalidArg,
        "unsupported flags (0x4) in function testDomainAttachDeviceFlags")]
    public async Task What_cannot_be_attached_is_refused_as_qemu_does(string xml, Flags flags, ErrorCode code, string text)
    {
        await using Hypervisor host = await OpenAsync();
        string before = host.DomainXml(host.Test);
        Assert.Equal((code, text), Fails(() => host.Domains.AttachDeviceFlags(Call, host.Test, xml, flags)));
        Assert.Equal(before, host.DomainXml(host.Test));
    }

    [Theory]
    [InlineData("<disk type='file'><target dev='vdz'/></disk>", Flags.Live, ErrorCode.DeviceMissing, "device not found: disk vdz not found")]
    [InlineData("<disk type='file'><target dev='vdz'/></disk>", Flags.Config, ErrorCode.DeviceMissing, "device not found: no target device vdz")]
    [InlineData("<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface>", Flags.Live,
        ErrorCode.DeviceMissing,
        "device not found: no device found at address '(<null>)' matching MAC address '52:54:00:00:00:01' and alias '(<null>)'")]
    [InlineData("<memballoon model='virtio'/>", Flags.Live, ErrorCode.OperationUnsupported,
        "Operation not supported: live detach of device 'memballoon' is not supported")]
    [InlineData("<channel type='unix'><target type='virtio' name='a'/></channel>", Flags.Live, ErrorCode.DeviceMissing,
        "device not found: chr type 'channel' device not present in domain configuration")]
    [InlineData("<rng model='virtio'><backend model='random'>/dev/random</backend></rng>", Flags.Config, ErrorCode.DeviceMissing,
        "device not found: no matching RNG device was found")]
    public async Task What_is_not_there_cannot_be_detached(string xml, Flags flags, ErrorCode code, string text)
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal((code, text), Fails(() => host.Domains.DetachDeviceFlags(Call, host.Test, xml, flags)));
    }

    [Fact]
    public async Task A_change_of_both_definitions_happens_in_both_or_in_none()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.AttachDevice(Call, test, Disk("vdb"));
        Assert.Equal(ErrorCode.XmlError, Fails(() => host.Domains.AttachDeviceFlags(Call, test, Disk("vdb"), Both)).Code);
        Assert.DoesNotContain("vdb", host.DomainXml(test, DomainXmlFlags.Inactive), StringComparison.Ordinal);
        Assert.Equal("device not found: no target device vdb", Fails(() => host.Domains.DetachDeviceFlags(Call, test, Disk("vdb"), Both)).Text);
        Assert.Contains("vdb", host.DomainXml(test), StringComparison.Ordinal);
        await host.Domains.AttachDeviceFlags(Call, test, "<interface type='bridge'><source bridge='br0'/></interface>", Both);
        Assert.Equal(MacOf(host.DomainXml(test)), MacOf(host.DomainXml(test, DomainXmlFlags.Inactive)));

        static string MacOf(string xml) => xml[xml.IndexOf("<mac address='52", StringComparison.Ordinal)..][..40];
    }

    [Fact]
    public async Task Running_and_configured_domains_are_told_apart()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef off = host.Define("off");
        Assert.Equal("Requested operation is not valid: domain is not running", Fails(() => host.Domains.AttachDevice(Call, off, Disk("vda"))).Text);
        await host.Domains.AttachDeviceFlags(Call, off, Disk("vda"), Flags.Current);
        Assert.Contains("vda", host.DomainXml(off), StringComparison.Ordinal);
        DomainRef passing = host.Start("passing");
        Assert.Equal("Requested operation is not valid: transient domains do not have any persistent config",
            Fails(() => host.Domains.AttachDeviceFlags(Call, passing, Disk("vda"), Both)).Text);
    }

    [Fact]
    public async Task A_medium_is_changed_through_the_tray()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = host.Define("player", devices: Drive);
        await host.Domains.Create(Call, dom);
        host.TakeEvents();
        await host.Domains.UpdateDeviceFlags(Call, dom, Drive.Replace("/one", "/two", StringComparison.Ordinal), Flags.Live);
        Assert.Equal(["player tray sata0-0-0 0", "player tray sata0-0-0 1"], host.TakeEvents());
        Assert.Contains("/two.iso", host.DomainXml(dom), StringComparison.Ordinal);
        Assert.Contains("/one.iso", host.DomainXml(dom, DomainXmlFlags.Inactive), StringComparison.Ordinal);
        await host.Domains.UpdateDeviceFlags(Call, dom, Drive.Replace("<source file='/one.iso'/>", "", StringComparison.Ordinal), Both);
        Assert.DoesNotContain(".iso", host.DomainXml(dom), StringComparison.Ordinal);
        Assert.DoesNotContain(".iso", host.DomainXml(dom, DomainXmlFlags.Inactive), StringComparison.Ordinal);
        await host.Domains.AttachDevice(Call, dom, Drive);
        Assert.Contains("/one.iso", host.DomainXml(dom), StringComparison.Ordinal);
        Assert.Equal("Operation not supported: disk device type 'cdrom' cannot be detached", Fails(() => host.Domains.DetachDevice(Call, dom, Drive)).Text);
    }

    [Theory]
    [InlineData("<disk type='file'><source file='/other'/><target dev='vda'/></disk>", ErrorCode.ConfigUnsupported,
        "unsupported configuration: disk source can be changed only in removable drives")]
    [InlineData("<disk type='file'><source file='/guest/diskimage1'/><target dev='vda'/><serial>1</serial></disk>", ErrorCode.OperationUnsupported,
        "Operation not supported: cannot modify field 'serial' of the disk")]
    [InlineData("<disk type='file'><source file='/x'/><target dev='vdq'/></disk>", ErrorCode.InternalError, "internal error: disk 'vdq' not found")]
    [InlineData("<interface type='network'><mac address='aa:bb:cc:dd:ee:ff'/><source network='default'/><model type='e1000'/></interface>",
        ErrorCode.OperationUnsupported, "Operation not supported: cannot modify network device model from <null> to e1000")]
    [InlineData("<interface type='direct'><mac address='aa:bb:cc:dd:ee:ff'/><source dev='eth0'/></interface>",
        ErrorCode.OperationUnsupported, "Operation not supported: unable to change config on 'direct' network type")]
    [InlineData("<graphics type='spice'/>", ErrorCode.DeviceMissing,
        "device not found: cannot find existing graphics device to modify of type 'spice'")]
    [InlineData("<memballoon model='none'/>", ErrorCode.ConfigUnsupported,
        "unsupported configuration: live update of device 'memballoon' is not supported")]
    public async Task What_a_guest_would_notice_cannot_be_updated(string xml, ErrorCode code, string text)
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal((code, text), Fails(() => host.Domains.UpdateDeviceFlags(Call, host.Test, xml, Flags.Live)));
    }

    [Fact]
    public async Task Link_bridge_and_password_change_while_the_guest_runs()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = host.Define("desk", devices: Screen + Net("52:54:00:00:00:07"));
        await host.Domains.Create(Call, dom);
        await host.Domains.UpdateDeviceFlags(Call, dom, Net("52:54:00:00:00:07", "<link state='down'/>"), Flags.Live);
        Assert.Contains("<link state='down'/>", host.DomainXml(dom), StringComparison.Ordinal);
        await host.Domains.UpdateDeviceFlags(Call, dom, "<interface type='bridge'><source bridge='br1'/></interface>", Flags.Live);
        Assert.Contains("<mac address='52:54:00:00:00:07'/>\n      <source bridge='br1'/>\n      <target dev='testnet0'/>", host.DomainXml(dom),
            StringComparison.Ordinal);
        await host.Domains.UpdateDeviceFlags(Call, dom, Screen.Replace("old", "new", StringComparison.Ordinal), Both);
        Assert.Contains("passwd='new'", host.DomainXml(dom, DomainXmlFlags.Secure), StringComparison.Ordinal);
        Assert.Contains("passwd='new'", host.DomainXml(dom, DomainXmlFlags.Secure | DomainXmlFlags.Inactive), StringComparison.Ordinal);
        Assert.Equal("Operation not supported: cannot change port settings on vnc graphics",
            Fails(() => host.Domains.UpdateDeviceFlags(Call, dom, Screen.Replace("5901", "5902", StringComparison.Ordinal), Flags.Live)).Text);
    }

    [Fact]
    public async Task Memory_modules_add_to_the_domain_what_they_hold()
    {
        const string Module = "<memory model='dimm'><target><size unit='KiB'>2048</size><node>0</node></target></memory>";
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = host.Define("big", more: "<maxMemory slots='1'>8192</maxMemory><cpu><numa><cell id='0' cpus='0-1' memory='1024'/></numa></cpu>");
        await host.Domains.Create(Call, dom);
        await host.Domains.AttachDevice(Call, dom, Module);
        Assert.Equal(3072ul, await host.Domains.GetMaxMemory(Call, dom));
        Assert.Equal("unsupported configuration: no free memory device slot available", Fails(() => host.Domains.AttachDevice(Call, dom, Module)).Text);
        await host.Domains.DetachDeviceAlias(Call, dom, "dimm0", Flags.Live);
        Assert.Equal(1024ul, await host.Domains.GetMaxMemory(Call, dom));
    }

    [Fact]
    public async Task The_first_serial_port_takes_its_console_with_it()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = host.Define("talk", devices: "<serial type='pty'/>");
        Assert.Contains("<console type='pty'>", host.DomainXml(dom), StringComparison.Ordinal);
        await host.Domains.DetachDeviceFlags(Call, dom, "<serial type='pty'><target port='0'/></serial>", Flags.Config);
        Assert.DoesNotContain("<console", host.DomainXml(dom), StringComparison.Ordinal);
        Assert.DoesNotContain("<serial", host.DomainXml(dom), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_controller_in_use_stays()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.AttachDevice(Call, test, Disk("sda"));
        Assert.Equal("operation failed: device cannot be detached: device is busy",
            Fails(() => host.Domains.DetachDevice(Call, test, "<controller type='scsi' index='0'/>")).Text);
        await host.Domains.DetachDevice(Call, test, Disk("sda"));
        host.TakeEvents();
        await host.Domains.DetachDevice(Call, test, "<controller type='scsi' index='0'/>");
        Assert.Equal(["test removed scsi0"], host.TakeEvents());
    }

    [Fact]
    public async Task A_disk_that_a_job_works_on_stays()
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.BlockCopy(Call, host.Test, "vda", "<disk type='file'><source file='/copy'/></disk>", [], DomainBlockCopyFlags.None);
        Assert.Equal((ErrorCode.BlockCopyActive, "block copy still active: disk 'vda' already in active block job"),
            Fails(() => host.Domains.DetachDevice(Call, host.Test, Disk("vda"))));
        Assert.Contains("<target dev='vda'", host.DomainXml(host.Test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chain_that_is_plugged_in_gets_its_numbers()
    {
        const string Chain = "<disk type='file'><driver name='qemu' type='qcow2'/><source file='/top'/><backingStore type='file'><format type='raw'/>"
            + "<source file='/base'/><backingStore/></backingStore><target dev='vdb'/></disk>";
        await using Hypervisor host = await OpenAsync();
        await host.Domains.AttachDevice(Call, host.Test, Chain);
        Assert.Contains("<backingStore type='file' index='", host.DomainXml(host.Test), StringComparison.Ordinal);
    }
}
