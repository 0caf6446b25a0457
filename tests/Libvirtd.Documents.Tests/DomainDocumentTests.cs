using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

public sealed class DomainDocumentTests
{
    private const string Minimal = "<domain type='test'><name>a</name><uuid>a75aca4b-a02f-2bcb-4a91-c93cd848c34b</uuid><memory>1024</memory><os><type>hvm</type></os>";

    [Fact]
    public void Accessors_read_the_document()
    {
        DomainDocument domain = DomainDocument.Parse(Golden.Input("domain", "virt-install"), Golden.DomainOptions());
        Assert.Equal("vm1", domain.Name);
        Assert.Equal(new Guid("a75aca4b-a02f-2bcb-4a91-c93cd848c34b"), domain.Uuid);
        Assert.Equal(("hvm", "x86_64", "test"), (domain.OsType, domain.Architecture, domain.VirtType));
        Assert.Equal((2097152ul, 2097152ul, 2u, 2u), (domain.MaxMemoryKiB, domain.CurrentMemoryKiB, domain.MaxVcpus, domain.Vcpus));
        Assert.Equal([("vda", "/var/lib/libvirt/images/f36.qcow2"), ("sda", null)], domain.Disks.Select(static disk => (disk.Target, disk.Source)));
        DomainInterface one = Assert.Single(domain.Interfaces);
        Assert.Equal(("network", "52:54:00:0a:0b:0c", "default", "virtio"), (one.Type, one.Mac, one.Source, one.Model));
        Assert.Null(domain.Id);
    }

    [Fact]
    public void Edits_make_copies_and_keep_libvirts_order()
    {
        DomainDocument domain = DomainDocument.Parse(Minimal + "</domain>");
        DomainDocument changed = domain.WithDescription("d").WithTitle("t").WithVcpus(1, 3).WithCurrentMemory(512).WithName("b");
        string text = changed.Format();
        Assert.Contains("<name>b</name>\n  <uuid>a75aca4b-a02f-2bcb-4a91-c93cd848c34b</uuid>\n  <title>t</title>\n  <description>d</description>\n  <memory",
            text, StringComparison.Ordinal);
        Assert.Contains("<currentMemory unit='KiB'>512</currentMemory>\n  <vcpu placement='static' current='1'>3</vcpu>", text, StringComparison.Ordinal);
        Assert.Equal("a", domain.Name);
        Assert.Throws<InvalidOperationException>(() => domain.Root["type"] = "kvm");
        Assert.Equal(text, DomainDocument.Parse(text).Format());
    }

    [Fact]
    public void The_id_is_printed_for_a_running_domain_alone()
    {
        DomainDocument domain = DomainDocument.Parse(Minimal + "</domain>");
        Assert.StartsWith("<domain type='test' id='7'>\n", domain.Format(FormatFlags.None, 7), StringComparison.Ordinal);
        Assert.StartsWith("<domain type='test'>\n", domain.Format(FormatFlags.Inactive, 7), StringComparison.Ordinal);
        Assert.StartsWith("<domain type='test'>\n", domain.Format(FormatFlags.None, null), StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_are_printed_for_those_who_may_see_them()
    {
        DomainDocument domain = DomainDocument.Parse(Minimal + "<devices><graphics type='vnc' passwd='s3cret'/></devices></domain>");
        Assert.Contains(" passwd='s3cret'", domain.Format(FormatFlags.Secure), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", domain.Format(), StringComparison.Ordinal);
    }

    /// <summary>As <c>virsh metadata</c> does to a domain of upstream's test driver.</summary>
    [Fact]
    public void Metadata_is_set_read_and_removed_by_namespace()
    {
        DomainDocument domain = DomainDocument.Parse(Minimal + "</domain>")
            .WithMetadata("urn:a", "a", "<x b=\"1\"><y/> t</x>")
            .WithMetadata("urn:b", "bb", "<q:z xmlns:q=\"urn:q\"><w>1</w></q:z>")
            .WithMetadata("urn:c", "cc", "<k xmlns=\"urn:c\"/>");
        const string expected = """
              <metadata>
                <a:x xmlns:a="urn:a" b="1"><a:y/> t</a:x>
                <q:z xmlns:q="urn:q" xmlns:bb="urn:b">
                  <bb:w>1</bb:w>
                </q:z>
                <k xmlns="urn:c" xmlns:cc="urn:c"/>
              </metadata>

            """;
        Assert.Contains(expected, domain.Format(), StringComparison.Ordinal);
        Assert.Equal("<x b=\"1\"><y/> t</x>", domain.Metadata("urn:a"));
        Assert.Null(domain.Metadata("urn:b"));
        Assert.Null(domain.WithMetadata("urn:a", null, null).Metadata("urn:a"));
    }

    [Fact]
    public void Devices_are_attached_found_and_detached()
    {
        DomainDocument domain = DomainDocument.Parse(Minimal + "</domain>");
        Node disk = DomainDocument.ParseDevice("<disk type='file'><source file='/x'/><target dev='sdb'/></disk>");
        DomainDocument more = domain.WithDevice(disk);
        Assert.Equal(["disk", "controller"], more.Devices.Select(static device => device.Name));
        Assert.Equal("1", more.Devices[0].Child("address")!["unit"]);
        Node found = more.FindDevice(disk)!;
        Assert.Same(more.Devices[0], found);
        Assert.Empty(more.WithoutDevice(found).Disks);
        Assert.Equal("XML error: target 'sdb' duplicated for disk sources '/x' and '/x'", Assert.Throws<VirException>(() => more.WithDevice(disk)).Message);
        Assert.Equal("XML error: unknown device type 'moon'", Assert.Throws<VirException>(() => DomainDocument.ParseDevice("<moon/>")).Message);
    }

    [Fact]
    public void A_driver_keeps_its_own_namespace()
    {
        const string uri = "http://libvirt.org/schemas/domain/qemu/1.0";
        string xml = $"<domain type='kvm' xmlns:q='{uri}'><name>a</name><memory>1024</memory><os><type>hvm</type></os>"
            + "<q:commandline><q:arg value='-x'/></q:commandline></domain>";
        string text = DomainDocument.Parse(xml, new DomainParseOptions { NamespaceFormat = new Dictionary<string, string> { ["qemu"] = uri } }).Format();
        Assert.StartsWith($"<domain type='kvm' xmlns:qemu='{uri}'>\n", text, StringComparison.Ordinal);
        Assert.EndsWith("  <qemu:commandline>\n    <qemu:arg value='-x'/>\n  </qemu:commandline>\n</domain>\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("qemu", DomainDocument.Parse(xml).Format(), StringComparison.Ordinal);
    }
}
