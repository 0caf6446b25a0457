using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

/// <summary>
/// Through the stock virsh, what upstream's test driver has not: network ports and leases, filters at work, mediated devices, CPUs and memory of the
/// node. These run against our server alone.
/// </summary>
public sealed class HostObjectTests : SessionTests<OurDaemon>
{
    private const string Gpu = "pci_0000_00_02_0";
    private const string Mediated = "mdev_00000000_0000_4000_8000_00000000ab01_0000_00_02_0";

    private string Uri => Server.Uri(Transport.Unix);

    [Fact]
    public async Task A_running_guest_has_the_lease_that_it_says_it_has()
    {
        string output = await Do("net-dhcp-leases default; domifaddr test --source lease");
        Assert.Equal(2, output.Split("192.168.122.3/24").Length - 1);
        Assert.Contains("01:aa:bb:cc:dd:ee:ff", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_of_a_network_comes_and_goes()
    {
        const string Port = "00000000-0000-4000-8000-000000000a12";
        string file = await Write("port.xml", $"""
            <networkport><uuid>{Port}</uuid><owner><name>vm</name><uuid>00000000-0000-4000-8000-000000000a11</uuid></owner><mac address='52:54:00:00:00:07'/></networkport>
            """);
        string output = await Do($"net-port-create default {file}; net-port-list default; net-port-dumpxml default {Port}; net-port-delete default {Port}");
        Assert.Contains("<plug type='network' bridge='virbr0'/>", output, StringComparison.Ordinal);
        Assert.Contains($"Network port {Port} deleted", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mediated_device_is_defined_started_and_stopped()
    {
        string node = await Write("node.xml", $"""
            <node><device><name>{Gpu}</name><capability type='pci'><domain>0</domain><bus>0</bus><slot>2</slot><function>0</function>
            <product id='0x1'/><vendor id='0x2'/><capability type='mdev_types'><type id='gpu-1'><deviceAPI>vfio-pci</deviceAPI>
            <availableInstances>1</availableInstances></type></capability></capability></device></node>
            """);
        string device = await Write("mdev.xml", $"""
            <device><parent>{Gpu}</parent><capability type='mdev'><type id='gpu-1'/><uuid>00000000-0000-4000-8000-00000000ab01</uuid></capability></device>
            """);
        string output = await Run(Server.Uri(Transport.Unix, node),
            $"nodedev-define {device}; nodedev-list --inactive; nodedev-start {Mediated}; nodedev-autostart {Mediated}; nodedev-info {Mediated}; "
            + $"nodedev-destroy {Mediated}; nodedev-undefine {Mediated}; nodedev-detach {Gpu}; nodedev-dumpxml {Gpu}; nodedev-reattach {Gpu}");
        Assert.Contains($"Node device '{Mediated}' defined from", output, StringComparison.Ordinal);
        Assert.Contains("Active:         yes\nPersistent:     yes\nAutostart:      yes", output, StringComparison.Ordinal);
        Assert.Contains("<name>vfio-pci</name>", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_node_tells_of_its_cpu_its_memory_and_what_domains_can_have()
    {
        string file = await Write("cpu.xml", "<cpu><arch>x86_64</arch><model>Haswell-noTSX</model><vendor>Intel</vendor></cpu>");
        string output = await Do($"cpu-compare {file}; nodememstats; node-memory-tune --shm-pages-to-scan 7; node-memory-tune; allocpages 2M 5; capabilities; "
            + "domcapabilities; pool-capabilities");
        Assert.Contains("is identical to host CPU", output, StringComparison.Ordinal);
        Assert.Contains("shm_pages_to_scan 7", output, StringComparison.Ordinal);
        Assert.Contains("<pages unit='KiB' size='2048'>5</pages>", output, StringComparison.Ordinal);
        Assert.Contains("</domainCapabilities>", output, StringComparison.Ordinal);
        Assert.Contains("</storagepoolCapabilities>", output, StringComparison.Ordinal);
    }

    private Task<string> Do(string commands) => Run(Uri, commands);

    private async Task<string> Write(string name, string text)
    {
        await File.WriteAllTextAsync(Work.File(name), text, Stop);
        return Work.File(name);
    }
}
