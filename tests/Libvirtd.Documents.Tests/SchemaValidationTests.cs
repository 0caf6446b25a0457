using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>Documents whose callers ask for validation keep to libvirt's published schemas, and what does not is named.</summary>
public sealed class SchemaValidationTests
{
    private const string Extra = "Extra element devices in interleave\nElement domain failed to validate content\n";

    [Theory]
    [InlineData("<foo/>", "Element domain has extra content: foo\nAt /domain: element domain holds no element foo\n")]
    [InlineData("<devices><foo/></devices>", Extra + "At /domain/devices: element devices holds no element foo\n")]
    [InlineData("<devices><hub type='usb'/><hub type='usb' foo='1'/></devices>", Extra + "At /domain/devices/hub[2]: element hub has no attribute foo\n")]
    [InlineData("<devices><hub type='pci'/></devices>", Extra + "At /domain/devices/hub: the value 'pci' of attribute type is invalid: expected is 'usb'\n")]
    [InlineData("<devices><hub/></devices>", Extra + "At /domain/devices/hub: element hub lacks the attribute type\n")]
    [InlineData("<devices><disk><source file='/a'/></disk></devices>", Extra + "At /domain/devices/disk: element disk lacks the element target\n")]
    [InlineData("<devices><disk><target dev='vda'/><target dev='vda'/></disk></devices>", Extra
        + "At /domain/devices/disk: the element target is there already, stands in the wrong place, or does not go with the others in disk\n")]
    [InlineData("<devices><hub type='usb'>words</hub></devices>", Extra + "At /domain/devices/hub: element hub holds no text\n")]
    [InlineData("<vcpu>many</vcpu>", "Extra element vcpu in interleave\nElement domain failed to validate content\n"
        + "At /domain/vcpu: the value 'many' of element vcpu is invalid: expected is a number from 1 to 65535\n")]
    [InlineData("<vcpu/>", "Extra element vcpu in interleave\nElement domain failed to validate content\n"
        + "At /domain/vcpu: element vcpu lacks its value: expected is a number from 1 to 65535\n")]
    public void Fault_is_named_with_the_way_to_it(string rest, string message)
    {
        string xml = $"<domain type='test'><name>a</name><memory>1024</memory><os><type>hvm</type></os>{rest}</domain>";
        VirException error = Fails(() => DomainDocument.Parse(xml, new DomainParseOptions { Validate = true }));
        Assert.Equal((ErrorCode.XmlInvalidSchema, ErrorDomain.Xml), (error.Code, error.Domain));
        Assert.Equal("XML document failed to validate against schema: Unable to validate doc against /usr/share/libvirt/schemas/domain.rng\n" + message, error.Message);
    }

    [Fact]
    public void Element_that_is_missing_in_a_fixed_order_is_named()
    {
        VirException error = Fails(() => NodeDeviceDocument.ParseNew("<device><parent>p</parent></device>", new DocumentOptions { Validate = true }));
        Assert.EndsWith("\nAt /device: element device lacks the element name before parent\n", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_schema_does_not_know_is_dropped_when_nobody_asks()
    {
        DomainDocument document = DomainDocument.Parse("<domain type='test'><name>a</name><memory>1024</memory><os><type>hvm</type></os><foo/></domain>");
        Assert.DoesNotContain("foo", document.Format(), StringComparison.Ordinal);
    }

    [Fact]
    public void Valid_domains_pass()
    {
        // "disks" has a serial number that libvirt prints though its schema does not allow it, and the schemas are those of 9.0.
        foreach (string name in Golden.Names("domain").Where(static name =>
            !name.StartsWith("error-", StringComparison.Ordinal) && !name.StartsWith("newer-", StringComparison.Ordinal) && name is not ("metadata" or "disks")))
        {
            string printed = Golden.Print("domain", Golden.Input("domain", name));
            Exception? error = Record.Exception(() => DomainDocument.Parse(printed, new DomainParseOptions { Validate = true }));
            Assert.True(error is null, $"{name}: {error?.Message}");
        }
    }

    [Fact]
    public void Backup_and_checkpoint_are_validated_unasked()
    {
        Assert.Equal(ErrorCode.XmlInvalidSchema, Fails(() => BackupDocument.Parse("<domainbackup mode='both'/>")).Code);
        Assert.Equal(ErrorCode.XmlInvalidSchema, Fails(() => DomainCheckpointDocument.Parse("<domaincheckpoint><name>a/b</name></domaincheckpoint>")).Code);
    }

    [Fact]
    public void Elements_of_a_driver_are_known_by_their_namespace()
    {
        const string head = "<domain type='kvm' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><name>a</name><memory>1024</memory><os><type>hvm</type></os>";
        DomainParseOptions options = new() { Validate = true };
        DomainDocument.Parse(head + "<q:commandline><q:arg value='-x'/></q:commandline></domain>", options);
        Assert.EndsWith("At /domain/q:commandline: element q:commandline holds no element q:foo\n",
            Fails(() => DomainDocument.Parse(head + "<q:commandline><q:foo/></q:commandline></domain>", options)).Message, StringComparison.Ordinal);
        Assert.Contains("holds no element commandline\n", Fails(() => DomainDocument.Parse(head + "<commandline/></domain>", options)).Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task Chain_of_images_that_takes_libxml2_forever_is_validated_at_once()
    {
        string chain = "<backingStore/>";
        for (int i = 0; i < 100; i++)
            chain = $"<backingStore type='file'><format type='qcow2'/><source file='/{i}'/>{chain}</backingStore>";
        string disks = string.Concat(Enumerable.Range(0, 26).Select(i => $"<disk><source file='/a'/>{chain}<target dev='sd{(char)('a' + i)}'/></disk>"));
        string xml = $"<domain type='test'><name>a</name><memory>1024</memory><os><type>hvm</type></os><devices>{disks}</devices></domain>";
        await Task.Run(() => DomainDocument.Parse(xml, new DomainParseOptions { Validate = true }), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Document_of_another_kind_is_refused()
    {
        VirException error = Fails(() => CpuDocument.Parse("<domain/>", new DocumentOptions { Validate = true }));
        Assert.EndsWith("cpu.rng\nExpecting element cpu, got domain\nAt /domain: expected is cpu\n", error.Message, StringComparison.Ordinal);
    }

    private static VirException Fails(Action parse) => Assert.Throws<VirException>(parse);
}
