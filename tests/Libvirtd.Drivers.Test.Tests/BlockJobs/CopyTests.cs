using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Flags = Libvirtd.Protocol.DomainBlockCopyFlags;
using Rebase = Libvirtd.Protocol.DomainBlockRebaseFlags;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class CopyTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_copy_is_ready_when_all_is_there_and_the_disk_goes_over_by_a_pivot(bool isRunning)
    {
        using BlockHost host = new(isRunning);
        host.Copy("new");
        Assert.Equal((int)DomainBlockJobType.Copy, host.Job.Type);
        host.Finish();
        Assert.Equal("base snap1 snap2 active", host.Chain);
        Assert.Equal(["/images/active Copy Ready", "vda Copy Ready"], host.TakeEvents());
        host.Pivot();
        Assert.Equal(["/images/new Copy Completed", "vda Copy Completed"], host.TakeEvents());
        Assert.Equal(("new", "new"), (host.Chain, host.ConfigChain));
        Assert.Contains("<driver name='qemu' type='qcow2'/>\n      <source file='/images/new'/>\n      <backingStore/>", Named(host.InactiveXml), StringComparison.Ordinal);
        Assert.True(host.Images.Exists("/images/active"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_shallow_copy_keeps_what_is_below(bool isRunning)
    {
        using BlockHost host = new(isRunning);
        host.Copy("new", Flags.Shallow);
        host.Finish();
        host.Pivot();
        Assert.Equal(("base snap1 snap2 new", "base snap1 snap2 new"), (host.Chain, host.ConfigChain));
        Assert.Equal("/images/snap2", host.Images.Find("/images/new")!.BackingPath);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_copy_that_is_aborted_on_its_way_leaves_no_file(bool isRunning)
    {
        using BlockHost host = new(isRunning);
        host.Copy("new");
        host.Advance(1);
        host.Abort(DomainBlockJobAbortFlags.Async);
        Assert.Equal("base snap1 snap2 active", host.Chain);
        Assert.Equal(["/images/active Copy Canceled", "vda Copy Canceled"], host.TakeEvents());
        Assert.False(host.Images.Exists("/images/new"));
        host.Copy("new");
        Assert.Equal(1, host.Job.Found);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_copy_that_is_aborted_when_it_is_ready_is_whole(bool isRunning)
    {
        using BlockHost host = new(isRunning);
        host.Copy("new");
        host.Finish();
        host.TakeEvents();
        host.Abort();
        Assert.Equal("base snap1 snap2 active", host.Chain);
        Assert.Equal(["/images/active Copy Canceled", "vda Copy Canceled"], host.TakeEvents());
        ImageFile copy = host.Images.Find("/images/new")!;
        Assert.Equal((host.Images.Get("/images/active", null).Capacity, null), (copy.Capacity, copy.Backing));
        Assert.Equal(ErrorCode.ConfigUnsupported, Fails(() => host.Copy("new")).Code);
        host.Copy("new", Flags.ReuseExt);
        Assert.Equal(1, host.Job.Found);
    }

    [Fact]
    public void The_mirror_shows_in_the_running_domains_document()
    {
        using BlockHost host = new(isRunning: true);
        host.Copy("<disk type='file'><driver type='raw'/><source file='/images/new'/></disk>");
        Assert.Contains("""
                  <mirror type='file' file='/images/new' format='raw' job='copy'>
                    <format type='raw'/>
                    <source file='/images/new' index='5'/>
                    <backingStore/>
                  </mirror>
            """.ReplaceLineEndings("\n"), host.Xml, StringComparison.Ordinal);
        host.Finish();
        Assert.Contains("format='raw' job='copy' ready='yes'>", host.Xml, StringComparison.Ordinal);
        host.Pivot();
        Assert.Contains("<source file='/images/new' index='5'/>", host.Xml, StringComparison.Ordinal);
        Assert.DoesNotContain("mirror", host.Xml, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Rebase.Copy, "new", "qcow2")]
    [InlineData(Rebase.Copy | Rebase.CopyRaw, "new", "raw")]
    [InlineData(Rebase.Copy | Rebase.Shallow, "base snap1 snap2 new", "qcow2")]
    [InlineData(Rebase.Copy | Rebase.CopyDev, "new", "qcow2")]
    public void A_rebase_can_copy_too(Rebase flags, string left, string format)
    {
        using BlockHost host = new(isRunning: true);
        host.Rebase("/images/new", flags, bandwidth: 0);
        host.Finish();
        host.Pivot();
        Assert.Equal(left, host.Chain);
        Assert.Contains($"<driver name='qemu' type='{format}'/>", Named(host.Xml), StringComparison.Ordinal);
        Assert.Contains(flags.HasFlag(Rebase.CopyDev) ? "<disk type='block' device='disk'>" : "<disk type='file' device='disk'>", host.InactiveXml,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_to_a_file_that_is_there_has_to_reuse_it()
    {
        using BlockHost host = new(isRunning: true);
        host.Host.Storage.CreateVolume("default-pool",
            "<volume><name>there.qcow2</name><capacity>4096</capacity><target><format type='qcow2'/></target><backingStore><path>/images/snap2</path>"
            + "<format type='qcow2'/></backingStore></volume>", validate: false);
        const string There = "<disk type='file'><source file='/default-pool/there.qcow2'/></disk>";
        Assert.Equal((ErrorCode.ConfigUnsupported,
            "unsupported configuration: external destination file for disk vda already exists and is not a block device: /default-pool/there.qcow2"),
            Fails(() => host.Copy(There)));
        host.Copy(There, Flags.ReuseExt | Flags.Shallow);
        host.Finish();
        host.Pivot();
        Assert.StartsWith("snap2 there.qcow2", host.Chain, StringComparison.Ordinal);
        Assert.Equal((ErrorCode.SystemError, "missing destination file for disk vda: /images/nothing: No such file or directory"),
            Fails(() => host.Copy("nothing", Flags.ReuseExt)));
    }

    [Fact]
    public void A_copy_brings_its_own_chain_only_when_it_is_shallow()
    {
        const string Own = "<disk type='file'><driver type='qcow2'/><source file='/images/new'/><backingStore type='file'><format type='raw'/>"
            + "<source file='/images/other'/><backingStore/></backingStore></disk>";
        using BlockHost host = new(isRunning: true);
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: backingStore of mirror without VIR_DOMAIN_BLOCK_COPY_SHALLOW doesn't make sense"),
            Fails(() => host.Copy(Own)));
        host.Copy(Own, Flags.Shallow);
        host.Finish();
        host.Pivot();
        Assert.Equal(("other new", "other new"), (host.Chain, host.ConfigChain));
        Assert.Equal("/images/other", host.Images.Find("/images/new")!.BackingPath);
    }

    [Fact]
    public void A_whole_copy_into_a_reused_overlay_needs_nothing_below()
    {
        using BlockHost host = new(isRunning: true);
        host.Images.Put(new ImageFile { Path = "/images/there", Format = "qcow2", Backing = "base" });
        host.Copy("there", Flags.ReuseExt);
        host.Finish();
        host.Pivot();
        Assert.Equal(("there", "there"), (host.Chain, host.ConfigChain));
        Assert.Null(host.Images.Find("/images/there")!.Backing);
    }

    [Fact]
    public void Parameters_are_checked()
    {
        using BlockHost host = new(isRunning: true);
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: granularity must be power of 2"),
            Fails(() => host.Copy("new", Flags.None, new TypedParam("granularity", 3u))));
        Assert.Equal((ErrorCode.ArgumentUnsupported, "argument unsupported: parameter 'speed' not supported"),
            Fails(() => host.Copy("new", Flags.None, new TypedParam("speed", 3u))));
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: bandwidth must be less than '9223372036854775807' bytes/s (8796093022207 MiB/s)"),
            Fails(() => host.Copy("new", Flags.None, new TypedParam("bandwidth", ulong.MaxValue))));
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: absolute path must be used as block copy target"),
            Fails(() => host.Copy("<disk type='file'><source file='new'/></disk>")));
        Assert.Equal(ErrorCode.NoSource, Fails(() => host.Copy("<disk type='file'/>")).Code);
        Assert.Equal((ErrorCode.ConfigUnsupported, "unsupported configuration: shallow copy of disk 'vda' into a raw file is not possible"),
            Fails(() => host.Copy("<disk type='file'><driver type='raw'/><source file='/images/new'/></disk>", Flags.Shallow)));
        host.Copy("new", Flags.SynchronousWrites | Flags.TransientJob, new TypedParam("granularity", 65536u), new TypedParam("buf-size", 1048576ul),
            new TypedParam("bandwidth", 1048577ul));
        Assert.Equal(2ul, host.Job.Bandwidth);
    }

    /// <summary>The driver's own name is of no interest: the text with it everywhere.</summary>
    private static string Named(string xml) => xml.Replace("<driver type=", "<driver name='qemu' type=", StringComparison.Ordinal);
}
