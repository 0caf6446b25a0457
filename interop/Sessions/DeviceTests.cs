using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

/// <summary>Devices, guests and consoles beyond upstream's test driver, through the stock clients.</summary>
public sealed class OurDeviceTests : SessionTests<OurDaemon>
{
    private string Uri => Server.Uri(Transport.Unix);

    [Fact]
    public async Task Virsh_plugs_disks_and_interfaces_in_and_out()
    {
        // One virsh process: the test driver's state lives only as long as somebody is connected.
        string output = await Run(
            Uri,
            "attach-disk test /data/b.qcow2 vdb --driver qemu --subdriver qcow2; attach-disk test /data/c.img sdc --live --config; "
            + "attach-interface test bridge br0 --model virtio --mac 52:54:00:00:00:42; domif-setlink test 52:54:00:00:00:42 down; "
            + "domif-getlink test 52:54:00:00:00:42; domblklist test; domblklist test --inactive; detach-disk test vdb; "
            + "detach-device-alias test net1; domiflist test; detach-disk test sdc --live --config; domblklist test --inactive");
        Assert.Contains("52:54:00:00:00:42 down", output, StringComparison.Ordinal);
        Assert.Equal(2, Count(output, "Disk detached successfully"));
        Assert.Equal(1, Count(output, "/data/b.qcow2"));
        Assert.Equal(2, Count(output, "/data/c.img"));
        Assert.Equal(0, Count(output, "br0"));
    }

    [Fact]
    public async Task Virsh_changes_a_medium_and_a_password()
    {
        await File.WriteAllTextAsync(Work.File("vm.xml"), """
            <domain type='test'><name>vm</name><memory>65536</memory><os><type>hvm</type></os><devices>
            <disk type='file' device='cdrom'><source file='/one.iso'/><target dev='sda' bus='sata'/><readonly/></disk>
            <graphics type='vnc' port='5901' autoport='no' passwd='old'/></devices></domain>
            """, Stop);
        await File.WriteAllTextAsync(Work.File("vnc.xml"), "<graphics type='vnc' port='5901' autoport='no' passwd='new'/>", Stop);
        string output = await Run(
            Uri,
            "create vm.xml; change-media vm sda /two.iso --update; domblklist vm; change-media vm sda --eject; domblklist vm; "
            + "change-media vm sda /three.iso --insert; update-device vm vnc.xml; dumpxml vm --security-info");
        Assert.Contains("/two.iso", output, StringComparison.Ordinal);
        Assert.Contains(" sda      -", output, StringComparison.Ordinal);
        Assert.Contains("<source file='/three.iso'/>", output, StringComparison.Ordinal);
        Assert.Contains("passwd='new'", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Virsh_tunes_and_asks_the_guest()
    {
        string output = await Run(
            Uri,
            "setvcpus test 4 --maximum --config; setvcpu test 3 --enable --config; guestvcpus test 1 --disable; guestvcpus test; guestinfo test; "
            + "guest-agent-timeout test --timeout 5; dompmsuspend test mem; domstate test; dompmwakeup test; domstate test; domdirtyrate-calc test --seconds 1; "
            + "domstats test --state --cpu-total --balloon --vcpu --interface --block --backing --perf --iothread --memory --dirtyrate --vm --enforce; "
            + "domblkstat test vda; vcpucount test --maximum --config");
        foreach (string expected in (string[])
                 ["online         : 0\n", "hostname            : testhost", "pmsuspended\n", "running\n", "block.0.name=vda", "net.0.name=testnet0",
                     "dirtyrate.calc_status=1", "vda wr_bytes ", "\n4\n"])
        {
            Assert.Contains(expected, output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_thousand_domains_tell_all_their_statistics_at_once()
    {
        Assert.SkipWhen(Python.Missing is not null, Python.Missing ?? "");
        Finished finished = await Python.RunAsync("thousand_stats.py", Work.Path, Stop, Uri);
        Assert.True(finished.Status == 0, finished.Output + Server.Log);
        Assert.Equal("1001 records\n1001 with disks\n", finished.Output);
    }

    [Fact]
    public async Task Pythons_streams_reach_consoles_channels_and_displays()
    {
        Assert.SkipWhen(Python.Missing is not null, Python.Missing ?? "");
        Finished finished = await Python.RunAsync("consoles.py", Work.Path, Stop, Uri);
        Assert.True(finished.Status == 0, finished.Output + Server.Log);
        Assert.Equal(
            """
            greeting Debian GNU/Linux 12 vmhost hvc0
            shell hi there
            busy operation failed: Active console session exists for this domain
            channel ping
            display 640x480 vm, picture of 1228816 bytes
            own socket RFB 003.008
            off True True

            """,
            finished.Output);
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
