using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

public sealed class OurVirtinstTests : VirtinstTests<OurDaemon>
{
    [Fact]
    public async Task Virt_xml_changes_a_running_domain()
    {
        await InstallAsync();
        Assert.Contains("Device hotplug successful.", await Tool("virt-xml", "vm", "--add-device", "--disk", "size=1,target=vdb,bus=virtio", "--update"), StringComparison.Ordinal);
        Assert.Contains(" vdb      /", await Run(Uri, "domblklist vm"), StringComparison.Ordinal);
        await Tool("virt-xml", "vm", "--edit", "--network", "link.state=down", "--update");
        Assert.Contains("<link state='down'/>", await Run(Uri, "dumpxml vm"), StringComparison.Ordinal);
        Assert.Contains("Device hotunplug successful.", await Tool("virt-xml", "vm", "--remove-device", "--disk", "target=vdb", "--update"), StringComparison.Ordinal);
        Assert.DoesNotContain("vdb", await Run(Uri, "dumpxml vm"), StringComparison.Ordinal);
        Assert.DoesNotContain("vdb", await Run(Uri, "dumpxml vm --inactive"), StringComparison.Ordinal);
    }
}

public sealed class UpstreamVirtinstTests : VirtinstTests<UpstreamDaemon>;

/// <summary>virt-install, virt-clone and virt-xml: whole runs, storage included. And what virt-top does all the time.</summary>
public abstract class VirtinstTests<TDaemon> : SessionTests<TDaemon>
    where TDaemon : Daemon, new()
{
    private RunningProcess? _holder;

    protected override string? ClientMissing => Debian.Missing("virtinst", "python3-libvirt") ?? Virsh.Missing;

    protected string Uri => Server.Uri(Transport.Unix);

    [Fact]
    public async Task Virt_install_creates_a_domain_with_two_disks_and_a_network()
    {
        Assert.Contains("Domain creation completed.", await InstallAsync(), StringComparison.Ordinal);
        Assert.Contains(" vm     running\n", await Run(Uri, "list"), StringComparison.Ordinal);
        string disks = await Run(Uri, "domblklist vm");
        Assert.Contains(" hda      /var/lib/libvirt/images/vm.qcow2\n", disks, StringComparison.Ordinal);
        Assert.Contains(" hdb      /default-pool/vm.img\n", disks, StringComparison.Ordinal);
        Assert.Contains("   network   default   ", await Run(Uri, "domiflist vm"), StringComparison.Ordinal);
        Assert.Contains("Capacity:       2.00 GiB\n", await Run(Uri, "vol-info vm.img default-pool"), StringComparison.Ordinal);
        Assert.Contains("Capacity:       1.00 GiB\n", await Run(Uri, "vol-info vm.qcow2 default"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Virt_clone_copies_a_domain_with_its_disks()
    {
        await InstallAsync();
        await Run(Uri, "destroy vm");
        Assert.Contains("Clone 'copy' created successfully.", await Tool("virt-clone", "--original", "vm", "--name", "copy", "--auto-clone"), StringComparison.Ordinal);
        string disks = await Run(Uri, "domblklist copy");
        Assert.Contains("/var/lib/libvirt/images/copy.qcow2\n", disks, StringComparison.Ordinal);
        Assert.Contains("/default-pool/copy.img\n", disks, StringComparison.Ordinal);
        Assert.Contains("Capacity:       2.00 GiB\n", await Run(Uri, "vol-info copy.img default-pool"), StringComparison.Ordinal);
        Assert.NotEqual(await Run(Uri, "domuuid vm"), await Run(Uri, "domuuid copy"));
        await Run(Uri, "start copy");
    }

    [Fact]
    public async Task Virt_xml_edits_adds_and_removes()
    {
        await InstallAsync();
        await Run(Uri, "destroy vm");
        foreach (string change in (string[])
                 [
                     "--edit --memory 256 --define", "--edit --metadata title=edited", "--add-device --disk pool=default-pool,size=1",
                     "--add-device --network network=default", "--edit target=hdb --disk readonly=yes", "--remove-device --disk target=hdb",
                     "--edit --boot menu=on", "--remove-device --graphics vnc",
                 ])
        {
            Assert.Contains("Domain 'vm' defined successfully.", await Tool("virt-xml", ["vm", .. change.Split(' ')]), StringComparison.Ordinal);
        }

        Assert.Contains("Domain 'vm' started successfully.", await Tool("virt-xml", "vm", "--edit", "--vcpus", "3", "--start"), StringComparison.Ordinal);
        string document = await Run(Uri, "dumpxml vm");
        Assert.Contains("<title>edited</title>", document, StringComparison.Ordinal);
        Assert.Contains("<memory unit='KiB'>262144</memory>", document, StringComparison.Ordinal);
        Assert.Contains("<vcpu placement='static'>3</vcpu>", document, StringComparison.Ordinal);
        Assert.Contains("<bootmenu enable='yes'/>", document, StringComparison.Ordinal);
        Assert.Contains("<target dev='hdc' bus='ide'/>", document, StringComparison.Ordinal);
        Assert.DoesNotContain("'hdb'", document, StringComparison.Ordinal);
        Assert.DoesNotContain("<graphics", document, StringComparison.Ordinal);
        Assert.Equal(3, document.Split("<interface ").Length);
    }

    [Fact]
    public async Task A_thousand_running_domains_are_polled_for_statistics()
    {
        Finished finished = await Python.RunAsync("poll_stats.py", Work.Path, Stop, Uri);
        Assert.Equal(
            """
            domains 1001
            records 10010
            measured one by one 1000

            """,
            finished.Output);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_holder is not null) await _holder.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Installs the domain "vm" on a host that stays while the test runs: virsh holds a connection.</summary>
    protected async Task<string> InstallAsync()
    {
        _holder = Virsh.Start(Uri, Work.Path);
        await _holder.WriteAsync("echo holding\n", Stop);
        await _holder.WaitForAsync("\nholding\n", Stop);
        return await Tool(
            "virt-install", "--name", "vm", "--memory", "128", "--vcpus", "2", "--import", "--noautoconsole", "--osinfo", "generic",
            "--disk", "size=1", "--disk", "pool=default-pool,size=2,format=raw", "--network", "network=default", "--graphics", "vnc");
    }

    /// <summary>Runs one of virtinst's programs, which must succeed.</summary>
    protected async Task<string> Tool(string program, params string[] arguments)
    {
        Finished finished = await ProcessRunner.RunAsync("/usr/bin/python3", [$"/usr/bin/{program}", "--connect", Uri, .. arguments], Work.Path, Stop);
        Assert.True(finished.Status == 0, $"{program} {string.Join(' ', arguments)}: {finished.Output}\n{Server.Log}");
        return finished.Output;
    }
}
