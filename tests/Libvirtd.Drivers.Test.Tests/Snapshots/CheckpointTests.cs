using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Create = Libvirtd.Protocol.DomainCheckpointCreateFlags;
using Delete = Libvirtd.Protocol.DomainCheckpointDeleteFlags;
using List = Libvirtd.Protocol.DomainCheckpointListFlags;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class CheckpointTests
{
    [Fact]
    public async Task Each_checkpoint_stands_below_the_one_before()
    {
        await using Hypervisor host = await OpenAsync();
        DomainCheckpointRef one = host.Checkpoint(host.Test, "one");
        DomainCheckpointRef two = host.Checkpoint(host.Test, "two");
        Assert.Equal("one", (await host.Checkpoints.GetParent(Call, two, 0)).Name);
        Assert.Equal((ErrorCode.NoDomainCheckpoint, "Domain checkpoint not found: checkpoint 'one' does not have a parent"),
            Fails(() => host.Checkpoints.GetParent(Call, one, 0)));
        Assert.Equal("operation failed: domain moment one already exists", Fails(() => host.Checkpoint(host.Test, "one")).Text);
        Assert.Equal("Domain checkpoint not found: no domain checkpoint with matching name 'none'",
            Fails(() => host.Checkpoints.LookupByName(Call, host.Test, "none", 0)).Text);
        Assert.Empty(host.TakeEvents());
    }

    [Theory]
    [InlineData(List.None, "a b c")]
    [InlineData(List.Roots, "a")]
    [InlineData(List.Leaves, "c")]
    [InlineData(List.NoLeaves, "a b")]
    [InlineData(List.Topological, "a b c")]
    public async Task A_list_takes_what_its_flags_say(List flags, string expected)
    {
        await using Hypervisor host = await OpenAsync();
        foreach (string name in (string[])["a", "b", "c"])
            host.Checkpoint(host.Test, name);
        Assert.Equal(expected, Names(await host.Checkpoints.ListAllCheckpoints(Call, host.Test, flags)));
        DomainCheckpointRef a = await host.Checkpoints.LookupByName(Call, host.Test, "a", 0);
        Assert.Equal("b", Names(await host.Checkpoints.ListAllChildren(Call, a, List.None)));
        Assert.Equal("b c", Names(await host.Checkpoints.ListAllChildren(Call, a, List.Descendants)));
    }

    [Theory]
    [InlineData("b", Delete.None, "a c", "c below a")]
    [InlineData("b", Delete.MetadataOnly, "a c", "c below a")]
    [InlineData("a", Delete.ChildrenOnly, "a", "")]
    [InlineData("a", Delete.Children, "", "")]
    public async Task Deleting_keeps_the_tree_whole(string victim, Delete flags, string left, string parents)
    {
        await using Hypervisor host = await OpenAsync();
        foreach (string name in (string[])["a", "b", "c"])
            host.Checkpoint(host.Test, name);
        await host.Checkpoints.Delete(Call, await host.Checkpoints.LookupByName(Call, host.Test, victim, 0), flags);
        DomainCheckpointRef[] rest = await host.Checkpoints.ListAllCheckpoints(Call, host.Test, List.Topological);
        Assert.Equal(left, Names(rest));
        Assert.Equal(parents, string.Join(' ', rest.Skip(1).Select(one => $"{one.Name} below {host.Checkpoints.GetParent(Call, one, 0).Result.Name}")));
    }

    [Fact]
    public async Task A_chain_is_told_to_another_host_by_redefining_it()
    {
        await using Hypervisor source = await OpenAsync();
        await using Hypervisor target = await OpenAsync();
        foreach (string name in (string[])["a", "b", "c"])
            source.Checkpoint(source.Test, name);
        foreach (DomainCheckpointRef one in await source.Checkpoints.ListAllCheckpoints(Call, source.Test, List.Topological))
        {
            string xml = await source.Checkpoints.GetXmlDesc(Call, one, DomainCheckpointXmlFlags.Secure);
            DomainCheckpointRef copy = await target.Checkpoints.CreateXml(Call, target.Test, xml, Create.Redefine);
            Assert.Equal(xml, await target.Checkpoints.GetXmlDesc(Call, copy, DomainCheckpointXmlFlags.Secure));
        }

        // The last of them is current again: what comes next stands below it.
        Assert.Equal("c", (await target.Checkpoints.GetParent(Call, target.Checkpoint(target.Test, "d"), 0)).Name);
    }

    [Fact]
    public async Task Snapshots_and_checkpoints_exclude_each_other()
    {
        await using Hypervisor host = await OpenAsync();
        host.Snap(host.Test, "one");
        Assert.Equal((ErrorCode.OperationUnsupported, "Operation not supported: cannot create checkpoint while snapshot exists"),
            Fails(() => host.Checkpoint(host.Test, "two")));
        await host.Snapshots.Delete(Call, await host.Snapshots.LookupByName(Call, host.Test, "one", 0), 0);
        host.Checkpoint(host.Test, "two");
        Assert.Equal((ErrorCode.OperationUnsupported, "Operation not supported: cannot create snapshot while checkpoint exists"),
            Fails(() => host.Snap(host.Test, "one")));
    }

    [Fact]
    public async Task Lists_of_domains_know_who_has_checkpoints()
    {
        await using Hypervisor host = await OpenAsync();
        host.Define("other");
        host.Checkpoint(host.Test, "one");
        Assert.Equal("test", Assert.Single(await host.Domains.ListAllDomains(Call, ConnectListAllDomainsFlags.HasCheckpoint)).Name);
        Assert.Equal("other", Assert.Single(await host.Domains.ListAllDomains(Call, ConnectListAllDomainsFlags.NoCheckpoint)).Name);
    }

    private static string Names(DomainCheckpointRef[] refs) => string.Join(' ', refs.Select(one => one.Name));
}
