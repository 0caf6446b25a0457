using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

public sealed class DiskChainTests
{
    private const string Disk = """
        <disk type='file' device='disk'>
          <driver name='qemu' type='qcow2'/>
          <source file='/images/active' startupPolicy='optional' index='1'/>
          <backingStore type='file' index='2'>
            <format type='qcow2'/>
            <source file='/images/snap2'/>
            <backingStore type='file' index='5'>
              <format type='qcow2'/>
              <source file='/images/snap1'/>
              <backingStore type='block'>
                <format type='raw'/>
                <source dev='/dev/base'/>
                <backingStore/>
              </backingStore>
            </backingStore>
          </backingStore>
          <target dev='vda' bus='virtio'/>
        </disk>
        """;

    private static DomainDocument Domain(string disk, bool inactive = false) => DomainDocument.Parse(
        $"<domain type='test'><name>vm</name><memory>1024</memory><os><type>hvm</type></os><devices>{disk}</devices></domain>",
        new DomainParseOptions { Inactive = inactive });

    private static Node Node(DomainDocument domain) => domain.Disks.First().Node;

    /// <summary>The disk's text after a change of its chain.</summary>
    private static string Changed(string disk, Func<DiskChain, DiskChain> change, FormatFlags flags = FormatFlags.None)
    {
        DomainDocument changed = Domain(disk).With(root =>
        {
            Node node = root.Child("devices")!.Child("disk")!;
            change(DiskChain.Read(node)).Write(node);
        });
        string text = changed.Format(flags, 1);
        int start = text.IndexOf("    <disk", StringComparison.Ordinal);
        return text[start..(text.IndexOf("</disk>\n", StringComparison.Ordinal) + 8)];
    }

    [Fact]
    public void A_chain_is_read_from_the_active_image_down()
    {
        DiskChain chain = DiskChain.Read(Node(Domain(Disk)));
        Assert.Equal(["/images/active", "/images/snap2", "/images/snap1", "/dev/base"], chain.Images.Select(image => image.Path));
        Assert.Equal(["qcow2", "qcow2", "qcow2", "raw"], chain.Images.Select(image => image.Format));
        Assert.Equal([1u, 2u, 5u, 0u], chain.Images.Select(image => image.Index));
        Assert.True(chain.IsTerminated);
        Assert.Equal("block", chain.Base.Type);
        Assert.False(DiskChain.Read(Node(Domain("<disk type='file'><source file='/a'/><target dev='vda'/></disk>"))).IsTerminated);
        Assert.Null(DiskChain.Read(Node(Domain("<disk type='file' device='cdrom'><target dev='hda' bus='ide'/></disk>"))).Active.Path);
    }

    [Fact]
    public void What_is_read_is_written_back_the_same()
    {
        string same = Changed(Disk, static chain => chain);
        Assert.Equal(Changed(Disk, static chain => chain.Without(1, 1)), same);
        Assert.Contains("<source file='/images/active' startupPolicy='optional' index='1'/>\n      <backingStore type='file' index='2'>\n", same, StringComparison.Ordinal);
        Assert.Contains("<source dev='/dev/base'/>\n            <backingStore/>\n", same, StringComparison.Ordinal);
        Assert.DoesNotContain("index", Changed(Disk, static chain => chain, FormatFlags.Inactive), StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_active_image_takes_the_disks_place_and_the_old_one_goes_below()
    {
        string text = Changed("<disk type='block'><driver name='qemu' type='raw'/><source dev='/dev/x'/><target dev='vda'/></disk>",
            static chain => chain.WithOverlay(ChainImage.OfFile("/images/new", "qcow2") with { Index = 7 }));
        Assert.StartsWith("""
                <disk type='file' device='disk'>
                  <driver name='qemu' type='qcow2'/>
                  <source file='/images/new' index='7'/>
                  <backingStore type='block'>
                    <format type='raw'/>
                    <source dev='/dev/x'/>
                  </backingStore>
                  <target dev='vda' bus='virtio'/>
            """.ReplaceLineEndings("\n"), text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_of_one_ends_with_an_empty_element()
    {
        string text = Changed(Disk, static chain => chain.Cut(1));
        Assert.Contains("index='1'/>\n      <backingStore/>\n      <target", text, StringComparison.Ordinal);
        Assert.Contains("<source dev='/dev/base' startupPolicy='optional'/>\n      <backingStore/>\n", Changed(Disk, static chain => chain.Without(0, 3)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/images/snap1", -1, 2)]
    [InlineData("/images/./x/../snap1", -1, 2)]
    [InlineData("snap1", -1, 2)]
    [InlineData("./snap1", -1, 2)]
    [InlineData("active", -1, 0)]
    [InlineData("vda[5]", -1, 2)]
    [InlineData("vda[1]", -1, 0)]
    [InlineData(null, -1, 3)]
    [InlineData(null, 2, 3)]
    [InlineData("vda[5]", 1, 2)]
    public void An_image_is_found_by_path_name_and_number(string? name, int beneath, int expected) =>
        Assert.Equal(expected, DiskChain.Read(Node(Domain(Disk))).Lookup(name, "vda", beneath));

    [Theory]
    [InlineData("nothing", -1, "could not find image 'nothing' in chain for 'vda'")]
    [InlineData("snap2", 1, "could not find image 'snap2' beneath '/images/snap2' in chain for 'vda'")]
    [InlineData("vda[9]", -1, "could not find backing store index '9' in chain for 'vda'")]
    [InlineData("vdb[1]", -1, "requested target 'vdb' does not match target 'vda'")]
    [InlineData(null, 3, "could not find base image in chain for 'vda'")]
    public void An_image_that_is_not_there_is_named_in_the_error(string? name, int beneath, string error)
    {
        VirException e = Assert.Throws<VirException>(() => DiskChain.Read(Node(Domain(Disk))).Lookup(name, "vda", beneath));
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: " + error), (e.Code, e.Message));
    }

    [Fact]
    public void Without_numbers_images_count_from_the_active_one()
    {
        DiskChain chain = DiskChain.Read(Node(Domain(Disk, inactive: true)));
        Assert.Equal(2, chain.Lookup("vda[2]", "vda"));
        uint last = 0;
        Assert.Equal([1u, 2u, 3u, 4u], chain.WithIndexes(ref last).Images.Select(image => image.Index));
        Assert.Equal(4u, last);
    }
}
