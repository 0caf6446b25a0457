using System.Text;
using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

public sealed class TestDocumentTests
{
    [Fact]
    public void Default_host_is_upstreams()
    {
        TestDocument host = TestDocument.Default();
        TestDomain domain = Assert.Single(host.Domains);
        StringBuilder text = new();
        text.Append(domain.Document.Format(FormatFlags.None, 1));
        text.Append(Assert.Single(host.Networks).Format());
        text.Append(Assert.Single(host.Pools).Document.Format());
        text.Append(Assert.Single(host.Interfaces).Format());
        foreach (string name in (string[])["computer", "scsi_host1", "scsi_host2", "scsi_host11"])
            text.Append(host.Devices.Single(device => device.Name == name).Format());
        text.Append(host.Capabilities.Format());
        Assert.Equal(Golden.Text("test/default.out.txt"), text.ToString());
        Assert.Equal((1, false, false), (domain.RunState, domain.IsTransient, domain.HasManagedSave));
        Assert.Equal((16u, 3145728ul, 1400u), (host.Node.Cpus, host.Node.MemoryKiB, host.Node.Mhz));
        Assert.Equal(["scsi_host", "fc_host", "vport_ops"], host.Devices.Single(static device => device.Name == "scsi_host1").Capabilities);
    }

    [Fact]
    public void Host_is_read_from_a_file_and_the_files_that_it_names()
    {
        Dictionary<string, string> files = new()
        {
            ["/hosts/node.xml"] = """
                <node>
                  <cpu><mhz>6000</mhz><model>i986</model><active>50</active><nodes>4</nodes><sockets>4</sockets><cores>4</cores><threads>2</threads></cpu>
                  <memory>8192000</memory>
                  <auth><user password="secret">astrochicken</user><user>bob</user></auth>
                  <domain file="dom.xml"/>
                  <domain type="test" xmlns:test="http://libvirt.org/schemas/domain/test/1.0">
                    <name>off</name><memory>1024</memory><os><type>hvm</type></os>
                    <test:runstate>5</test:runstate><test:hasmanagedsave/><test:domainsnapshot file="snap.xml"/>
                  </domain>
                  <network><name>net</name></network>
                  <interface type="ethernet" name="eth9"/>
                  <pool type="dir"><name>p</name><target><path>/p</path></target>
                    <volume><name>one</name><capacity>1000</capacity><allocation>50</allocation></volume>
                    <volume file="/abs/vol.xml"/>
                  </pool>
                  <device><name>d</name><capability type="drm"><type>render</type></capability></device>
                </node>
                """,
            ["/hosts/dom.xml"] = "<domain type='test'><name>d1</name><memory>2048</memory><os><type>hvm</type></os></domain>",
            ["/hosts/snap.xml"] = "<domainsnapshot><name>s</name><state>shutoff</state><creationTime>7</creationTime><active>1</active></domainsnapshot>",
            ["/abs/vol.xml"] = "<volume><name>two</name><capacity>10</capacity></volume>",
        };
        TestDocument host = TestDocument.Load("/hosts/node.xml", new TestParseOptions { ReadFile = path => files[path] });
        Assert.Equal(("i986", 50u, 6000u, 8192000ul), (host.Node.Model, host.Node.Cpus, host.Node.Mhz, host.Node.MemoryKiB));
        Assert.Equal([("d1", 1), ("off", 5)], host.Domains.Select(static domain => (domain.Document.Name, domain.RunState)));
        Assert.True(host.Domains[1].HasManagedSave);
        DomainSnapshotDocument snapshot = Assert.Single(host.Domains[1].Snapshots);
        Assert.Equal(("s", "shutoff", 7L, true), (snapshot.Name, snapshot.State, snapshot.CreationTime, snapshot.IsCurrent));
        TestPool pool = Assert.Single(host.Pools);
        Assert.Equal(["/p/one", "/p/two"], pool.Volumes.Select(static volume => volume.Key));
        Assert.Equal(60ul, pool.Document.Allocation);
        Assert.Equal(TestDocument.PoolCapacity - 60, pool.Document.Available);
        Assert.Equal([new TestUser("astrochicken", "secret"), new TestUser("bob", null)], host.Users);
        Assert.Contains("    <topology>\n      <cells num='0'>\n      </cells>\n    </topology>\n", host.Capabilities.Format(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<test:transient/><test:runstate>5</test:runstate>", "XML error: transient domain cannot have runstate 'shutoff'")]
    [InlineData("<test:hasmanagedsave/>", "XML error: domain with managedsave data can only have runstate 'shutoff'")]
    [InlineData("<test:runstate>9</test:runstate>", "XML error: runstate '9' out of range'")]
    public void Impossible_states_are_refused(string parts, string message)
    {
        string xml = "<node><domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>a</name><memory>1</memory>"
            + $"<os><type>hvm</type></os>{parts}</domain></node>";
        Assert.Equal(message, Assert.Throws<VirException>(() => TestDocument.Parse(xml, "host.xml")).Message);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_xml_error()
    {
        VirException error = Assert.Throws<VirException>(() => TestDocument.Load("/nowhere/host.xml"));
        Assert.Equal(ErrorDomain.Xml, error.Domain);
    }
}
