using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>The tester's command guest-write, and what block jobs and snapshots make of the bytes.</summary>
public sealed class GuestWriteTests : IDisposable
{
    private readonly BlockHost _host = new(isRunning: true);
    private readonly MonitorCommands _monitor;

    public GuestWriteTests()
    {
        _monitor = new MonitorCommands(_host.Host);
        foreach (string image in BlockHost.Whole)
            _host.Images.Put(new ImageFile { Path = "/images/" + image, Format = "qcow2", Capacity = 10_000, Allocation = 0, Backing = Below(image) });
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Bytes_are_what_was_told()
    {
        Assert.Equal("""{"offset":5}""", await Command("guest-write disk=vda offset=5 bytes=3 pattern=171"));
        Assert.Equal([0, 0xab, 0xab, 0xab, 0], Disk()[4..9]);
        Assert.Equal(3ul, _host.Images.Files["/images/active"].Allocation);
        await Command("guest-write disk=vda offset=6 bytes=3 pattern=0");
        Assert.Equal([0, 0xab, 0, 0, 0], Disk()[4..9]);
    }

    [Fact]
    public async Task Random_bytes_follow_from_their_seed_and_their_place()
    {
        await Command("guest-write disk=vda offset=1003 bytes=2000 seed=7");
        byte[] once = Disk()[1003..3003];
        Assert.True(once.Distinct().Count() > 200);
        await Command("guest-write disk=vda offset=0 bytes=10000 pattern=0");
        await Command("guest-write disk=vda offset=2000 bytes=500 seed=7");
        Assert.Equal(once[997..1497], Disk()[2000..2500]);
        await Command("guest-write disk=vda offset=2000 bytes=500 seed=8");
        Assert.NotEqual(once[997..1497], Disk()[2000..2500]);
    }

    [Fact]
    public async Task Without_a_place_it_is_what_was_not_written_before()
    {
        Assert.Equal("""{"offset":0}""", await Command("guest-write vda bytes=4000"));
        Assert.Equal("""{"offset":4000}""", await Command("guest-write vda bytes=4000"));
        Assert.Equal("""{"offset":8000}""", await Command("guest-write vda bytes=4000"));
        Assert.Equal(10_000ul, _host.Images.Files["/images/active"].Allocation);
        Assert.Equal("""{"offset":2000}""", await Command("guest-write vda bytes=99999"));
        Assert.True(Disk().Distinct().Count() > 200);
    }

    [Theory]
    [InlineData("guest-write vda offset=10000", "the disk 'vda' ends at 10000")]
    [InlineData("guest-write vdz", "the domain has no disk 'vdz'")]
    [InlineData("guest-write vda bytes=0", "Parameter 'bytes' must be a number from 1 to 1073741824, not '0'")]
    [InlineData("guest-write vda bytes=1073741825", "Parameter 'bytes' must be a number from 1 to 1073741824, not '1073741825'")]
    [InlineData("guest-write vda pattern=256", "Parameter 'pattern' must be a number from 0 to 255, not '256'")]
    [InlineData("guest-write vda pattern=1 seed=1", "either 'pattern' or 'seed' can be given")]
    [InlineData("guest-write vda place=1", "Parameter 'place' is unexpected")]
    public async Task What_makes_no_sense_is_named(string command, string error) =>
        Assert.Equal(error, (await Assert.ThrowsAnyAsync<MonitorException>(() => Command(command))).Message);

    [Fact]
    public async Task Jobs_take_the_bytes_where_they_take_the_chain()
    {
        await Command("guest-write vda offset=0 bytes=100 pattern=1");
        _host.Copy("copy");
        _host.Finish();
        await Command("guest-write vda offset=50 bytes=100 pattern=2");
        _host.Pivot();
        byte[] both = [.. Enumerable.Repeat((byte)1, 50), .. Enumerable.Repeat((byte)2, 100), 0];
        Assert.Equal(both, Disk()[..151]);
        Assert.Equal("copy", _host.Chain);
    }

    [Fact]
    public async Task An_overlay_is_read_through_and_merged()
    {
        await Command("guest-write vda offset=0 bytes=100 pattern=1");
        TestSnapshotDriver snapshots = new(_host.Host.Domains);
        await snapshots.CreateXml(Call, _host.Dom, "<domainsnapshot><name>s</name></domainsnapshot>", DomainSnapshotCreateFlags.DiskOnly);
        await Command("guest-write vda offset=50 bytes=100 pattern=2");
        byte[] both = [.. Enumerable.Repeat((byte)1, 50), .. Enumerable.Repeat((byte)2, 100), 0];
        Assert.Equal(both, Disk()[..151]);
        Task deleted = snapshots.Delete(Call, new DomainSnapshotRef { Name = "s", Dom = _host.Dom }, DomainSnapshotDeleteFlags.None).AsTask();
        _host.Finish();
        await deleted;
        Assert.Equal("base snap1 snap2 active", _host.Chain);
        Assert.Equal(both, Disk()[..151]);
        await _host.Domains.BlockPull(Call, _host.Dom, "vda", 0, 0);
        _host.Finish();
        Assert.Equal("active", _host.Chain);
        Assert.Equal(both, Disk()[..151]);
    }

    [Fact]
    public async Task A_revert_goes_back_to_the_bytes_of_its_snapshot()
    {
        await Command("guest-write vda offset=0 bytes=4 pattern=1");
        TestSnapshotDriver snapshots = new(_host.Host.Domains);
        await snapshots.CreateXml(Call, _host.Dom, "<domainsnapshot><name>s</name></domainsnapshot>", DomainSnapshotCreateFlags.DiskOnly);
        await Command("guest-write vda offset=2 bytes=4 pattern=2");
        await snapshots.RevertToSnapshot(Call, new DomainSnapshotRef { Name = "s", Dom = _host.Dom }, DomainSnapshotRevertFlags.Running);
        Assert.Equal([1, 1, 1, 1, 0, 0], Disk()[..6]);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_internal_snapshot_keeps_its_bytes_inside_the_image(bool isReadByOthers)
    {
        TestSnapshotDriver snapshots = new(_host.Host.Domains);
        DomainSnapshotRef Ref(string name) => new() { Name = name, Dom = _host.Dom };
        async Task Snap(string name, DomainSnapshotCreateFlags flags = 0) =>
            await snapshots.CreateXml(Call, _host.Dom, $"<domainsnapshot><name>{name}</name></domainsnapshot>", flags);
        await Snap("empty");
        await Command("guest-write vda offset=0 bytes=4 pattern=1");
        await Snap("one");
        await Command("guest-write vda offset=2 bytes=4 pattern=2");
        if (isReadByOthers)
            await Snap("external", DomainSnapshotCreateFlags.DiskOnly);
        await snapshots.RevertToSnapshot(Call, Ref("one"), DomainSnapshotRevertFlags.Running);
        Assert.Equal([1, 1, 1, 1, 0, 0], Disk()[..6]);
        await Command("guest-write vda offset=0 bytes=2 pattern=3");
        await snapshots.RevertToSnapshot(Call, Ref("empty"), DomainSnapshotRevertFlags.Running);
        Assert.Equal(new byte[6], Disk()[..6]);
        if (isReadByOthers)
        {
            await snapshots.RevertToSnapshot(Call, Ref("external"), DomainSnapshotRevertFlags.Running);
            Assert.Equal([1, 1, 2, 2, 2, 2], Disk()[..6]);
        }
    }

    private static string? Below(string image) => Array.IndexOf(BlockHost.Whole, image) is > 0 and int place ? "/images/" + BlockHost.Whole[place - 1] : null;

    private async Task<string> Command(string words) => MonitorRequest.Format(
        await _monitor.RunAsync(new MonitorCall(_host.Host.Domains.Get(_host.Dom), Call.Cancellation), MonitorRequest.ParseWords(words)));

    private byte[] Disk()
    {
        using ContentView view = _host.Images.Contents.Freeze(_host.Images.FindChain(_host.View.Definition.Document, "vda")!, 10_000);
        byte[] bytes = new byte[10_000];
        view.Read(bytes, 0);
        return bytes;
    }
}
