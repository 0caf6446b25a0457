using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Flags = Libvirtd.Protocol.DomainBlockCommitFlags;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>What holds for block jobs of all kinds.</summary>
public sealed class BlockJobTests
{
    private const ulong MiB = 1 << 20;

    /// <summary>A host whose disks have 100 MiB.</summary>
    private static BlockHost Small(bool isRunning)
    {
        BlockHost host = new(isRunning);
        foreach (string image in BlockHost.Whole)
            host.Images.Put(host.Images.Get("/images/" + image, "qcow2") with { Capacity = 100 * MiB, Allocation = 10 * MiB });
        return host;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Progress_follows_the_clock(bool isRunning)
    {
        using BlockHost host = Small(isRunning);
        host.Commit("base", "snap1", bandwidth: 10);
        Assert.Equal((10ul, 0ul, 100 * MiB), (host.Job.Bandwidth, host.Job.Cur, host.Job.End));
        host.Advance(2.5);
        Assert.Equal(25 * MiB, host.Job.Cur);
        Assert.Equal(10 * MiB, (await host.Domains.GetBlockJobInfo(Call, host.Dom, "vda", DomainBlockJobInfoFlags.Bytes)).Bandwidth);
        host.Advance(7.499);
        Assert.Equal(1, host.Job.Found);
        host.Advance(0.001);
        Assert.Equal(0, host.Job.Found);
        Assert.Equal("base snap2 active", host.Chain);
    }

    [Fact]
    public void A_job_without_a_limit_takes_two_seconds()
    {
        using BlockHost host = Small(isRunning: true);
        host.Rebase(null);
        host.Advance(0.5);
        Assert.Equal((0ul, 25 * MiB), (host.Job.Bandwidth, host.Job.Cur));
        host.Advance(1.5);
        Assert.Equal("active", host.Chain);
    }

    [Fact]
    public void A_jobs_speed_can_be_changed_on_the_way()
    {
        using BlockHost host = Small(isRunning: true);
        host.Rebase(null, bandwidth: 1);
        host.Advance(10);
        host.Domains.BlockJobSetSpeed(Call, host.Dom, "vda", 20 * (nuint)MiB + 1, DomainBlockJobSetSpeedFlags.Bytes);
        Assert.Equal((21ul, 10 * MiB), (host.Job.Bandwidth, host.Job.Cur));
        host.Advance(1);
        Assert.Equal(30 * MiB + 1, host.Job.Cur);
        host.Domains.BlockJobSetSpeed(Call, host.Dom, "vda", 0, DomainBlockJobSetSpeedFlags.None);
        host.Advance(1.4);
        Assert.Equal(0, host.Job.Found);
    }

    [Fact]
    public void A_slow_job_of_many_days_ends_in_time()
    {
        using BlockHost host = new(isRunning: true);
        host.Rebase(null, bandwidth: 1);
        host.Advance(12 * 86400);
        Assert.Equal(1, host.Job.Found);
        host.Advance(86400);
        Assert.Equal(0, host.Job.Found);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void More_than_fits_in_bytes_a_second_is_an_overflow(bool isRunning)
    {
        using BlockHost host = new(isRunning);
        nuint tooMuch = (nuint)1 << 43;
        (ErrorCode, string) expected = (ErrorCode.Overflow, "numerical overflow: bandwidth must be less than 8796093022207");
        Assert.Equal(expected, Fails(() => host.Commit(null, "snap1", bandwidth: tooMuch)));
        Assert.Equal(expected, Fails(() => host.Rebase(null, bandwidth: tooMuch)));
        Assert.Equal(expected, Fails(() => host.Rebase("/images/new", DomainBlockRebaseFlags.Copy, tooMuch)));
        Assert.Equal(expected, Fails(() => host.Domains.BlockPull(Call, host.Dom, "vda", tooMuch, DomainBlockPullFlags.None)));
        Assert.Equal(expected, Fails(() => host.Domains.BlockJobSetSpeed(Call, host.Dom, "vda", tooMuch, DomainBlockJobSetSpeedFlags.None)));
        host.Commit(null, "snap1", Flags.None, tooMuch - 1);
        Assert.Equal(tooMuch - 1, host.Job.Bandwidth);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_aborted_job_leaves_the_chain(bool isRunning)
    {
        using BlockHost host = new(isRunning);
        host.Rebase("base");
        host.Advance(1);
        host.Abort();
        Assert.Equal(["/images/active Pull Canceled", "vda Pull Canceled"], host.TakeEvents());
        host.Finish();
        Assert.Empty(host.TakeEvents());
        Assert.Equal("base snap1 snap2 active", host.Chain);
        host.Rebase("base");
        host.Finish();
        Assert.Equal("base active", host.Chain);
    }

    [Fact]
    public void A_disk_has_one_job_at_a_time()
    {
        using BlockHost host = new(isRunning: true);
        host.Rebase(null);
        (ErrorCode, string) busy = (ErrorCode.OperationUnsupported, "Operation not supported: disk 'vda' already in active block job");
        Assert.Equal(busy, Fails(() => host.Rebase(null)));
        Assert.Equal(busy, Fails(() => host.Commit(null, "snap1")));
        Assert.Equal(busy, Fails(() => host.Copy("new")));
        host.Abort();
        host.Copy("new");
        Assert.Equal((ErrorCode.BlockCopyActive, "block copy still active: disk 'vda' already in active block job"), Fails(() => host.Rebase(null)));
    }

    [Fact]
    public void A_pull_cannot_be_pivoted()
    {
        using BlockHost host = new(isRunning: true);
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: disk vda does not have an active block job"), Fails(() => host.Abort()));
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: disk 'vdx' not found in domain"),
            Fails(() => host.Domains.BlockJobAbort(Call, host.Dom, "vdx", DomainBlockJobAbortFlags.None)));
        host.Rebase(null);
        Assert.Equal((ErrorCode.BlockCopyActive, "block copy still active: block job 'pull-vda-libvirt-1-format' not ready for pivot yet"), Fails(host.Pivot));
        Assert.Equal(1, host.Job.Found);
    }

    [Fact]
    public void A_domain_that_stops_takes_its_jobs_along()
    {
        using BlockHost host = new(isRunning: true);
        host.Copy("new");
        host.Finish();
        host.TakeEvents();
        host.Domains.Destroy(Call, host.Dom);
        Assert.Equal(["/images/active Copy Canceled", "vda Copy Canceled", "Stopped"], host.TakeEvents());
        Assert.Equal(0, host.Job.Found);
        Assert.True(host.Images.Exists("/images/new"));
        Assert.Equal(0, host.Clock.WaitingTimers);
    }

    [Fact]
    public void A_domain_does_not_start_while_a_job_works_on_its_disk()
    {
        using BlockHost host = new(isRunning: false);
        host.Commit(null, null);
        Assert.Equal((ErrorCode.OperationInvalid,
            "Requested operation is not valid: cannot start domain 'vm' while a block job works on its disk 'vda'"),
            Fails(() => host.Domains.CreateWithFlags(Call, host.Dom, DomainCreateFlags.None)));
        host.Finish();
        host.Domains.CreateWithFlags(Call, host.Dom, DomainCreateFlags.None);
        Assert.Equal("base", host.Chain);
    }

    [Fact]
    public void A_stopped_domain_that_is_undefined_takes_its_jobs_along()
    {
        using BlockHost host = new(isRunning: false);
        host.Commit(null, null);
        host.Domains.Undefine(Call, host.Dom);
        Assert.Equal(["/images/active Commit Canceled", "vda Commit Canceled", "Undefined"], host.TakeEvents());
        Assert.Equal(0, host.Clock.WaitingTimers);
    }

    [Fact]
    public void A_job_fails_when_the_disk_is_configured_to_be_another_one_meanwhile()
    {
        using BlockHost host = new(isRunning: false);
        host.Commit(null, null);
        host.Domains.DefineXml(Call, Hypervisor.Xml("vm", host.Dom.Uuid.ToString(), devices:
            "<disk type='file'><source file='/images/else'/><target dev='vda' bus='virtio'/></disk>"));
        host.TakeEvents();
        host.Finish();
        Assert.Equal(["/images/else Commit Failed", "vda Commit Failed"], host.TakeEvents());
        Assert.Equal("else", host.Chain);
    }

    [Fact]
    public void What_a_job_of_a_running_domain_made_invalid_leaves_the_configured_chain_too()
    {
        using BlockHost host = new(isRunning: true);
        DomainRef dom = host.Dom;
        host.Domains.DefineXml(Call, Hypervisor.Xml("vm", dom.Uuid.ToString(), devices:
            "<disk type='file'><driver type='qcow2'/><source file='/images/snap1'/><backingStore type='file'><format type='qcow2'/>"
            + "<source file='/images/base'/><backingStore/></backingStore><target dev='vda' bus='virtio'/></disk>"));
        host.Commit("base", "snap2", Flags.Delete);
        host.Finish();
        Assert.Equal(("base active", "base"), (host.Chain, host.ConfigChain));
        Assert.False(host.Images.Exists("/images/snap1"));
    }

    [Fact]
    public void A_configured_disk_of_another_image_is_left_alone()
    {
        using BlockHost host = new(isRunning: true);
        host.Domains.DefineXml(Call, Hypervisor.Xml("vm", host.Dom.Uuid.ToString(), devices:
            "<disk type='file'><source file='/images/else'/><target dev='vda' bus='virtio'/></disk>"));
        host.Rebase(null);
        host.Finish();
        Assert.Equal(("active", "else"), (host.Chain, host.ConfigChain));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_job_fails_where_it_is_told_to(bool isRunning)
    {
        using BlockHost host = Small(isRunning);
        host.Host.Faults.Jobs.Add(host.Dom.Uuid, "vda", new JobFault(40, "No space left on device"));
        host.Rebase(null, bandwidth: 10);
        host.Advance(3.9);
        Assert.Equal(39 * MiB, host.Job.Cur);
        host.Advance(0.1);
        Assert.Equal(["/images/active Pull Failed", "vda Pull Failed"], host.TakeEvents());
        Assert.Equal("base snap1 snap2 active", host.Chain);
        host.Rebase(null);
        host.Finish();
        Assert.Equal("active", host.Chain);
    }

    [Fact]
    public void A_job_may_fail_at_its_pivot()
    {
        using BlockHost host = new(isRunning: true);
        host.Host.Faults.Jobs.Add(host.Dom.Uuid, "vda", new JobFault(100, "Input/output error"));
        host.Copy("new");
        host.Finish();
        Assert.Equal(["/images/active Copy Ready", "vda Copy Ready"], host.TakeEvents());
        Assert.Equal((ErrorCode.OperationFailed, "operation failed: block job 'copy-vda-libvirt-1-format' failed while pivoting: Input/output error"),
            Fails(host.Pivot));
        Assert.Equal(["/images/active Copy Failed", "vda Copy Failed"], host.TakeEvents());
        Assert.Equal("base snap1 snap2 active", host.Chain);
    }

    [Theory]
    [InlineData("<disk type='file' device='disk'><source file='/a'/><target dev='sda' bus='sd'/></disk>", "sda",
        "block jobs are not supported on disk 'sda' using bus 'sd'")]
    [InlineData("<disk type='file'><source file='/a'/><target dev='vdb' bus='virtio'/><transient/></disk>", "vdb",
        "block jobs are not supported on transient disk 'vdb'")]
    public async Task Some_disks_have_no_jobs(string disk, string target, string error)
    {
        using BlockHost host = new(isRunning: false);
        DomainRef dom = await host.Domains.DefineXml(Call, Hypervisor.Xml("other", devices: disk));
        Assert.Equal((ErrorCode.OperationUnsupported, "Operation not supported: " + error),
            Fails(() => host.Domains.BlockPull(Call, dom, target, 0, DomainBlockPullFlags.None)));
    }

    [Fact]
    public void A_running_job_fails_when_it_is_told_to()
    {
        using BlockHost host = new(isRunning: true);
        host.Copy("new");
        host.Finish();
        host.TakeEvents();
        using (DomainEdit edit = host.Host.Domains.Edit(host.Dom))
        {
            Assert.True(host.Host.BlockJobs.FailNow(edit, "vda", new JobFault(50, "Input/output error")));
            Assert.False(host.Host.BlockJobs.FailNow(edit, "vda", new JobFault(50, "Input/output error")));
        }

        Assert.Equal(["/images/active Copy Failed", "vda Copy Failed"], host.TakeEvents());
        Assert.DoesNotContain("<mirror", host.Xml, StringComparison.Ordinal);
        Assert.False(host.Images.Exists("/images/new"));
    }

    [Fact]
    public void A_disk_with_a_job_is_not_detached()
    {
        using BlockHost host = new(isRunning: true);
        host.Rebase(null);
        const string Disk = "<disk type='file' device='disk'><source file='/images/active'/><target dev='vda' bus='virtio'/></disk>";
        Assert.Equal((ErrorCode.OperationUnsupported, "Operation not supported: disk 'vda' already in active block job"),
            Fails(() => host.Domains.DetachDeviceFlags(Call, host.Dom, Disk, DomainDeviceModifyFlags.Live)));
        host.Abort();
        host.Domains.DetachDeviceFlags(Call, host.Dom, Disk, DomainDeviceModifyFlags.Live);
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: disk 'vda' not found in domain"), Fails(() => host.Rebase(null)));
    }

    [Fact]
    public void The_end_of_the_host_is_the_end_of_its_jobs()
    {
        BlockHost host = new(isRunning: true);
        host.Rebase(null);
        Assert.Equal(1, host.Clock.WaitingTimers);
        host.Dispose();
        Assert.Equal(0, host.Clock.WaitingTimers);
    }
}
