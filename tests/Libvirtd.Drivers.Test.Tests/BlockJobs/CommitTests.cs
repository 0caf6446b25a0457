using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Flags = Libvirtd.Protocol.DomainBlockCommitFlags;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Commits of the chain base, snap1, snap2, active. Their arguments are the base, then the top.</summary>
public sealed class CommitTests
{
    /// <summary>Runs a commit to its end: of a running domain's active image with ACTIVE and a pivot.</summary>
    private static BlockHost Committed(bool isRunning, string? @base, string? top, Flags flags = 0)
    {
        BlockHost host = new(isRunning);
        bool isActive = isRunning && top is null or "active" or "vda" or "vda[1]";
        host.Commit(@base, top, isActive && isRunning ? flags | Flags.Active : flags);
        host.Finish();
        if (isActive && isRunning)
            host.Pivot();
        Assert.Equal(0, host.Job.Found);
        Assert.Equal(host.ConfigChain, host.Chain);
        return host;
    }

    [Theory]
    [InlineData(true, null, null)]
    [InlineData(true, null, "active")]
    [InlineData(true, "base", null)]
    [InlineData(true, "base", "active")]
    [InlineData(true, "/images/base", "vda")]
    [InlineData(true, "vda[4]", "vda[1]")]
    [InlineData(false, null, null)]
    [InlineData(false, null, "active")]
    [InlineData(false, "base", null)]
    [InlineData(false, "base", "active")]
    [InlineData(false, "/images/base", "vda")]
    [InlineData(false, "vda[3]", "vda")]
    public void All_names_of_the_whole_chain_commit_all_of_it(bool isRunning, string? @base, string? top)
    {
        using BlockHost host = Committed(isRunning, @base, top);
        Assert.Equal("base", host.Chain);
        Assert.True(host.Images.Exists("/images/active"));
    }

