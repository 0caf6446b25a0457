using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Create = Libvirtd.Protocol.DomainSnapshotCreateFlags;
using Delete = Libvirtd.Protocol.DomainSnapshotDeleteFlags;
using List = Libvirtd.Protocol.DomainSnapshotListFlags;
using Revert = Libvirtd.Protocol.DomainSnapshotRevertFlags;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class SnapshotTests
{
    [Fact]
    public async Task Each_snapshot_stands_below_the_current_one_and_becomes_current()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        Assert.False(await host.Snapshots.HasCurrentSnapshot(Call, test, 0));
        DomainSnapshotRef one = host.Snap(test, "one");
        DomainSnapshotRef two = host.Snap(test, "two");
        Assert.Equal("two", (await host.Snapshots.Current(Call, test, 0)).Name);
        Assert.Equal("one", (await host.Snapshots.GetParent(Call, two, 0)).Name);
        Assert.Equal((ErrorCode.NoDomainSnapshot, "Domain snapshot not found: snapshot 'one' does not have a parent"),
            Fails(() => host.Snapshots.GetParent(Call, one, 0)));
        Assert.True(await host.Snapshots.IsCurrent(Call, two, 0));
        Assert.True(await host.Snapshots.HasMetadata(Call, one, 0));
        Assert.Equal((ErrorCode.OperationFailed, "operation failed: domain moment one already exists"), Fails(() => host.Snap(test, "one")));
        Assert.Empty(host.TakeEvents());
    }

    [Fact]
    public async Task The_document_holds_state_disks_and_the_domain()
    {
        await using Hypervisor host = await OpenAsync();
        string xml = await host.Snapshots.GetXmlDesc(Call, host.Snap(host.Test, "one"), DomainSnapshotXmlFlags.None);
        Assert.StartsWith("<domainsnapshot>\n  <name>one</name>\n  <state>running</state>\n  <creationTime>", xml, StringComparison.Ordinal);
        Assert.Contains("  <memory snapshot='internal'/>\n  <disks>\n    <disk name='vda' snapshot='internal'/>\n  </disks>\n  <domain type='test'>\n", xml,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(List.None, "a b c d e")]
    [InlineData(List.Roots, "e a")]
    [InlineData(List.Leaves, "c d e")]
    [InlineData(List.NoLeaves, "a b")]
    [InlineData(List.Topological, "e a d b c")]
    [InlineData(List.Inactive, "e")]
    [InlineData(List.Active, "a b c d")]
    [InlineData(List.DiskOnly, "")]
    [InlineData(List.NoMetadata, "")]
    [InlineData(List.Internal, "a b c d e")]
    [InlineData(List.External, "")]
    public async Task A_list_takes_what_its_flags_say(List flags, string expected)
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = await TreeAsync(host);
        Assert.Equal(expected, string.Join(' ', host.SnapshotNames(test, flags)));
        Assert.Equal(host.SnapshotNames(test, flags).Length, await host.Snapshots.Num(Call, test, flags));
    }

    [Theory]
    [InlineData(List.None, "d b")]
    [InlineData(List.Descendants, "d b c")]
    [InlineData(List.Descendants | List.Leaves, "d c")]
    public async Task Children_are_listed_alone_or_with_their_own(List flags, string expected)
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = await TreeAsync(host);
        DomainSnapshotRef a = await host.Snapshots.LookupByName(Call, test, "a", 0);
        Assert.Equal(expected, string.Join(' ', await host.Snapshots.ListChildrenNames(Call, a, flags)));
        Assert.Equal(expected, string.Join(' ', (await host.Snapshots.ListAllChildren(Call, a, flags)).Select(one => one.Name)));
    }

    [Theory]
    [InlineData("a", Delete.None, "b c d e", "b d e", "e")]
    [InlineData("a", Delete.Children, "e", "e", "e")]
    [InlineData("a", Delete.ChildrenOnly, "a e", "a e", "e")]
    [InlineData("b", Delete.None, "a c d e", "a e", "e")]
    [InlineData("e", Delete.None, "a b c d", "a", null)]
    public async Task Deleting_keeps_the_tree_whole(string victim, Delete flags, string left, string roots, string? current)
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = await TreeAsync(host);
        await host.Snapshots.Delete(Call, await host.Snapshots.LookupByName(Call, test, victim, 0), flags);
        Assert.Equal(left, string.Join(' ', host.SnapshotNames(test)));
        Assert.Equal(roots, string.Join(' ', host.SnapshotNames(test, List.Roots).Order()));
        Assert.Equal(current, await host.Snapshots.HasCurrentSnapshot(Call, test, 0) ? (await host.Snapshots.Current(Call, test, 0)).Name : null);
    }

    [Fact]
    public async Task Deleting_the_children_of_which_one_is_current_makes_their_parent_current()
    {
        await using Hypervisor host = await OpenAsync();
        DomainSnapshotRef one = host.Snap(host.Test, "one");
        host.Snap(host.Test, "two");
        await host.Snapshots.Delete(Call, one, Delete.ChildrenOnly);
        Assert.Equal("one", (await host.Snapshots.Current(Call, host.Test, 0)).Name);
    }

    [Theory]
    [InlineData(DomainState.Running, DomainState.Running, Revert.None, DomainState.Running, "Stopped 6, Started 3")]
    [InlineData(DomainState.Running, DomainState.Paused, Revert.None, DomainState.Paused, "Stopped 6, Started 3, Suspended 5")]
    [InlineData(DomainState.Running, DomainState.Paused, Revert.Running, DomainState.Running, "Stopped 6, Started 3")]
    [InlineData(DomainState.Paused, DomainState.Running, Revert.Paused, DomainState.Paused, "Stopped 6, Started 3, Suspended 5")]
    [InlineData(DomainState.Shutoff, DomainState.Running, Revert.None, DomainState.Running, "Started 3")]
    [InlineData(DomainState.Shutoff, DomainState.Paused, Revert.None, DomainState.Paused, "Started 3, Suspended 5")]
    [InlineData(DomainState.Running, DomainState.Shutoff, Revert.None, DomainState.Shutoff, "Stopped 6")]
    [InlineData(DomainState.Shutoff, DomainState.Shutoff, Revert.None, DomainState.Shutoff, "")]
    [InlineData(DomainState.Shutoff, DomainState.Shutoff, Revert.Paused, DomainState.Shutoff, "Started 3, Suspended 5")]
    public async Task A_revert_takes_the_domain_from_any_state_to_any(DomainState now, DomainState then, Revert flags, DomainState after, string events)
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await BringAsync(host, then);
        DomainSnapshotRef snapshot = host.Snap(test, "one");
        await BringAsync(host, now);
        host.Snap(test, "two");
        host.TakeEvents();
        await host.Snapshots.RevertToSnapshot(Call, snapshot, flags);
        Assert.Equal(after, host.State(test).State);
        Assert.Equal(events, string.Join(", ", host.TakeEvents()).Replace("test ", "", StringComparison.Ordinal));
        Assert.Equal("one", (await host.Snapshots.Current(Call, test, 0)).Name);
    }

    [Fact]
    public async Task Halting_stops_the_domain_and_a_transient_one_cannot()
    {
        await using Hypervisor host = await OpenAsync();
        host.Snap(host.Test, "one", Create.Halt);
        Assert.Equal((DomainState.Shutoff, 7), host.State(host.Test));
        Assert.Equal(["test Stopped 6"], host.TakeEvents());
        Assert.Equal("Requested operation is not valid: cannot halt after transient domain snapshot",
            Fails(() => host.Snap(host.Start("guest"), "one", Create.Halt)).Text);
    }

    [Fact]
    public async Task A_tree_is_told_to_another_host_by_redefining_it()
    {
        await using Hypervisor source = await OpenAsync();
        await using Hypervisor target = await OpenAsync();
        DomainRef test = await TreeAsync(source);
        foreach (DomainSnapshotRef snapshot in await source.Snapshots.ListAllSnapshots(Call, test, List.None))
        {
            string xml = await source.Snapshots.GetXmlDesc(Call, snapshot, DomainSnapshotXmlFlags.None);
            bool isCurrent = await source.Snapshots.IsCurrent(Call, snapshot, 0);
            DomainSnapshotRef copy = await target.Snapshots.CreateXml(Call, target.Test, xml, Create.Redefine | (isCurrent ? Create.Current : 0));
            Assert.Equal(xml, await target.Snapshots.GetXmlDesc(Call, copy, DomainSnapshotXmlFlags.None));
        }

        Assert.Equal(source.SnapshotNames(test, List.Topological), target.SnapshotNames(target.Test, List.Topological));
        Assert.Equal("e", (await target.Snapshots.Current(Call, target.Test, 0)).Name);
    }

    [Fact]
    public async Task A_redefinition_that_cannot_be_is_refused()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        DomainSnapshotRef one = host.Snap(test, "one");
        host.Snap(test, "two");
        string xml = await host.Snapshots.GetXmlDesc(Call, one, DomainSnapshotXmlFlags.None);
        Assert.Equal("invalid argument: parent two would create cycle to one", Fails(() => Redefine("<parent><name>two</name></parent>")).Text);
        Assert.Equal("invalid argument: cannot set moment one as its own parent", Fails(() => Redefine("<parent><name>one</name></parent>")).Text);
        Assert.Equal("invalid argument: parent none for moment one not found", Fails(() => Redefine("<parent><name>none</name></parent>")).Text);
        xml = xml.Replace("<state>running", "<state>shutoff", StringComparison.Ordinal).Replace("<memory snapshot='internal'/>", "", StringComparison.Ordinal);
        Assert.Equal("invalid argument: cannot change between online and offline snapshot state in snapshot one", Fails(() => Redefine("")).Text);

        void Redefine(string parent) =>
            host.Snapshots.CreateXml(Call, test, xml.Replace("<state>", parent + "<state>", StringComparison.Ordinal), Create.Redefine).AsTask().Wait();
    }

    [Theory]
    [InlineData("<disk name='vda' snapshot='external'/>", "unsupported configuration: disk 'vda' must use snapshot mode 'internal'")]
    [InlineData("<disk name='vdz'/>", "unsupported configuration: no disk named 'vdz'")]
    [InlineData("<disk name='vda'/><disk name='vda'/>", "unsupported configuration: too many disk snapshot requests for domain")]
    [InlineData("<disk name='vda' snapshot='manual'/>", "Operation not supported: 'manual' snapshot mode is not supported by the test driver")]
    public async Task Bad_disks_are_named(string disks, string error)
    {
        await using Hypervisor host = await OpenAsync();
        string xml = $"<domainsnapshot><name>one</name><disks>{disks}</disks></domainsnapshot>";
        Assert.Equal(error, Fails(() => host.Snapshots.CreateXml(Call, host.Test, xml, Create.None)).Text);
    }

    [Fact]
    public async Task An_inactive_domain_with_snapshots_is_only_undefined_with_them()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        host.Snap(test, "one", Create.Halt);
        Assert.Equal("Requested operation is not valid: cannot delete inactive domain with 1 snapshots", Fails(() => host.Domains.Undefine(Call, test)).Text);
        await host.Domains.UndefineFlags(Call, test, DomainUndefineFlagsValues.SnapshotsMetadata);
        Assert.Equal(ErrorCode.NoDomain, Fails(() => host.Find("test")).Code);
    }

    /// <summary>a with b (with c) and d below it, all of a running domain; e, current, of the stopped one.</summary>
    private static async Task<DomainRef> TreeAsync(Hypervisor host)
    {
        DomainRef test = host.Test;
        DomainSnapshotRef a = host.Snap(test, "a");
        host.Snap(test, "b");
        host.Snap(test, "c");
        await host.Snapshots.RevertToSnapshot(Call, a, Revert.None);
        DomainSnapshotRef d = host.Snap(test, "d");
        await host.Domains.Destroy(Call, test);
        DomainSnapshotRef e = host.Snap(test, "e");
        string xml = await host.Snapshots.GetXmlDesc(Call, e, DomainSnapshotXmlFlags.None);
        await host.Snapshots.Delete(Call, e, Delete.None);
        xml = xml.Replace("  <parent>\n    <name>d</name>\n  </parent>\n", "", StringComparison.Ordinal);
        await host.Snapshots.CreateXml(Call, test, xml, Create.Redefine | Create.Current);
        return d.Dom;
    }

    private static async Task BringAsync(Hypervisor host, DomainState state)
    {
        DomainRef test = host.Test;
        if (host.State(test).State == DomainState.Paused && state != DomainState.Paused)
            await host.Domains.Resume(Call, test);
        if (host.State(test).State == DomainState.Shutoff && state != DomainState.Shutoff)
            await host.Domains.Create(Call, test);
        if (host.State(test).State == DomainState.Running && state == DomainState.Paused)
            await host.Domains.Suspend(Call, test);
        if (host.State(test).State == DomainState.Running && state == DomainState.Shutoff)
            await host.Domains.Destroy(Call, test);
    }
}
