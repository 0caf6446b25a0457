using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Delete = Libvirtd.Protocol.DomainSnapshotDeleteFlags;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Deleting an external snapshot is a job: it takes its time, can be watched and aborted, and does all or nothing.</summary>
public sealed class SnapshotDeletionTests : IEventListener
{
    private const ulong DiskSize = 1000;
    private const string Held = "Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainSnapshotDelete)";
    private readonly List<string> _events = [];

    void IEventListener.OnEvent(DriverEvent raised) => _events.Add(raised switch
    {
        DomainBlockJob2Event job => $"{job.Dst} {(DomainBlockJobType)job.Type} {(ConnectDomainEventBlockJobStatus)job.Status}",
        DomainBlockJobEvent => "",
        _ => raised.GetType().Name,
    });

    [Theory, InlineData(true), InlineData(false)]
    public async Task It_takes_as_long_as_the_overlay_is_full(bool isRunning)
    {
        SnapshotLab lab = Lab(isRunning, ("vda", 500));
        Task deletion = lab.BeginToRemove("s1");
        lab.Advance(0.4);
        Assert.Equal("job 10 Unbounded, 200 of 500", await Job(lab));
        DomainGetBlockJobInfoRet block = await lab.Domains.GetBlockJobInfo(Call, lab.Dom, "vda", 0);
        Assert.Equal(((int)DomainBlockJobType.ActiveCommit, 200ul, 500ul), (block.Type, block.Cur, block.End));
        Assert.Equal(isRunning, lab.DomainXml().Contains("<mirror type='file' job='active-commit'>", StringComparison.Ordinal));
        lab.Advance(0.599);
        Assert.Equal(("base <- base.s1", "s1(base)", 0), (lab.Chain, lab.Tree, Told.Length));
        lab.Advance(0.001);
        await deletion;
        Assert.Equal(("base", "", ""), (lab.Chain, lab.Tree, lab.Files));
        Assert.Equal(["vda ActiveCommit Ready", "vda ActiveCommit Completed"], Told);
        Assert.DoesNotContain("mirror", lab.DomainXml(), StringComparison.Ordinal);
        DomainGetJobStatsRet last = await lab.Domains.GetJobStats(Call, lab.Dom, DomainGetJobStatsFlags.Completed);
        Assert.Equal(((int)DomainJobType.Completed, 500ul), (last.Type, last.Params.Find("disk_processed")!.Value.ULong));
        Assert.Equal(0, lab.Clock.WaitingTimers);
    }

