using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Flags = Libvirtd.Protocol.DomainBlockRebaseFlags;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class PullTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pull_leaves_the_active_image_alone(bool isRunning)
    {
        using BlockHost host = new(isRunning);
        host.Domains.BlockPull(Call, host.Dom, "/images/active", 0, DomainBlockPullFlags.None);
        Assert.Equal((int)DomainBlockJobType.Pull, host.Job.Type);
        host.Finish();
        Assert.Equal(("active", "active"), (host.Chain, host.ConfigChain));
        Assert.Contains("<backingStore/>", host.InactiveXml, StringComparison.Ordinal);
        Assert.Null(host.Images.Find("/images/active")!.Backing);
        Assert.Equal(["/images/active Pull Completed", "vda Pull Completed"], host.TakeEvents());
    }

    [Theory]
    [InlineData(true, "base", "base active")]
    [InlineData(true, "/images/snap1", "base snap1 active")]
    [InlineData(true, "vda[2]", "base snap1 snap2 active")]
    [InlineData(true, "vda[3]", "base snap1 active")]
    [InlineData(true, null, "active")]
    [InlineData(false, "base", "base active")]
    [InlineData(false, "/images/snap1", "base snap1 active")]
    [InlineData(false, "vda[1]", "base snap1 snap2 active")]
    [InlineData(false, "vda[2]", "base snap1 active")]
    [InlineData(false, null, "active")]
    public void A_rebase_pulls_down_to_its_base(bool isRunning, string? @base, string left)
    {
        using BlockHost host = new(isRunning);
        host.Rebase(@base);
        host.Finish();
        Assert.Equal((left, left), (host.Chain, host.ConfigChain));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_relative_rebase_keeps_the_name_relative(bool isRunning)
    {
        using BlockHost host = new(isRunning);
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: flag VIR_DOMAIN_BLOCK_REBASE_RELATIVE is valid only with non-null base"),
            Fails(() => host.Rebase(null, Flags.Relative)));
        Assert.Equal((ErrorCode.OperationInvalid, "Requested operation is not valid: can't keep relative backing relationship"),
            Fails(() => host.Rebase("base", Flags.Relative)));
        host.Images.Put(new ImageFile { Path = "/images/active", Format = "qcow2", Backing = "../images/snap2" });
        host.Images.Put(new ImageFile { Path = "/images/snap2", Format = "qcow2", Backing = "snap1" });
        host.Images.Put(new ImageFile { Path = "/images/snap1", Format = "qcow2", Backing = "base" });
        host.Rebase("base", Flags.Relative);
        host.Finish();
        Assert.Equal("../images/base", host.Images.Find("/images/active")!.Backing);
        Assert.Equal("base active", host.Chain);
    }

    [Fact]
    public void Flags_of_copies_need_a_copy()
    {
        using BlockHost host = new(isRunning: true);
        Assert.Equal((ErrorCode.InvalidArg, "use of flags requires a copy job"), Fails(() => host.Rebase(null, Flags.Shallow)));
        Assert.Equal((ErrorCode.InvalidArg, "base in virDomainBlockRebase must not be NULL"), Fails(() => host.Rebase(null, Flags.Copy)));
        Assert.Equal((ErrorCode.ArgumentUnsupported, "argument unsupported: Relative backing during copy not supported yet"),
            Fails(() => host.Rebase("/images/new", Flags.Copy | Flags.Relative)));
    }

    [Fact]
    public async Task A_chain_that_only_the_files_know_shows_when_the_domain_starts_and_is_pulled_like_any_other()
    {
        using BlockHost host = new(isRunning: false, "active");
        DomainRef dom = await host.Domains.DefineXml(Call, Hypervisor.Xml("other", devices:
            "<disk type='file'><driver type='qcow2'/><source file='/x/top'/><target dev='vda' bus='virtio'/></disk>"));
        host.Images.Put(new ImageFile { Path = "/x/top", Format = "qcow2", Backing = "bottom", BackingFormat = "raw" });
        dom = await host.Domains.CreateWithFlags(Call, dom, DomainCreateFlags.None);
        string live = await host.Domains.GetXmlDesc(Call, dom, DomainXmlFlags.None);
        Assert.Contains("""
                  <source file='/x/top' index='1'/>
                  <backingStore type='file' index='2'>
                    <format type='raw'/>
                    <source file='/x/bottom'/>
                    <backingStore/>
                  </backingStore>
            """.ReplaceLineEndings("\n"), live, StringComparison.Ordinal);
        await host.Domains.BlockPull(Call, dom, "vda", 0, DomainBlockPullFlags.None);
        host.Finish();
        Assert.DoesNotContain("backingStore type", await host.Domains.GetXmlDesc(Call, dom, DomainXmlFlags.None), StringComparison.Ordinal);
        await host.Domains.Destroy(Call, dom);
        Assert.DoesNotContain("bottom", await host.Domains.GetXmlDesc(Call, dom, DomainXmlFlags.None), StringComparison.Ordinal);
        Assert.Null(host.Images.Find("/x/top")!.Backing);
    }
}
