using Libvirtd.Protocol;
using Delete = Libvirtd.Protocol.DomainSnapshotDeleteFlags;
using Revert = Libvirtd.Protocol.DomainSnapshotRevertFlags;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>The situations in which upstream refuses to delete a snapshot, on running domains and on stopped ones.</summary>
public sealed class SnapshotSituationTests
{
    [Theory, InlineData(true), InlineData(false)]
    public void External_and_internal_children_go_together(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.Internal("i1");
        lab.External("s1");
        lab.Internal("i2");
        lab.External("s2");
        lab.Remove("i1", Delete.ChildrenOnly);
        Assert.Equal(("base", "i1(base)", ""), (lab.Chain, lab.Tree, lab.Files));
        lab.External("s1");
        lab.Remove("i1", Delete.Children);
        Assert.Equal(("base", "", ""), (lab.Chain, lab.Tree, lab.Files));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void External_children_of_an_internal_snapshot_go_with_it(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.Internal("i1");
        lab.External("s1");
        lab.External("s2");
        lab.Remove("i1", Delete.ChildrenOnly);
        Assert.Equal(("base", "i1(base)", "", "i1"), (lab.Chain, lab.Tree, lab.Files, lab.View.Snapshots.Current));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void An_external_snapshot_goes_with_its_children(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        foreach (string name in (string[])["s1", "s2", "s3"])
            lab.External(name);
        lab.Remove("s2", Delete.Children);
        Assert.Equal(("base <- base.s1", "s1(base)", "base.s1"), (lab.Chain, lab.Tree, lab.Files));
        lab.Remove("s1", Delete.Children);
        Assert.Equal(("base", "", ""), (lab.Chain, lab.Tree, lab.Files));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_current_snapshot_that_is_not_a_leaf_goes_alone(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.External("s1");
        lab.External("s2");
        lab.RevertTo("s1");
        lab.Remove("s1");
        // s2 and the domain both read the base from now on: nothing may be written to it.
        Assert.Equal(("base <- base.1735689600", "s2(base <- base.s1)"), (lab.Chain, lab.Tree));
        lab.RevertTo("s2", Revert.Running);
        Assert.Equal("base <- base.s1 <- base.1735689601", lab.Chain);
        lab.Remove("s2");
        Assert.Equal(("base", ""), (lab.Chain, lab.Files));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_snapshot_with_children_goes_though_the_domain_is_elsewhere(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.External("root");
        lab.External("s1");
        lab.External("s2");
        lab.RevertTo("root");
        lab.Remove("s1");
        Assert.Equal(("base <- base.1735689600", "root(base) s2(base <- base.root)"), (lab.Chain, lab.Tree));
        lab.RevertTo("s2");
        Assert.Equal("base <- base.root <- base.1735689601", lab.Chain);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_snapshot_with_several_children_goes(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.External("s1");
        lab.External("left");
        lab.External("leaf");
        lab.RevertTo("left");
        lab.External("right");
        lab.Remove("left");
        Assert.Equal("s1(base) right(base <- base.s1 <- base.1735689600) leaf(base <- base.s1 <- base.left)", lab.Tree);
        lab.Remove("s1");
        // Both branches read what was above s1: it goes into the base for both.
        Assert.Equal("right(base <- base.1735689600) leaf(base <- base.left)", lab.Tree);
        Assert.Equal("base <- base.1735689600 <- base.right", lab.Chain);
        Assert.DoesNotContain("base.s1", lab.Files, StringComparison.Ordinal);
        Assert.Equal("/i/base", lab.Host.Images.Find("/i/base.left")!.BackingPath);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void An_internal_snapshot_goes_though_the_domain_runs_on_another_image(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.Internal("i1");
        lab.External("s1");
        lab.Remove("i1");
        Assert.Equal(("base <- base.s1", "s1(base)"), (lab.Chain, lab.Tree));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void An_overlay_with_an_internal_snapshot_inside_stays(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.External("s1");
        lab.Internal("i1");
        lab.Remove("s1");
        Assert.Equal(("base <- base.s1", "i1(base <- base.s1)", "base.s1"), (lab.Chain, lab.Tree, lab.Files));
        lab.RevertTo("i1");
        Assert.Equal("base <- base.s1", lab.Chain);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void The_image_of_an_internal_parent_outlives_its_external_child(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.Internal("i1");
        lab.External("s1");
        lab.RevertTo("i1");
        lab.Remove("s1");
        lab.RevertTo("i1");
        Assert.Equal(("base", "i1(base)"), (lab.Chain, lab.Tree));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void While_a_block_job_runs_no_image_is_touched(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.Internal("i1");
        lab.External("s1");
        lab.Domains.BlockPull(FakeCall.Instance, lab.Dom, "vda", 0, 0);
        Assert.Equal((ErrorCode.OperationUnsupported,
            "Operation not supported: cannot delete external snapshots when there is another active block job"), Hypervisor.Fails(() => lab.Remove("s1")));
        Assert.Equal((ErrorCode.OperationInvalid, "Requested operation is not valid: domain has active block job"), Hypervisor.Fails(() => lab.RevertTo("i1")));
        Assert.EndsWith("disk 'vda' already in active block job", Hypervisor.Fails(() => lab.External("s2")).Text, StringComparison.Ordinal);
        Assert.Equal("i1(base) s1(base)", lab.Tree);
        lab.Domains.BlockJobAbort(FakeCall.Instance, lab.Dom, "vda", 0);
        lab.Remove("s1");
        Assert.Equal(("base", "i1(base)"), (lab.Chain, lab.Tree));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void What_two_branches_kept_apart_comes_together_with_the_last(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.External("clean");
        lab.External("patched");
        lab.RevertTo("clean");
        lab.External("other");
        lab.Remove("clean");
        Assert.Equal("other(base <- base.1735689600) patched(base <- base.clean)", lab.Tree);
        lab.RevertTo("patched");
        lab.Remove("other");
        lab.Remove("patched");
        Assert.Equal(("base", "", ""), (lab.Chain, lab.Tree, lab.Files));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_forgotten_snapshot_can_be_told_again_whatever_was_deleted_meanwhile(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.External("clean");
        lab.External("patched");
        lab.RevertTo("clean");
        string xml = lab.Xml("clean");
        lab.Remove("clean", Delete.MetadataOnly);
        lab.External("other");
        lab.Remove("other");
        lab.Remove("patched");
        lab.Redefine(xml);
        Assert.Equal(("base <- base.1735689600", "clean(base)"), (lab.Chain, lab.Tree));
    }
}
