using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Create = Libvirtd.Protocol.DomainCheckpointCreateFlags;
using Delete = Libvirtd.Protocol.DomainCheckpointDeleteFlags;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class BackupTests : IEventListener
{
    private const string Full = "<domainbackup/>";
    private static readonly string s_socket = Path.Combine(Path.GetTempPath(), $"backup-{Guid.NewGuid():N}");
    private static readonly string s_pull = $"<domainbackup mode='pull'><server transport='unix' socket='{s_socket}'/></domainbackup>";
    private const double Duration = 2;

    private readonly VirtualClock _clock = new();
    private readonly TestHost _host;
    private readonly TestDomainDriver _domains;
    private readonly TestCheckpointDriver _checkpoints;
    private readonly DomainRef _dom;
    private readonly List<string> _events = [];

    public BackupTests()
    {
        _host = TestHost.Default(_clock, new IdentitySource(1));
        _domains = new TestDomainDriver(_host.Domains);
        _checkpoints = new TestCheckpointDriver(_host.Domains);
        string Disk(string name) => $"<disk type='file'><driver name='qemu' type='qcow2'/><source file='/i/{name}.img'/><target dev='{name}' bus='virtio'/></disk>";
        _dom = _domains.DefineXml(Call, Xml("vm", devices: Disk("vda") + Disk("vdb")
            + "<disk type='file' device='cdrom'><target dev='hda' bus='ide'/><readonly/></disk>")).Result;
        foreach (string name in (string[])["vda", "vdb"])
            _host.Images.Put(new ImageFile { Path = $"/i/{name}.img", Format = "qcow2", Capacity = 1000, Allocation = 1000 });
        _domains.Create(Call, _dom);
        _host.Events.Add(this);
    }

    void IEventListener.OnEvent(DriverEvent raised)
    {
        if (raised is DomainJobCompletedEvent job)
            _events.Add("job " + Shown(job.Params));
        else if (raised is DomainBlockJob2Event block)
            _events.Add($"{block.Dst} {(DomainBlockJobType)block.Type} {(ConnectDomainEventBlockJobStatus)block.Status}");
    }

    [Fact]
    public async Task A_pushed_backup_ends_with_its_last_disk()
    {
        Begin(Full, "one");
        Advance(1);
        Assert.Equal((DomainJobType.Unbounded, 2000ul, 1000ul, 1000ul), await Info());
        Assert.Equal((int)DomainBlockJobType.Backup, (await _domains.GetBlockJobInfo(Call, _dom, "vda", 0)).Type);
        Assert.Contains("<disk name='vdb' backup='yes' type='file' backupmode='full'>\n      <driver type='qcow2'/>\n      <target file='/i/vdb.img.one'/>",
            await _domains.BackupGetXmlDesc(Call, _dom, 0), StringComparison.Ordinal);
        Advance(Duration);
        Assert.Equal(["vda Backup Completed", "vdb Backup Completed", "job operation=9 time_elapsed=2000 disk_total=2000 disk_processed=2000 disk_remaining=0 success=1"], _events);
        Assert.Equal("Domain backup job id not found: no domain backup job present", Fails(() => _domains.BackupGetXmlDesc(Call, _dom, 0)).Text);
        Assert.Equal((DomainJobType.None, 0ul, 0ul, 0ul), await Info());
        Assert.Equal(1000ul, _host.Images.Files["/i/vda.img.one"].Allocation);
        DomainGetJobStatsRet stats = await _domains.GetJobStats(Call, _dom, DomainGetJobStatsFlags.Completed);
        Assert.Equal((int)DomainJobType.Completed, stats.Type);
        Assert.Equal((int)DomainJobType.None, (await _domains.GetJobStats(Call, _dom, DomainGetJobStatsFlags.Completed)).Type);
    }

    [Fact]
    public void An_aborted_backup_leaves_no_file()
    {
        Begin(Full, "one");
        Advance(1);
        _domains.AbortJob(Call, _dom);
        Assert.Equal(["vda Backup Canceled", "vdb Backup Canceled", "job operation=9 time_elapsed=1000 disk_total=2000 disk_processed=1000 disk_remaining=1000 success=0"], _events);
        Assert.DoesNotContain("/i/vda.img.one", _host.Images.Files.Keys);
        Assert.Equal("Requested operation is not valid: no job is active on the domain", Fails(() => _domains.AbortJobFlags(Call, _dom, 0)).Text);
        // The checkpoint that came with it stays, as in upstream.
        Assert.Single(Known);
        Begin(Full);
    }

    [Fact]
    public async Task One_disk_that_fails_takes_the_others_with_it()
    {
        _host.Faults.Jobs.Add(_dom.Uuid, "vdb", new JobFault(50, "No space left on device"));
        Begin(Full);
        Advance(1);
        Assert.Equal(["vdb Backup Failed", "vda Backup Canceled"], _events[..2]);
        Assert.EndsWith("success=0 errmsg=No space left on device", _events[2], StringComparison.Ordinal);
        Assert.Equal((int)DomainJobType.Failed, (await _domains.GetJobStats(Call, _dom, DomainGetJobStatsFlags.Completed)).Type);
    }

    [Fact]
    public void A_domain_that_stops_ends_its_backup()
    {
        Begin(Full);
        _domains.Destroy(Call, _dom);
        Assert.Equal(["vda Backup Canceled", "vdb Backup Canceled"], _events[..2]);
        Assert.EndsWith("success=0", _events[2], StringComparison.Ordinal);
        Assert.Equal("Operation not supported: cannot perform disk backup for inactive domain", Fails(() => Begin(Full)).Text);
    }

    [Fact]
    public async Task A_pulled_backup_goes_on_until_it_is_ended()
    {
        Begin(s_pull, "one");
        Advance(3 * 86400);
        Assert.Contains("<disk name='vda' backup='yes' type='file' backupmode='full' exportname='vda'>", await _domains.BackupGetXmlDesc(Call, _dom, 0), StringComparison.Ordinal);
        Assert.Contains("/i/vda.img.one", _host.Images.Files.Keys);
        await _domains.AbortJob(Call, _dom);
        Assert.Contains("disk_temp_total=2000 success=1", _events[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("/i/vda.img.one", _host.Images.Files.Keys);
    }

    [Fact]
    public async Task An_increment_holds_what_was_written_since_its_checkpoint()
    {
        Begin(Full, "one");
        Advance(Duration);
        Write("vda", 300);
        Begin("<domainbackup><incremental>one</incremental></domainbackup>", "two");
        Assert.Equal((DomainJobType.Unbounded, 300ul, 0ul, 300ul), await Info());
        Advance(Duration);
        Write("vda", 50);
        Write("vdb", 5000);
        Begin("<domainbackup><disks><disk name='vda' type='file' incremental='two'/><disk name='vdb' type='file' incremental='one'/></disks></domainbackup>");
        Assert.Equal((DomainJobType.Unbounded, 1050ul, 0ul, 1050ul), await Info());
        string xml = await _checkpoints.GetXmlDesc(Call, Ref("one"), DomainCheckpointXmlFlags.Size | DomainCheckpointXmlFlags.NoDomain);
        Assert.Contains("<disk name='vda' checkpoint='bitmap' bitmap='one' size='350'/>", xml, StringComparison.Ordinal);
        Assert.Contains("<disk name='vdb' checkpoint='bitmap' bitmap='one' size='1000'/>", xml, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_whose_bitmap_broke_can_be_made_whole_again()
    {
        Checkpoint("one");
        Checkpoint("two");
        // The process dies: nobody saves the bitmaps.
        await new MonitorCommands(_host).RunAsync(new MonitorCall(_host.Domains.Get(_dom), Call.Cancellation), MonitorRequest.ParseWords("guest-crash"));
        await _domains.Create(Call, _dom);
        const string Since = "<domainbackup><incremental>one</incremental></domainbackup>";
        Assert.Equal((ErrorCode.CheckpointInconsistent, "checkpoint inconsistent: missing or broken bitmap 'one' for disk 'vda'"), Fails(() => Begin(Since)));
        string xml = await _checkpoints.GetXmlDesc(Call, Ref("one"), DomainCheckpointXmlFlags.Secure);
        Assert.Equal("checkpoint inconsistent: missing or broken bitmap 'one' for disk 'vda'",
            Fails(() => _checkpoints.CreateXml(Call, _dom, xml, Create.Redefine | Create.RedefineValidate)).Text);
        await _checkpoints.Delete(Call, Ref("one"), Delete.MetadataOnly);
        await _checkpoints.CreateXml(Call, _dom, xml, Create.Redefine);
        await _checkpoints.Delete(Call, Ref("one"), Delete.None);
        await _checkpoints.Delete(Call, Ref("two"), Delete.None);
        Assert.Empty(_host.Images.Files["/i/vda.img"].Bitmaps);
        Checkpoint("one");
        Begin(Since);
    }

    [Theory]
    [InlineData("<domainbackup mode='pull'><server name='127.0.0.1'/></domainbackup>", "Operation not supported: <domainbackup> must specify TCP port for now")]
    [InlineData("<domainbackup><disks><disk name='vdz' type='file'/></disks></domainbackup>", "unsupported configuration: no disk named 'vdz'")]
    [InlineData("<domainbackup><disks><disk name='hda' type='file'/></disks></domainbackup>", "unsupported configuration: disk 'hda' has no media")]
    [InlineData("<domainbackup><disks><disk name='vda' type='file'/><disk name='vda' type='file'/></disks></domainbackup>", "unsupported configuration: disk 'vda' specified twice")]
    [InlineData("<domainbackup><disks><disk name='vda' type='file' backupmode='incremental'/></disks></domainbackup>",
        "unsupported configuration: 'incremental' backup mode of disk 'vda' requires setting 'incremental' field for disk or backup")]
    [InlineData("<domainbackup><disks><disk name='vda' backup='no'/></disks></domainbackup>", "unsupported configuration: no disks selected for backup")]
    [InlineData("<domainbackup><incremental>none</incremental></domainbackup>",
        "Domain checkpoint not found: Checkpoint 'none' for incremental backup of disk 'vda' not found")]
    [InlineData("<domainbackup><disks><disk name='vda' type='file'><target file='/i/vdb.img'/></disk></disks></domainbackup>",
        "invalid argument: store '/i/vdb.img' for backup of 'vda' exists")]
    public void What_cannot_be_backed_up_is_named(string xml, string error)
    {
        Assert.Equal(error, Fails(() => Begin(xml, "one")).Text);
        Assert.Empty(Known);
        Assert.Empty(_host.Images.Files["/i/vda.img"].Bitmaps);
    }

    [Theory]
    [InlineData("<domainbackup mode='pull'/>", "At /domainbackup: element domainbackup lacks the element server")]
    [InlineData("<domainbackup mode='fetch'/>", "At /domainbackup: the value 'fetch' of attribute mode is invalid: expected is 'push' or 'pull'")]
    [InlineData("<domainbackup><server name='a' port='1'/></domainbackup>",
        "At /domainbackup: the element server is there already, stands in the wrong place, or does not go with the others in domainbackup")]
    public void What_breaks_the_schema_is_named(string xml, string error)
    {
        Assert.Contains(error, Fails(() => Begin(xml, "one")).Text, StringComparison.Ordinal);
        Assert.Empty(Known);
    }

    [Fact]
    public void There_is_one_backup_at_a_time_and_no_other_block_job_on_its_disks()
    {
        Begin(Full);
        Assert.Equal("Requested operation is not valid: another backup job is already running", Fails(() => Begin(Full)).Text);
        Assert.EndsWith("disk 'vda' already in active block job", Fails(() => _domains.BlockPull(Call, _dom, "vda", 0, 0)).Text, StringComparison.Ordinal);
        Advance(Duration);
        _domains.BlockPull(Call, _dom, "vda", 0, 0);
        Assert.EndsWith("disk 'vda' already in active block job", Fails(() => Begin("<domainbackup/>", "again")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_callers_own_files_are_neither_made_nor_removed()
    {
        const string Named = "<domainbackup><disks><disk name='vda' type='file'><target file='/mine'/></disk></disks></domainbackup>";
        Assert.Equal("internal error: unable to execute QEMU command 'blockdev-add': Could not open '/mine': No such file or directory",
            Fails(() => _domains.BackupBegin(Call, _dom, Named, null, DomainBackupBeginFlags.External)).Text);
        _host.Images.Put(new ImageFile { Path = "/mine", Format = "qcow2" });
        _domains.BackupBegin(Call, _dom, Named, null, DomainBackupBeginFlags.External);
        _domains.AbortJob(Call, _dom);
        Assert.Contains("/mine", _host.Images.Files.Keys);
    }

    private static string Shown(TypedParam[] values) => string.Join(' ', values);

    private void Begin(string xml, string? checkpoint = null) =>
        _domains.BackupBegin(Call, _dom, xml, checkpoint is null ? null : $"<domaincheckpoint><name>{checkpoint}</name></domaincheckpoint>", 0);

    private DomainCheckpointRef[] Known => _checkpoints.ListAllCheckpoints(Call, _dom, 0).Result;

    private void Advance(double seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));

    private void Checkpoint(string name) => _checkpoints.CreateXml(Call, _dom, $"<domaincheckpoint><name>{name}</name></domaincheckpoint>", 0);

    private DomainCheckpointRef Ref(string name) => new() { Name = name, Dom = _dom };

    private void Write(string disk, long bytes)
    {
        using DomainEdit edit = _host.Domains.Edit(_dom);
        GuestWrites.Write(edit, disk, new GuestWrite(bytes));
    }

    private async Task<(DomainJobType Type, ulong Total, ulong Processed, ulong Remaining)> Info()
    {
        DomainGetJobInfoRet info = await _domains.GetJobInfo(Call, _dom);
        return ((DomainJobType)info.Type, info.FileTotal, info.FileProcessed, info.FileRemaining);
    }
}
