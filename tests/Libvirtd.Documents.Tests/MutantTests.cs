using System.Diagnostics;
using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>What mutated documents have found, each in the smallest document that shows it.</summary>
public sealed class MutantTests
{
    [Fact]
    public void Element_of_another_namespace_is_not_ours()
    {
        string xml = "<domain type='test'><name xmlns='urn:x'>a</name><memory>1</memory><os><type>hvm</type></os></domain>";
        Assert.Equal(ErrorCode.NoName, Assert.Throws<VirException>(() => DomainDocument.Parse(xml)).Code);
        Assert.Equal("XML error: missing TPM device backend", Refusal("<tpm model='tpm-tis'><backend type='external' xmlns='urn:x'/></tpm>"));
        Assert.Equal("XML error: Missing <source> element in hostdev device", Refusal("<hostdev mode='subsystem' type='usb'><source xmlns='urn:x'/></hostdev>"));
    }

    [Theory]
    [InlineData("<disk type='dir' device='floppy'><target dev='sdzzzzzz' bus='fdc'/></disk>", "unsupported configuration: fdc controller 160636202 is too far: no more than 1024 are added for what uses them")]
    [InlineData("<channel type='pty'><target type='virtio'/><address type='virtio-serial' controller='2147483648'/></channel>",
        "unsupported configuration: virtio-serial controller 2147483648 is too far")]
    public void Controllers_without_end_are_not_made_up(string device, string fault)
    {
        Stopwatch clock = Stopwatch.StartNew();
        Assert.Equal(fault, Refusal(device));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"took {clock.Elapsed}");
    }

    [Theory]
    [InlineData("<video><model type='vga' primary='yes'/></video><video><model type='vga' primary='yes'/></video>", "unsupported configuration: Only one primary video device is supported")]
    [InlineData("<controller type='usb' model='none'/><input type='tablet'/>", "unsupported configuration: Can't add USB input device. USB bus is disabled")]
    [InlineData("<disk type='block' device='lun'><source/><target dev='sda' bus='scsi'/></disk>", "unsupported configuration: disk device='lun' is only valid for block type disk source")]
    public void What_would_not_be_read_again_is_refused(string devices, string fault) => Assert.Equal(fault, Refusal(devices));

    [Theory]
    [InlineData("<disk type='file'><source file='/a'/><backingStore type='file'><format type='raw'/><source/></backingStore><target dev='vda'/></disk>", "<source/>")]
    [InlineData("<hostdev mode='subsystem' type='usb'><source><address bus='0' device='0'/></source></hostdev>", "<source/>")]
    public void What_was_taken_is_read_again(string devices, string part)
    {
        string text = DomainDocument.Parse(Around(devices)).Format();
        Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.Equal(text, DomainDocument.Parse(text).Format());
    }

    [Fact]
    public void Prefix_of_an_attribute_in_metadata_stays_declared()
    {
        string xml = "<domain type='test' xmlns:o='urn:o'><name>a</name><memory>1</memory><os><type>hvm</type></os><metadata><m o:a='1' xmlns='urn:x'/></metadata></domain>";
        string text = DomainDocument.Parse(xml).Format();
        Assert.Contains("xmlns:o=\"urn:o\"", text, StringComparison.Ordinal);
        Assert.Equal(text, DomainDocument.Parse(text).Format());
    }

    [Fact]
    public void Network_takes_no_pci_function_above_seven()
    {
        string xml = "<network><name>n</name><forward mode='hostdev'><address type='pci' bus='4' function='9'/></forward></network>";
        Assert.Equal("XML error: Invalid PCI address function=0x9, must be <= 7", Assert.Throws<VirException>(() => NetworkDocument.Parse(xml)).Message);
    }

    [Fact]
    public void Checkpoint_lists_a_disk_once_though_the_domain_has_two_of_its_name()
    {
        string disk = "<disk type='file'><source file='/a'/><target dev='vda'/></disk>";
        DomainParseOptions options = Golden.DomainOptions();
        DomainCheckpointDocument checkpoint = DomainCheckpointDocument.Parse(
            $"<domaincheckpoint><name>c</name><creationTime>5</creationTime>{Around(disk + disk)}</domaincheckpoint>",
            new SnapshotParseOptions { Redefine = true, ErrorDomain = ErrorDomain.DomainCheckpoint, Domain = options });
        Assert.Single(checkpoint.WithAlignedDisks(checkpoint.Domain!).Root.Child("disks")!.Children);
    }

    private static string Around(string devices) =>
        $"<domain type='test'><name>a</name><memory>1024</memory><os><type>hvm</type></os><devices>{devices}</devices></domain>";

    private static string Refusal(string devices) => Assert.Throws<VirException>(() => DomainDocument.Parse(Around(devices), Golden.DomainOptions())).Message;
}
