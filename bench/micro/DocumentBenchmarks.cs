using BenchmarkDotNet.Attributes;
using Libvirtd.Documents;

namespace Libvirtd.Benchmarks;

/// <summary>Documents from text and back: a small domain, as tests define them, and one with what a real guest has.</summary>
public class DocumentBenchmarks
{
    private const string Small = "<domain type='test'><name>small</name><memory>8192</memory><vcpu>2</vcpu><os><type>hvm</type></os></domain>";

    private const string Large = """
        <domain type='kvm'>
          <name>large</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid><memory unit='GiB'>8</memory><vcpu placement='static'>4</vcpu>
          <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/></os>
          <features><acpi/><apic/></features><cpu mode='host-passthrough' check='none'/>
          <clock offset='utc'><timer name='rtc' tickpolicy='catchup'/><timer name='hpet' present='no'/></clock>
          <devices>
            <emulator>/usr/bin/qemu-system-x86_64</emulator>
            <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/images/large.qcow2'/><target dev='vda' bus='virtio'/></disk>
            <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/images/data.img'/><target dev='vdb' bus='virtio'/></disk>
            <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
            <controller type='usb' index='0' model='qemu-xhci'/><controller type='virtio-serial' index='0'/>
            <interface type='network'><mac address='52:54:00:11:22:33'/><source network='default'/><model type='virtio'/></interface>
            <interface type='bridge'><mac address='52:54:00:11:22:34'/><source bridge='br0'/><model type='virtio'/></interface>
            <serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>
            <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
            <graphics type='vnc' port='-1' autoport='yes'/><video><model type='virtio' heads='1'/></video>
            <memballoon model='virtio'/><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
          </devices>
        </domain>
        """;

    private string _text = "";
    private DomainDocument _document = null!;

    [Params("small", "large")]
    public string Domain { get; set; } = "";

    [GlobalSetup]
    public void Prepare()
    {
        _text = Domain == "small" ? Small : Large;
        _document = DomainDocument.Parse(_text);
    }

    [Benchmark]
    public DomainDocument Parse() => DomainDocument.Parse(_text);

    [Benchmark]
    public string Format() => _document.Format();
}
