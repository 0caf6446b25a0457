using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Commit = Libvirtd.Protocol.DomainBlockCommitFlags;
using Create = Libvirtd.Protocol.DomainCheckpointCreateFlags;
using Delete = Libvirtd.Protocol.DomainCheckpointDeleteFlags;
using Snapshot = Libvirtd.Protocol.DomainSnapshotCreateFlags;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Whatever becomes of a chain, a checkpoint still knows what was written since.</summary>
public sealed class BitmapTests : IDisposable
{
    private const ulong DiskSize = 1000;
    private readonly BlockHost _host = new(isRunning: true, "base");
    private readonly TestCheckpointDriver _checkpoints;
    private readonly TestSnapshotDriver _snapshots;

    public BitmapTests()
    {
        _checkpoints = new TestCheckpointDriver(_host.Host.Domains);
        _snapshots = new TestSnapshotDriver(_host.Host.Domains);
        _host.Images.Put(new ImageFile { Path = "/images/base", Format = "qcow2", Capacity = DiskSize, Allocation = DiskSize });
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void An_overlay_goes_on_recording()
    {
        Overlays();
        Assert.Equal("base base.s1 base.s2", _host.Chain);
        Assert.Equal((175ul, 75ul), (Size("one"), Size("two")));
        Assert.Equal(["one 100", "one 50, two 50", "one 25, two 25"], Bitmaps("base", "base.s1", "base.s2"));
    }

    [Fact]
    public void A_commit_of_the_active_image_takes_them_down()
    {
        Overlays();
        _host.Commit(null, null, Commit.Active);
        _host.Finish();
        Assert.Equal(["one 100"], Bitmaps("base"));
        Write(10);
        _host.Pivot();
        Assert.Equal((185ul, 85ul), (Size("one"), Size("two")));
        Assert.Equal(["one 185, two 85"], Bitmaps("base"));
    }

    [Fact]
    public void A_commit_further_down_takes_them_along()
    {
        Overlays();
        _host.Commit("base", "base.s1");
        _host.Finish();
        Assert.Equal("base base.s2", _host.Chain);
        Assert.Equal(["one 150, two 50", "one 25, two 25"], Bitmaps("base", "base.s2"));
        Assert.Equal((175ul, 75ul), (Size("one"), Size("two")));
    }

    [Fact]
    public void A_commit_of_a_stopped_domains_disk_does_so_too()
    {
        Overlays();
        _host.Domains.Destroy(Call, _host.Dom);
        _host.Commit(null, null);
        _host.Finish();
        Assert.Equal(["one 175, two 75"], Bitmaps("base"));
    }

    [Theory, InlineData(null, "one 175, two 75"), InlineData("base", "one 75, two 75")]
    public void A_pull_takes_them_up(string? @base, string expected)
    {
        Overlays();
        _host.Rebase(@base);
        _host.Finish();
        Assert.Equal([expected], Bitmaps("base.s2"));
        Assert.Equal((175ul, 75ul), (Size("one"), Size("two")));
    }

    [Theory, InlineData(false, "one 175, two 75"), InlineData(true, "one 25, two 25")]
    public void A_copy_that_the_disk_goes_over_to_has_them(bool isShallow, string expected)
    {
        Overlays();
        _host.Copy("new", isShallow ? DomainBlockCopyFlags.Shallow : 0);
        _host.Finish();
        _host.Pivot();
        Assert.Equal([expected], Bitmaps("new"));
        Assert.Equal((175ul, 75ul), (Size("one"), Size("two")));
    }

    [Fact]
    public void A_copy_that_is_only_a_copy_has_none()
    {
        Overlays();
        _host.Copy("new");
        _host.Finish();
        _host.Abort();
        Assert.Equal([""], Bitmaps("new"));
        Assert.Equal((175ul, 75ul), (Size("one"), Size("two")));
    }

    [Fact]
    public void A_job_that_fails_moves_none()
    {
        Overlays();
        _host.Host.Faults.Jobs.Add(_host.Dom.Uuid, "vda", new JobFault(50, "No space left on device"));
        _host.Rebase(null);
        _host.Finish();
        Assert.Equal(["one 100", "one 50, two 50", "one 25, two 25"], Bitmaps("base", "base.s1", "base.s2"));
    }

    [Fact]
    public void A_broken_one_is_left_behind_and_the_base_knows_what_was_committed()
    {
        Overlays();
        using (DomainEdit edit = _host.Host.Domains.Edit(_host.Dom))
            Assert.Equal(1, CheckpointBitmaps.Break(_host.Images, edit.View, "vda", "one"));
        Assert.Equal((0ul, 75ul), (Size("one"), Size("two")));
        _host.Images.Put(_host.Images.Get("/images/base.s2", "qcow2") with { Allocation = 30 });
        _host.Commit("base.s1", null, Commit.Active);
        _host.Finish();
        _host.Pivot();
        // What was committed was written to the image below: its own bitmap has seen all of it.
        Assert.Equal(["one 80, two 75"], Bitmaps("base.s1"));
        Assert.Equal((180ul, 75ul), (Size("one"), Size("two")));
    }

    [Fact]
    public async Task An_increment_after_a_commit_holds_what_was_written()
    {
        Overlays();
        _host.Commit(null, null, Commit.Active);
        _host.Finish();
        _host.Pivot();
        await _host.Domains.BackupBegin(Call, _host.Dom, "<domainbackup><incremental>one</incremental></domainbackup>", null, 0);
        Assert.Equal(175ul, (await _host.Domains.GetJobInfo(Call, _host.Dom)).FileTotal);
    }

    [Fact]
    public async Task A_snapshot_that_comes_and_goes_leaves_a_checkpoint_whole()
    {
        Checkpoint("one");
        Write(100);
        string xml = await _checkpoints.GetXmlDesc(Call, Ref("one"), DomainCheckpointXmlFlags.Secure);
        await _checkpoints.Delete(Call, Ref("one"), Delete.MetadataOnly);
        DomainSnapshotRef snapshot = Lay("s1", 0);
        Write(50);
        Task deletion = _snapshots.Delete(Call, snapshot, 0).AsTask();
        _host.Finish();
        await deletion;
        await _checkpoints.CreateXml(Call, _host.Dom, xml, Create.Redefine | Create.RedefineValidate);
        Assert.Equal(("base", 150ul), (_host.Chain, Size("one")));
    }

    [Fact]
    public async Task Deleting_a_checkpoint_removes_it_from_all_images()
    {
        Overlays();
        await _checkpoints.Delete(Call, Ref("one"), 0);
        Assert.Equal(["", "two 50", "two 25"], Bitmaps("base", "base.s1", "base.s2"));
    }

    [Fact]
    public void Checkpoints_and_snapshots_with_metadata_exclude_each_other_still()
    {
        Checkpoint("one");
        Assert.EndsWith("cannot create snapshot while checkpoint exists", Fails(() => Lay("s1", 0)).Text, StringComparison.Ordinal);
    }

    /// <summary>Two checkpoints and two overlays: one, 100 bytes, s1, two, 50 bytes, s2, 25 bytes.</summary>
    private void Overlays()
    {
        Checkpoint("one");
        Write(100);
        Lay("s1", Snapshot.NoMetadata);
        Checkpoint("two");
        Write(50);
        Lay("s2", Snapshot.NoMetadata);
        Write(25);
    }

    private DomainSnapshotRef Lay(string name, Snapshot flags) =>
        _snapshots.CreateXml(Call, _host.Dom, $"<domainsnapshot><name>{name}</name></domainsnapshot>", flags | Snapshot.DiskOnly).Result;

    private void Checkpoint(string name) => _checkpoints.CreateXml(Call, _host.Dom, $"<domaincheckpoint><name>{name}</name></domaincheckpoint>", 0);

    private DomainCheckpointRef Ref(string name) => new() { Name = name, Dom = _host.Dom };

    private void Write(ulong bytes)
    {
        using DomainEdit edit = _host.Host.Domains.Edit(_host.Dom);
        GuestWrites.Write(edit, "vda", new GuestWrite((long)bytes));
    }

    private ulong Size(string checkpoint) =>
        CheckpointBitmaps.Sizes(_host.Images, _host.View, _host.View.Checkpoints.Find(checkpoint)!.Definition).GetValueOrDefault("vda");

    private string[] Bitmaps(params string[] images) =>
        [.. images.Select(image => string.Join(", ", _host.Images.Get($"/images/{image}", null).Bitmaps.Select(static one => $"{one.Key} {one.Value.Dirty}")))];
}