    [Fact]
    public async Task An_overlay_below_another_one_is_committed_without_a_mirror()
    {
        SnapshotLab lab = Lab(isRunning: true, ("vda", 500));
        lab.External("s2");
        Task deletion = lab.BeginToRemove("s1");
        Assert.Equal((int)DomainBlockJobType.Commit, (await lab.Domains.GetBlockJobInfo(Call, lab.Dom, "vda", 0)).Type);
        Assert.DoesNotContain("mirror", lab.DomainXml(), StringComparison.Ordinal);
        lab.Advance(1);
        await deletion;
        Assert.Equal(("base <- base.s2", "s2(base)"), (lab.Chain, lab.Tree));
        Assert.Equal(["vda Commit Completed"], Told);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Reads_go_on_and_changes_are_refused_meanwhile(bool isRunning)
    {
        SnapshotLab lab = Lab(isRunning, ("vda", 500));
        Task deletion = lab.BeginToRemove("s1");
        Assert.Equal("s1(base)", lab.Tree);
        Assert.Contains("<name>s1</name>", lab.Xml("s1"), StringComparison.Ordinal);
        (ErrorCode, string) held = (ErrorCode.OperationTimeout, Held);
        Action[] changes =
        [
            () => lab.External("s2"),
            () => lab.RevertTo("s1"),
            () => lab.BeginToRemove("s1"),
            () => lab.BeginToRemove("s1", Delete.MetadataOnly),
            () => lab.Domains.Suspend(Call, lab.Dom),
            () => lab.Domains.SetMemoryFlags(Call, lab.Dom, 1024, 0),
            () => lab.Domains.BlockJobAbort(Call, lab.Dom, "vda", 0),
            () => lab.Domains.BlockPull(Call, lab.Dom, "vda", 0, 0),
            () => lab.Domains.CreateWithFlags(Call, lab.Dom, 0),
            () => lab.Domains.UndefineFlags(Call, lab.Dom, DomainUndefineFlagsValues.SnapshotsMetadata),
        ];
        Assert.All(changes, change => Assert.Equal(held, Fails(change)));
        lab.Advance(1);
        await deletion;
        lab.External("s2");
        Assert.Equal("base <- base.s2", lab.Chain);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Aborted_it_leaves_all_as_it_was_and_can_begin_again(bool isRunning)
    {
        SnapshotLab lab = Lab(isRunning, ("vda", 500));
        (string, string, string) before = (lab.DomainXml(), lab.Xml("s1"), lab.Files);
        Task deletion = lab.BeginToRemove("s1");
        lab.Advance(0.5);
        await lab.Domains.AbortJobFlags(Call, lab.Dom, 0);
        Assert.Equal((ErrorCode.OperationAborted, "operation aborted: snapshot job: canceled by client"), await Error(deletion));
        Assert.Equal(before, (lab.DomainXml(), lab.Xml("s1"), lab.Files));
        Assert.Equal(500ul, lab.Host.Images.Files["/i/base.s1"].Allocation);
        Assert.Equal(["vda ActiveCommit Canceled"], Told);
        Assert.Equal((int)DomainJobType.Cancelled, (await lab.Domains.GetJobStats(Call, lab.Dom, DomainGetJobStatsFlags.Completed)).Type);
        lab.Remove("s1");
        Assert.Equal(("base", "", ""), (lab.Chain, lab.Tree, lab.Files));
    }

    [Theory, InlineData(true, 50), InlineData(false, 50), InlineData(true, 100), InlineData(false, 100)]
    public async Task A_disk_that_fails_keeps_the_snapshot_on_all_disks(bool isRunning, int percent)
    {
        SnapshotLab lab = Lab(isRunning, ("vda", 500), ("vdb", 100));
        (string, string, string) before = (lab.DomainXml(), lab.Xml("s1"), lab.Files);
        lab.Host.Faults.Jobs.Add(lab.Dom.Uuid, "vda", new JobFault(percent, "No space left on device"));
        Task deletion = lab.BeginToRemove("s1");
        lab.Advance(1);
        string what = percent == 100 ? "finishing block job" : "block commit";
        Assert.Equal((ErrorCode.InternalError, $"internal error: {what} failed while deleting disk 'vda' snapshot: 'No space left on device'"), await Error(deletion));
        Assert.Equal(before, (lab.DomainXml(), lab.Xml("s1"), lab.Files));
        Assert.Equal(["vda ActiveCommit Failed", "vdb ActiveCommit Canceled"], Told.Where(static one => !one.EndsWith("Ready", StringComparison.Ordinal)));
        lab.Remove("s1");
        Assert.Equal(("base", ""), (lab.Chain, lab.Files));
    }

    [Fact]
    public async Task A_guest_that_stops_keeps_its_snapshot()
    {
        SnapshotLab lab = Lab(isRunning: true, ("vda", 500));
        Task deletion = lab.BeginToRemove("s1");
        await lab.Domains.Destroy(Call, lab.Dom);
        Assert.Equal((ErrorCode.OperationFailed, "operation failed: domain is not running"), await Error(deletion));
        Assert.Equal(("base <- base.s1", "s1(base)"), (lab.Chain, lab.Tree));
        lab.Remove("s1");
        Assert.Equal(("base", ""), (lab.Chain, lab.Tree));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Of_a_whole_branch_each_snapshot_goes_when_it_is_done(bool isRunning)
    {
        SnapshotLab lab = Lab(isRunning, ("vda", 500));
        lab.External("s2");
        Fill(lab, "/i/base.s2", 250);
        Task deletion = lab.BeginToRemove("s1", Delete.Children);
        lab.Advance(0.5);
        Assert.Equal(("base <- base.s1", "s1(base)"), (lab.Chain, lab.Tree));
        // What was above has gone into the overlay, and has to be moved on with it.
        Assert.Equal("job 10 Unbounded, 250 of 1000", await Job(lab));
        await lab.Domains.AbortJobFlags(Call, lab.Dom, 0);
        Assert.Equal(ErrorCode.OperationAborted, (await Error(deletion)).Code);
        Assert.Equal(("base <- base.s1", "s1(base)", "s1"), (lab.Chain, lab.Tree, lab.View.Snapshots.Current));
        deletion = lab.BeginToRemove("s1", Delete.Children);
        lab.Advance(2);
        await deletion;
        Assert.Equal(("base", "", ""), (lab.Chain, lab.Tree, lab.Files));
    }

    [Fact]
    public async Task What_moves_nothing_takes_no_time()
    {
        SnapshotLab lab = Lab(isRunning: true, ("vda", 500));
        lab.Define("other", "/i/base");
        await lab.BeginToRemove("s1");
        Assert.Equal(("base <- base.s1", "", "base.s1"), (lab.Chain, lab.Tree, lab.Files));
    }

    [Fact]
    public async Task Who_comes_to_need_an_image_meanwhile_keeps_it()
    {
        SnapshotLab lab = Lab(isRunning: true, ("vda", 500));
        Task deletion = lab.BeginToRemove("s1");
        lab.Define("other", "/i/base");
        lab.Advance(1);
        await deletion;
        Assert.Equal(("base <- base.s1", "", "base.s1"), (lab.Chain, lab.Tree, lab.Files));
    }

    /// <summary>What the listener heard, without the elder form of the events.</summary>
    private string[] Told => [.. _events.Where(static one => one.Length > 0)];

    /// <summary>A domain with an external snapshot s1, whose overlays hold so many bytes.</summary>
    private SnapshotLab Lab(bool isRunning, params (string Target, ulong Bytes)[] disks)
    {
        SnapshotLab lab = new(isRunning, disks.Length == 1 ? ""
            : "<disk type='file'><driver name='qemu' type='qcow2'/><source file='/i/second'/><target dev='vdb' bus='virtio'/></disk>");
        Fill(lab, "/i/base", DiskSize);
        Fill(lab, "/i/second", DiskSize);
        lab.External("s1");
        foreach ((string target, ulong bytes) in disks)
            Fill(lab, target == "vda" ? "/i/base.s1" : "/i/second.s1", bytes);
        lab.Host.Events.Add(this);
        return lab;
    }

    private static void Fill(SnapshotLab lab, string path, ulong bytes) =>
        lab.Host.Images.Put(lab.Host.Images.Get(path, "qcow2") with { Capacity = DiskSize, Allocation = bytes });

    private static async Task<string> Job(SnapshotLab lab)
    {
        DomainGetJobStatsRet stats = await lab.Domains.GetJobStats(Call, lab.Dom, 0);
        DomainGetJobInfoRet info = await lab.Domains.GetJobInfo(Call, lab.Dom);
        Assert.Equal((stats.Type, info.FileTotal, info.FileProcessed + info.FileRemaining), (info.Type, stats.Params.Find("disk_total")!.Value.ULong, info.FileTotal));
        return $"job {stats.Params.Find("operation")!.Value.Int} {(DomainJobType)info.Type}, {info.FileProcessed} of {info.FileTotal}";
    }

    private static async Task<(ErrorCode Code, string Text)> Error(Task task)
    {
        VirException e = await Assert.ThrowsAsync<VirException>(() => task);
        return (e.Code, e.Message);
    }
}
