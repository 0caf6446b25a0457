using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Create = Libvirtd.Protocol.DomainSnapshotCreateFlags;
using Delete = Libvirtd.Protocol.DomainSnapshotDeleteFlags;
using Revert = Libvirtd.Protocol.DomainSnapshotRevertFlags;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class ExternalSnapshotTests
{
    private const string Memory = "<memory file='/m/one'/>";

    [Theory, InlineData(true), InlineData(false)]
    public void Each_lays_an_overlay_over_the_disk(bool isRunning)
    {
        SnapshotLab lab = new(isRunning);
        lab.External("s1");
        lab.External("s2", Create.Atomic | Create.Quiesce);
        Assert.Equal("base <- base.s1 <- base.s2", lab.Chain);
        Assert.Equal("s1(base) s2(base <- base.s1)", lab.Tree);
        Assert.Equal(isRunning ? "disk-snapshot" : "shutoff", lab.View.Snapshots.Find("s1")!.Definition.State);
        ImageFile overlay = lab.Host.Images.Find("/i/base.s2")!;
        Assert.Equal(("qcow2", "/i/base.s1", "qcow2"), (overlay.Format, overlay.BackingPath, overlay.BackingFormat));
        // The configuration of a running domain goes along.
        Assert.Contains("<source file='/i/base.s2'/>", lab.DomainXml(DomainXmlFlags.Inactive), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_a_running_domain_numbers_its_images()
    {
        SnapshotLab lab = new(isRunning: true);
        lab.External("s1");
        lab.External("s2");
        Assert.Contains("<source file='/i/base.s2' index='", lab.DomainXml(), StringComparison.Ordinal);
        Assert.DoesNotContain("index=", lab.Xml("s2") + lab.DomainXml(DomainXmlFlags.Inactive), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_metadata_only_the_overlay_remains()
    {
        SnapshotLab lab = new(isRunning: true);
        Assert.Equal("s1", lab.External("s1", Create.NoMetadata).Name);
        Assert.Equal(("base <- base.s1", ""), (lab.Chain, lab.Tree));
    }

    [Fact]
    public void Halting_leaves_the_domain_stopped_above_the_overlay()
    {
        SnapshotLab lab = new(isRunning: true);
        lab.External("s1", Create.Halt);
        Assert.Equal((DomainState.Shutoff, "base <- base.s1"), (lab.View.State, lab.Chain));
    }

    [Fact]
    public void Memory_goes_into_a_file_of_its_own()
    {
        SnapshotLab lab = new(isRunning: true);
        lab.Make($"<name>one</name>{Memory}", Create.Live);
        Assert.Equal(("running", "base <- base.one"), (lab.View.Snapshots.Find("one")!.Definition.State, lab.Chain));
        Assert.Equal("base.one one", lab.Files);
        lab.Domains.Destroy(Call, lab.Dom);
        lab.RevertTo("one");
        Assert.Equal((DomainState.Running, "base <- base.1735689600"), (lab.View.State, lab.Chain));
        lab.Remove("one");
        Assert.Equal(("base", ""), (lab.Chain, lab.Files));
    }

    [Fact]
    public void A_file_of_the_callers_is_taken_as_it_is()
    {
        SnapshotLab lab = new(isRunning: true);
        const string Named = "<name>s1</name><disks><disk name='vda'><source file='/mine/top'/></disk></disks>";
        Assert.Equal((ErrorCode.SystemError, "missing existing file for disk vda: /mine/top: No such file or directory"),
            Fails(() => lab.Make(Named, Create.DiskOnly | Create.ReuseExt)));
        lab.Host.Images.Put(new ImageFile { Path = "/mine/top", Format = "qcow2", Backing = "../i/base", BackingFormat = "qcow2" });
        Assert.Equal((ErrorCode.ConfigUnsupported, "unsupported configuration: external snapshot file for disk vda already exists and is not a block device: /mine/top"),
            Fails(() => lab.Make(Named, Create.DiskOnly)));
        lab.Make(Named, Create.DiskOnly | Create.ReuseExt);
        Assert.Equal("base <- top", lab.Chain);
    }

    [Theory]
    [InlineData("<disk name='vda' snapshot='no'/>", "nothing selected for snapshot")]
    [InlineData("<disk name='vda' snapshot='internal'/>", "active qemu domains require external disk snapshots; disk vda requested internal")]
    [InlineData("<disk name='vda'><driver type='raw'/><source file='/x'/></disk>", "external snapshot format for disk vda is unsupported: raw")]
    [InlineData("<disk name='vda' type='block'><source dev='/dev/x'/></disk>", "block device snapshot target '/dev/x' doesn't exist")]
    [InlineData("<disk name='vda'><source file='relative'/></disk>", "disk snapshot image path 'relative' must be absolute")]
    [InlineData("<disk name='vdz'/>", "no disk named 'vdz'")]
    public void Disks_that_cannot_be_are_refused_before_anything_changes(string disk, string error)
    {
        SnapshotLab lab = new(isRunning: true);
        Assert.EndsWith(error, Fails(() => lab.Make($"<name>s</name><disks>{disk}</disks>", Create.DiskOnly)).Text, StringComparison.Ordinal);
        Assert.EndsWith("memory state cannot be saved with offline or disk-only snapshot",
            Fails(() => lab.Make($"<name>s</name>{Memory}", Create.DiskOnly)).Text, StringComparison.Ordinal);
        Assert.Equal(("base", "", ""), (lab.Chain, lab.Tree, lab.Files));
    }

    [Fact]
    public void One_name_is_given_once()
    {
        SnapshotLab lab = new(isRunning: true);
        lab.External("s1");
        Assert.Equal("operation failed: domain moment s1 already exists", Fails(() => lab.External("s1")).Text);
        Assert.Equal(("base <- base.s1", "s1(base)"), (lab.Chain, lab.Tree));
    }

    [Theory]
    [InlineData(true, Revert.None, DomainState.Shutoff)]
    [InlineData(true, Revert.Running, DomainState.Running)]
    [InlineData(true, Revert.Paused, DomainState.Paused)]
    [InlineData(false, Revert.None, DomainState.Shutoff)]
    [InlineData(false, Revert.Running | Revert.ResetNvram | Revert.Force, DomainState.Running)]
    [InlineData(false, Revert.Paused, DomainState.Paused)]
    public void A_revert_goes_on_above_the_images_of_the_snapshot(bool isRunning, Revert flags, DomainState after)
    {
        SnapshotLab lab = new(isRunning);
        lab.External("s1");
        lab.External("s2");
        lab.RevertTo("s1", flags);
        Assert.Equal((after, "base <- base.1735689600", "s1"), (lab.View.State, lab.Chain, lab.View.Snapshots.Current));
        // s2 keeps what it has: its own base is still there.
        Assert.Equal("s1(base) s2(base <- base.s1)", lab.Tree);
        Assert.Contains("base.s1", lab.Files, StringComparison.Ordinal);
    }

    [Fact]
    public void A_domain_that_was_renamed_keeps_its_name()
    {
        SnapshotLab lab = new(isRunning: false);
        lab.External("s1");
        lab.Domains.Rename(Call, lab.Dom, "other", 0);
        lab.RevertTo("s1", Revert.Running);
        Assert.Equal(("other", "base <- base.1735689600"), (lab.View.Definition.Name, lab.Chain));
        Assert.True(lab.Host.Domains.Find("other")?.View.IsActive);
    }

    [Fact]
    public void What_nobody_can_return_to_is_removed_by_a_revert()
    {
        SnapshotLab lab = new(isRunning: true);
        lab.External("s1");
        lab.RevertTo("s1");
        Assert.Equal(("base <- base.1735689600", "base.1735689600"), (lab.Chain, lab.Files));
        lab.RevertTo("s1");
        Assert.Equal(("base <- base.1735689601", "base.1735689601"), (lab.Chain, lab.Files));
        Assert.Contains("<source file='/i/base.1735689601'/>", lab.Xml("s1"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_revert_brings_back_both_definitions()
    {
        SnapshotLab lab = new(isRunning: true);
        lab.Domains.SetMetadata(Call, lab.Dom, DomainMetadataType.Title, "of the configuration", null, null, DomainModificationImpact.Config);
        lab.Make($"<name>one</name>{Memory}", 0);
        Assert.Contains("<inactiveDomain", lab.Xml("one"), StringComparison.Ordinal);
        lab.Domains.SetMetadata(Call, lab.Dom, DomainMetadataType.Title, "changed", null, null, DomainModificationImpact.Config | DomainModificationImpact.Live);
        lab.RevertTo("one");
        Assert.Null(lab.View.Definition.Document.Title);
        Assert.Equal("of the configuration", lab.View.Pending!.Document.Title);
        Assert.Equal(lab.Chain, Path.GetFileName("/i/base") + " <- " + Path.GetFileName(lab.View.Pending.Document.Disks.First().Source));
    }

    [Fact]
    public void A_revert_to_an_internal_snapshot_leaves_the_image_that_others_read()
    {
        SnapshotLab lab = new(isRunning: false);
        lab.Internal("i1");
        lab.External("s1");
        lab.RevertTo("i1");
        // The base is what s1 keeps: the state inside it is copied out.
        Assert.Equal("base.1735689600", lab.Chain);
        lab.Remove("s1");
        Assert.Equal(("base.1735689600", "i1(base)", "base.1735689600"), (lab.Chain, lab.Tree, lab.Files));
        lab.RevertTo("i1");
        Assert.Equal(("base", ""), (lab.Chain, lab.Files));
    }

    [Fact]
    public void An_image_of_another_domain_is_neither_written_nor_removed()
    {
        SnapshotLab lab = new(isRunning: true);
        lab.External("s1");
        DomainRef clone = lab.Define("clone", "/i/base.s1");
        lab.Remove("s1");
        Assert.Equal(("base <- base.s1", "", "base.s1"), (lab.Chain, lab.Tree, lab.Files));
        lab.Domains.Undefine(Call, clone);
        lab.External("s2");
        lab.Host.Images.CreateOverlay("/pool/clone", "qcow2", ChainImage.OfFile("/i/base.s1", "qcow2"));
        lab.Remove("s2");
        Assert.Equal("base <- base.s1 <- base.s2", lab.Chain);
    }

    [Fact]
    public void Metadata_only_leaves_all_images()
    {
        SnapshotLab lab = new(isRunning: true);
        lab.External("s1");
        lab.External("s2");
        lab.Remove("s1", Delete.Children | Delete.MetadataOnly);
        Assert.Equal(("base <- base.s1 <- base.s2", "", "base.s1 base.s2"), (lab.Chain, lab.Tree, lab.Files));
    }

    [Fact]
    public void A_hierarchy_is_told_to_another_host()
    {
        SnapshotLab source = new(isRunning: true);
        source.Internal("i1");
        source.External("s1");
        source.Make($"<name>m1</name>{Memory}", 0);
        source.RevertTo("s1", Revert.Running);
        source.External("s2");
        SnapshotLab target = new(isRunning: false);
        target.Domains.UndefineFlags(Call, target.Dom, 0);
        target.Domains.CreateXml(Call, source.DomainXml(DomainXmlFlags.Secure), 0);
        target.Domains.DefineXml(Call, source.DomainXml(DomainXmlFlags.Secure | DomainXmlFlags.Inactive));
        foreach (MomentNode<SnapshotDefinition> node in source.View.Snapshots.List(null, DomainSnapshotListFlags.Topological))
        {
            string xml = source.Xml(node.Name).Replace(target.Dom.Uuid.ToString(), source.Dom.Uuid.ToString(), StringComparison.Ordinal);
            target.Redefine(xml, Create.Validate | (node.Name == source.View.Snapshots.Current ? Create.Current : 0));
            Assert.Equal(xml, target.Xml(node.Name));
        }

        Assert.Equal((source.Chain, "i1(base) s1(base) m1(base <- base.s1) s2(base <- base.1735689600)", "s2"),
            (target.Chain, target.Tree, target.View.Snapshots.Current));
        target.RevertTo("m1");
        target.Remove("s2");
        Assert.Equal("i1(base) s1(base) m1(base <- base.s1)", target.Tree);
    }

    [Fact]
    public void A_redefinition_keeps_what_the_guest_sees()
    {
        SnapshotLab lab = new(isRunning: true);
        lab.Internal("i1");
        string xml = lab.Xml("i1");
        Assert.Equal("unsupported configuration: Target domain max memory 2048 does not match source 1024",
            Fails(() => lab.Redefine(xml.Replace("<memory unit='KiB'>1024<", "<memory unit='KiB'>2048<", StringComparison.Ordinal))).Text);
        Assert.Equal("unsupported configuration: Target disk bus scsi does not match source virtio",
            Fails(() => lab.Redefine(xml.Replace("bus='virtio'", "bus='scsi'", StringComparison.Ordinal))).Text);
        Assert.Equal("invalid argument: disk-only flag for snapshot i1 requires disk-snapshot state", Fails(() => lab.Redefine(xml, Create.DiskOnly)).Text);
        Assert.Equal(ErrorCode.XmlInvalidSchema, Fails(() => lab.Redefine(xml.Replace("<state>", "<mood/><state>", StringComparison.Ordinal), Create.Validate)).Code);
        lab.Redefine(xml.Replace("<state>", "<description>again</description><state>", StringComparison.Ordinal), Create.Validate);
        Assert.Contains("<description>again</description>", lab.Xml("i1"), StringComparison.Ordinal);
    }
}
