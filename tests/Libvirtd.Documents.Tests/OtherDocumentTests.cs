using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>Documents that upstream's test driver does not take, by what upstream's source says of them.</summary>
public sealed class OtherDocumentTests
{
    [Fact]
    public void Secret_prints_its_use()
    {
        SecretDocument secret = SecretDocument.Parse(
            "<secret private='yes'><usage type='ceph'><name>client.admin</name></usage><description>a &amp; b</description></secret>",
            new DocumentOptions { NewUuid = static () => new Guid("0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f") });
        Assert.Equal("""
            <secret ephemeral='no' private='yes'>
              <uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f</uuid>
              <description>a &amp; b</description>
              <usage type='ceph'>
                <name>client.admin</name>
              </usage>
            </secret>

            """, secret.Format());
        Assert.Equal(("ceph", "client.admin", true, false), (secret.UsageType, secret.UsageId, secret.IsPrivate, secret.IsEphemeral));
    }

    [Theory]
    [InlineData("<secret><usage type='volume'/></secret>", "internal error: volume usage specified, but volume path is missing")]
    [InlineData("<secret><usage type='x'/></secret>", "unsupported configuration: unknown secret usage type x")]
    [InlineData("<secret><usage/></secret>", "XML error: unknown secret usage type")]
    [InlineData("<secret ephemeral='x'/>", "XML error: invalid value of 'ephemeral'")]
    public void Broken_secrets_are_refused(string xml, string message) =>
        Assert.Equal(message, Assert.Throws<VirException>(() => SecretDocument.Parse(xml)).Message);

    [Fact]
    public void Filter_prints_rules_in_the_order_of_their_protocols_attributes()
    {
        NWFilterDocument filter = NWFilterDocument.Parse("""
            <filter name='f' chain='ipv4'>
              <uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f</uuid>
              <filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.1'/><parameter name='A' value='1'/></filterref>
              <rule action='accept' direction='in' statematch='false'><tcp dstportstart='22' srcipaddr='10.0.0.0' srcipmask='255.0.0.0' comment='c &lt;'/></rule>
              <rule action='drop' direction='inout' priority='-5'><mac match='no' srcmacaddr='$MAC' protocolid='ARP'/></rule>
              <rule action='return' direction='out'><all/></rule>
            </filter>
            """);
        Assert.Equal("""
            <filter name='f' chain='ipv4' priority='-700'>
              <uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f</uuid>
              <filterref filter='clean-traffic'>
                <parameter name='A' value='1'/>
                <parameter name='IP' value='10.0.0.1'/>
              </filterref>
              <rule action='accept' direction='in' priority='500' statematch='false'>
                <tcp srcipaddr='10.0.0.0' srcipmask='8' dstportstart='22' comment='c &lt;'/>
              </rule>
              <rule action='drop' direction='inout' priority='-5'>
                <mac match='no' srcmacaddr='$MAC' protocolid='arp'/>
              </rule>
              <rule action='return' direction='out' priority='500'>
                <all/>
              </rule>
            </filter>

            """, filter.Format());
        Assert.Equal(filter.Format(), NWFilterDocument.Parse(filter.Format()).Format());
        Assert.Equal(["clean-traffic"], filter.References);
    }

    [Fact]
    public void Binding_and_port_name_their_owners()
    {
        const string owner = "<owner><name>vm</name><uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f</uuid></owner>";
        NWFilterBindingDocument binding = NWFilterBindingDocument.Parse(
            $"<filterbinding>{owner}<portdev name='vnet0'/><mac address='52:54:00:7B:35:93'/><filterref filter='x'/></filterbinding>");
        Assert.Equal("""
            <filterbinding>
              <owner>
                <name>vm</name>
                <uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f</uuid>
              </owner>
              <portdev name='vnet0'/>
              <mac address='52:54:00:7b:35:93'/>
              <filterref filter='x'/>
            </filterbinding>

            """, binding.Format());
        NetworkPortDocument port = NetworkPortDocument.Parse(
            $"<networkport><uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d6e</uuid>{owner}<mac address='52:54:00:7b:35:93'/><plug type='bridge' bridge='br0'/></networkport>");
        Assert.Contains("  <plug type='bridge' bridge='br0'/>\n</networkport>\n", port.Format(), StringComparison.Ordinal);
        Assert.Equal("internal error: filter binding has no owner name",
            Assert.Throws<VirException>(() => NWFilterBindingDocument.Parse("<filterbinding><portdev name='a'/></filterbinding>")).Message);
    }

    [Fact]
    public void Backup_keeps_what_its_mode_knows()
    {
        BackupDocument pull = BackupDocument.Parse("""
            <domainbackup mode='pull'>
              <server name='localhost' port='10809'/>
              <disks><disk name='vda' type='file' exportname='a'><scratch file='/s'/></disk><disk name='vdb' backup='no'/></disks>
            </domainbackup>
            """);
        Assert.Equal("""
            <domainbackup mode='pull'>
              <server transport='tcp' name='localhost' port='10809'/>
              <disks>
                <disk name='vda' backup='yes' type='file' exportname='a'>
                  <scratch file='/s'/>
                </disk>
                <disk name='vdb' backup='no'/>
              </disks>
            </domainbackup>

            """, pull.Format());
        Assert.False(pull.IsPush);
    }

    [Fact]
    public void Cpu_of_a_host_has_an_architecture_and_no_mode()
    {
        CpuDocument host = CpuDocument.Parse("<cpu><arch>x86_64</arch><model>Westmere</model><vendor>Intel</vendor><feature name='aes'/></cpu>");
        Assert.Equal(("x86_64", "Westmere", null), (host.Architecture, host.Model, host.Mode));
        CpuDocument guest = CpuDocument.Parse("<cpu match='exact'><model>Westmere</model><feature policy='disable' name='aes'/></cpu>");
        Assert.Equal("custom", guest.Mode);
        Assert.Equal([("aes", "disable")], guest.Features);
        Assert.Equal(ErrorDomain.Cpu, Assert.Throws<VirException>(() => CpuDocument.Parse("<cpu><arch>x86_64</arch></cpu>")).Domain);
    }
}
