using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class ImageTests
{
    private readonly TestHost _host = TestHost.Default(TimeProvider.System, new IdentitySource(1));

    private static string Xml(string name, string source, string backing = "", string? uuid = null) => Hypervisor.Xml(name, uuid,
        devices: $"<disk type='file'><driver type='qcow2'/><source file='{source}'/>{backing}<target dev='vda' bus='virtio'/></disk>");

    private TestDomain Define(string name, string source, string backing = "")
    {
        DomainRef dom = new TestDomainDriver(_host.Domains).DefineXml(FakeCall.Instance, Xml(name, source, backing)).Result;
        return _host.Domains.Get(dom);
    }

    private DiskChain Chain(TestDomain domain) => _host.Images.ChainOf(domain.View.Definition.Document.Disks.First().Node);

    [Fact]
    public void A_file_that_a_domain_names_exists()
    {
        Assert.False(_host.Images.Exists("/images/a"));
        TestDomain domain = Define("vm", "/images/a");
        Assert.Equal(ImageFile.UnknownCapacity, _host.Images.Find("/images/a")!.Capacity);
        Assert.Equal(new ImageUse(domain, "vda", null, false), Assert.Single(_host.Images.UsersOf("/images/a")));
    }

    [Fact]
    public void A_chain_goes_on_below_the_document_as_the_files_say()
    {
        _host.Images.Put(new ImageFile { Path = "/images/mid", Format = "qcow2", Backing = "base.img", BackingFormat = "raw" });
        TestDomain domain = Define("vm", "/images/top", "<backingStore type='file'><format type='qcow2'/><source file='/images/mid'/></backingStore>");
        DiskChain chain = Chain(domain);
        Assert.Equal("/images/base.img <- /images/mid <- /images/top", chain.ToString());
        Assert.Equal(("base.img", "raw", true), (chain.Base.RelativeName, chain.Base.Format, chain.IsTerminated));
        Assert.Single(_host.Images.UsersOf("/images/base.img"));
        Assert.Equal("/images/top", Chain(Define("other", "/images/top", "<backingStore/>")).ToString());
    }

    [Fact]
    public void Files_that_back_each_other_end_the_chain()
    {
        _host.Images.Put(new ImageFile { Path = "/images/a", Backing = "b" });
        _host.Images.Put(new ImageFile { Path = "/images/b", Backing = "a" });
        Assert.Equal("/images/b <- /images/a", Chain(Define("vm", "/images/a")).ToString());
    }

    [Fact]
    public void An_overlay_is_as_large_as_what_it_covers()
    {
        _host.Storage.CreateVolume("default-pool", "<volume><name>disk.img</name><capacity>4096</capacity></volume>", validate: false);
        ImageFile overlay = _host.Images.CreateOverlay("/x/new", "qcow2", ChainImage.OfFile("/default-pool/disk.img", "raw"));
        Assert.Equal((4096ul, "/default-pool/disk.img", "raw"), (overlay.Capacity, overlay.BackingPath, overlay.BackingFormat));
        Assert.Equal("/default-pool/disk.img <- /x/new", Chain(Define("vm", "/x/new")).ToString());
    }

    [Fact]
    public void Removing_a_file_removes_the_volume_that_it_is()
    {
        _host.Storage.CreateVolume("default-pool", "<volume><name>disk.img</name><capacity>4096</capacity></volume>", validate: false);
        Assert.True(_host.Images.Exists("/default-pool/disk.img"));
        _host.Images.Remove("/default-pool/disk.img");
        Assert.False(_host.Images.Exists("/default-pool/disk.img"));
        Assert.Equal(0ul, _host.Storage.Get("default-pool").View.Allocation);
    }

    [Fact]
    public async Task A_snapshot_keeps_using_what_its_domain_had()
    {
        TestDomain domain = Define("vm", "/images/a");
        DomainRef dom = domain.View.Ref;
        await new TestSnapshotDriver(_host.Domains).CreateXml(FakeCall.Instance, dom, "<domainsnapshot><name>s</name></domainsnapshot>",
            DomainSnapshotCreateFlags.None);
        await new TestDomainDriver(_host.Domains).DefineXml(FakeCall.Instance, Xml("vm", "/images/b", uuid: dom.Uuid.ToString()));
        Assert.Equal("s", Assert.Single(_host.Images.UsersOf("/images/a")).Snapshot);
    }
}