    [Theory]
    [InlineData(true, "snap2", null, Flags.None)]
    [InlineData(true, null, null, Flags.Shallow)]
    [InlineData(false, "snap2", null, Flags.None)]
    [InlineData(false, null, null, Flags.Shallow)]
    public void To_the_image_below_is_the_same_as_shallow(bool isRunning, string? @base, string? top, Flags flags)
    {
        using BlockHost host = Committed(isRunning, @base, top, flags);
        Assert.Equal("base snap1 snap2", host.Chain);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Delete_removes_the_active_image_when_it_is_committed(bool isRunning)
    {
        using BlockHost host = Committed(isRunning, "snap2", null, Flags.Delete);
        Assert.Equal("base snap1 snap2", host.Chain);
        Assert.False(host.Images.Exists("/images/active"));
        Assert.DoesNotContain("/images/active", host.InactiveXml, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_shallow_commit_of_an_image_within_leaves_those_around_it(bool isRunning)
    {
        using BlockHost host = Committed(isRunning, null, "snap2", Flags.Shallow);
        Assert.Equal("base snap1 active", host.Chain);
        Assert.Equal("/images/snap1", host.Images.Find("/images/active")!.BackingPath);
        Assert.Equal(["/images/active Commit Completed", "vda Commit Completed"], host.TakeEvents());
    }

    [Theory]
    [InlineData(true, "base", "snap2", "base active")]
    [InlineData(true, null, "snap1", "base snap2 active")]
    [InlineData(true, null, "vda[2]", "base active")]
    [InlineData(false, "base", "snap2", "base active")]
    [InlineData(false, null, "snap1", "base snap2 active")]
    [InlineData(false, null, "vda[1]", "base active")]
    public void Any_top_and_base_can_be_named(bool isRunning, string? @base, string? top, string left)
    {
        using BlockHost host = Committed(isRunning, @base, top, Flags.Delete);
        Assert.Equal(left, host.Chain);
        foreach (string image in BlockHost.Whole)
            Assert.Equal(left.Split(' ').Contains(image), host.Images.Exists("/images/" + image));
    }

    [Fact]
    public void A_running_domains_active_image_is_committed_in_two_phases()
    {
        using BlockHost host = new(isRunning: true);
        host.Commit(null, null, Flags.Active);
        Assert.Contains("<mirror type='file' job='active-commit'>\n        <format type='qcow2'/>\n        <source file='/images/base' index='4'/>\n      </mirror>",
            host.Xml, StringComparison.Ordinal);
        Assert.Equal((ErrorCode.BlockCopyActive, "block copy still active: block job 'commit-vda-libvirt-1-format' not ready for pivot yet"), Fails(host.Pivot));
        host.Finish();
        Assert.Contains("<mirror type='file' job='active-commit' ready='yes'>", host.Xml, StringComparison.Ordinal);
        Assert.DoesNotContain("<mirror", host.InactiveXml, StringComparison.Ordinal);
        Assert.Equal("base snap1 snap2 active", host.Chain);
        Assert.Equal((host.Job.End, (int)DomainBlockJobType.ActiveCommit), (host.Job.Cur, host.Job.Type));
        Assert.Equal(["/images/active ActiveCommit Ready", "vda ActiveCommit Ready"], host.TakeEvents());
        host.Pivot();
        Assert.Equal(["/images/base ActiveCommit Completed", "vda ActiveCommit Completed"], host.TakeEvents());
        Assert.DoesNotContain("<mirror", host.Xml, StringComparison.Ordinal);
        Assert.Contains("<source file='/images/base' index='4'/>\n      <backingStore/>", host.Xml, StringComparison.Ordinal);
        Assert.Contains("<source file='/images/base'/>\n      <backingStore/>", host.InactiveXml, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_aborted_active_commit_leaves_the_chain(bool isRunning)
    {
        using BlockHost host = new(isRunning);
        host.Commit(null, null, Flags.Active | Flags.Delete);
        host.Finish();
        host.TakeEvents();
        host.Abort();
        Assert.Equal(["/images/active ActiveCommit Canceled", "vda ActiveCommit Canceled"], host.TakeEvents());
        Assert.Equal(("base snap1 snap2 active", "base snap1 snap2 active"), (host.Chain, host.ConfigChain));
        Assert.True(host.Images.Exists("/images/active"));
        Assert.DoesNotContain("<mirror", host.Xml, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stopped_domain_may_be_committed_in_two_phases_too()
    {
        using BlockHost host = new(isRunning: false);
        host.Commit(null, null, Flags.Active);
        host.Finish();
        host.TakeEvents();
        host.Pivot();
        Assert.Equal("base", host.Chain);
        Assert.Equal(["/images/base ActiveCommit Completed", "vda ActiveCommit Completed"], host.TakeEvents());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Delete_keeps_what_another_domain_or_a_snapshot_needs(bool isRunning)
    {
        using BlockHost host = new(isRunning);
        host.Define("other", "base", "snap1");
        host.Commit("base", "snap2", Flags.Delete);
        host.Finish();
        Assert.Equal("base active", host.Chain);
        Assert.True(host.Images.Exists("/images/snap1"));
        Assert.False(host.Images.Exists("/images/snap2"));
    }

    [Fact]
    public async Task Delete_keeps_what_a_snapshot_of_the_same_domain_needs()
    {
        using BlockHost host = new(isRunning: false);
        await new TestSnapshotDriver(host.Host.Domains).CreateXml(Call, host.Dom, "<domainsnapshot><name>s</name></domainsnapshot>",
            DomainSnapshotCreateFlags.None);
        host.Commit(null, null, Flags.Delete);
        host.Finish();
        Assert.Equal("base", host.Chain);
        Assert.All(BlockHost.Whole, image => Assert.True(host.Images.Exists("/images/" + image)));
    }

    [Theory]
    [InlineData(true, null, null, Flags.None, "commit of 'vda' active layer requires active flag")]
    [InlineData(true, null, "snap1", Flags.Active, "active commit requested but '/images/snap1' is not active")]
    [InlineData(false, null, "snap1", Flags.Active, "active commit requested but '/images/snap1' is not active")]
    [InlineData(true, null, "nothing", Flags.None, "could not find image 'nothing' in chain for 'vda'")]
    [InlineData(true, "snap2", "snap1", Flags.None, "could not find image 'snap2' beneath '/images/snap1' in chain for 'vda'")]
    [InlineData(true, null, "base", Flags.None, "could not find base image in chain for 'vda'")]
    [InlineData(true, null, "base", Flags.Shallow, "top '/images/base' in chain for '/images/active' has no backing file")]
    [InlineData(true, "base", "snap2", Flags.Shallow, "base '/images/base' is not immediately below '/images/snap2' in chain for '/images/active'")]
    [InlineData(true, "vdb[1]", null, Flags.Active, "requested target 'vdb' does not match target 'vda'")]
    [InlineData(true, "vda[9]", null, Flags.Active, "could not find backing store index '9' in chain for 'vda'")]
    public void What_makes_no_sense_is_refused_in_upstreams_words(bool isRunning, string? @base, string? top, Flags flags, string error)
    {
        using BlockHost host = new(isRunning);
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: " + error), Fails(() => host.Commit(@base, top, flags)));
        Assert.Equal(0, host.Job.Found);
    }

    [Fact]
    public void Relative_names_stay_relative_where_they_were()
    {
        using BlockHost host = new(isRunning: false);
        Assert.Equal((ErrorCode.OperationInvalid, "Requested operation is not valid: can't keep relative backing relationship"),
            Fails(() => host.Commit("base", "snap2", Flags.Relative)));
        host.Images.Put(new ImageFile { Path = "/images/active", Format = "qcow2", Backing = "snap2" });
        host.Images.Put(new ImageFile { Path = "/images/snap2", Format = "qcow2", Backing = "./snap1" });
        host.Images.Put(new ImageFile { Path = "/images/snap1", Format = "qcow2", Backing = "base" });
        host.Commit("base", "snap2", Flags.Relative);
        host.Finish();
        Assert.Equal("./base", host.Images.Find("/images/active")!.Backing);
    }

    [Fact]
    public void The_base_grows_with_what_it_takes()
    {
        using BlockHost host = new(isRunning: false);
        host.Images.Put(new ImageFile { Path = "/images/base", Capacity = 1000, Allocation = 100 });
        host.Images.Put(new ImageFile { Path = "/images/snap1", Capacity = 1500, Allocation = 200 });
        host.Commit("base", "snap1");
        host.Finish();
        ImageFile file = host.Images.Find("/images/base")!;
        Assert.Equal((1500ul, 300ul), (file.Capacity, file.Allocation));
    }
}
