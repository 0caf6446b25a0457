using System.Text.RegularExpressions;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Impact = Libvirtd.Protocol.DomainModificationImpact;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Arguments that make little sense: whole errors and states as upstream's test driver has them.</summary>
public sealed class OddArgumentTests : IDisposable
{
    private const string Group = "<portgroup name='p'/>";

    private readonly string _folder = Directory.CreateTempSubdirectory("testdriver").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("a b")]
    [InlineData("a:b")]
    [InlineData("-")]
    public async Task Metadata_needs_a_prefix_that_XML_can_have(string key)
    {
        await using Hypervisor host = await OpenAsync();
        VirException bad = Assert.Throws<VirException>(() => Set(host, DomainMetadataType.Element, "<a/>", key));
        Assert.Equal((ErrorDomain.Xml, "internal error: failed to validate prefix for a new XML namespace"), (bad.Domain, bad.Message));
        Assert.DoesNotContain("metadata", host.DomainXml(host.Test), StringComparison.Ordinal);
        Assert.Empty(host.TakeEvents());
    }

    [Fact]
    public async Task Metadata_that_is_no_XML_is_the_domains_error()
    {
        await using Hypervisor host = await OpenAsync();
        VirException bad = Assert.Throws<VirException>(() => Set(host, DomainMetadataType.Element, "text", "k"));
        Assert.Equal((ErrorCode.XmlDetail, ErrorDomain.Domain), (bad.Code, bad.Domain));
    }

    [Fact]
    public async Task Negative_type_of_metadata_is_taken_and_never_there()
    {
        await using Hypervisor host = await OpenAsync();
        string before = host.DomainXml(host.Test);
        Set(host, (DomainMetadataType)(-1), "text", "k");
        Assert.Equal(before, host.DomainXml(host.Test));
        Assert.Equal(["test metadata -1 urn:x"], host.TakeEvents());
        Assert.Equal(ErrorCode.NoDomainMetadata, Fails(() => host.Domains.GetMetadata(Call, host.Test, (DomainMetadataType)(-1), "urn:x", Impact.Current)).Code);
        Assert.Equal("invalid argument: unknown metadata type '3'", Fails(() => Set(host, (DomainMetadataType)3, "text", "k")).Text);
    }

    [Theory]
    [InlineData(KeycodeSet.Linux, 265u, 266u, "linux")]
    [InlineData(KeycodeSet.Atset2, 131u, 2u, "atset2")]
    [InlineData(KeycodeSet.Qnum, 253u, uint.MaxValue, "qnum")]
    public async Task Keys_are_looked_up_in_their_set(KeycodeSet set, uint good, uint bad, string name)
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.SendKey(Call, host.Test, set, 0, [good], 0);
        Assert.Equal($"internal error: invalid keycode {bad} of {name} codeset", Fails(() => host.Domains.SendKey(Call, host.Test, set, 0, [good, bad], 0)).Text);
    }

    [Fact]
    public async Task Large_numbers_are_named_as_signed_ones()
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal("invalid argument: requested cpu amount exceeds maximum supported amount (-1 > 32)",
            Fails(() => host.Domains.SetVcpus(Call, host.Test, uint.MaxValue)).Text);
        Assert.Equal("argument unsupported: Unknown IP address data source -2",
            Fails(() => host.Domains.InterfaceAddresses(Call, host.Test, (DomainInterfaceAddressesSource)(-2), 0)).Text);
    }

    [Fact]
    public async Task Unknown_flags_are_named_with_those_that_only_we_know()
    {
        await using Hypervisor host = await OpenAsync();
        DomainSnapshotRef snapshot = host.Snap(host.Test, "s");
        Assert.Equal("unsupported flags (0x402) in function testDomainSnapshotDelete",
            Fails(() => host.Snapshots.Delete(Call, snapshot, (DomainSnapshotDeleteFlags)0x402)).Text);
        await host.Snapshots.Delete(Call, snapshot, DomainSnapshotDeleteFlags.MetadataOnly);
        Assert.Equal("unsupported flags (0x5) in function testDomainGetLaunchSecurityInfo",
            Fails(() => host.Domains.GetLaunchSecurityInfo(Call, host.Test, (TypedParameterFlags)1)).Text);
        Assert.Equal("unsupported flags (0x4) in function testDomainGetLaunchSecurityInfo",
            Fails(() => host.Domains.GetLaunchSecurityInfo(Call, host.Test, 0)).Text);
    }

    [Fact]
    public async Task Missing_threads_are_the_domains_error()
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal(ErrorDomain.Domain, Assert.Throws<VirException>(() => Wait(host.Domains.DelIothread(Call, host.Test, 4, Impact.Current))).Domain);
        await host.Domains.AddIothread(Call, host.Test, 4, Impact.Current);
        Assert.Equal(ErrorDomain.Domain, Assert.Throws<VirException>(() => Wait(host.Domains.AddIothread(Call, host.Test, 4, Impact.Current))).Domain);
    }

    [Fact]
    public async Task Numa_parameters_are_checked_in_the_order_in_which_they_came()
    {
        await using Hypervisor host = await OpenAsync();
        TypedParam mode = new("numa_mode", 99), nodes = new("numa_nodeset", "odd");
        Assert.Equal("invalid argument: unsupported numatune mode: '99'", Fails(() => host.Domains.SetNumaParameters(Call, host.Test, [mode, nodes], 0)).Text);
        Assert.Equal("invalid argument: Failed to parse bitmap 'odd'", Fails(() => host.Domains.SetNumaParameters(Call, host.Test, [nodes, mode], 0)).Text);
    }

    [Fact]
    public async Task Pins_are_told_in_the_order_of_the_processors()
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.PinVcpu(Call, host.Test, 1, [1]);
        await host.Domains.PinVcpu(Call, host.Test, 0, [2]);
        Assert.Equal(["0", "1"], Regex.Matches(host.DomainXml(host.Test), "vcpupin vcpu='(.)'").Select(static match => match.Groups[1].Value));
    }

    [Fact]
    public async Task Processor_that_is_pinned_to_none_runs_on_none_and_keeps_moments_from_being_made()
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.PinVcpu(Call, host.Test, 0, []);
        DomainGetVcpusRet processors = await host.Domains.GetVcpus(Call, host.Test, 1, 1);
        Assert.Equal((-1, (byte)0), (processors.Info[0].Cpu, processors.Cpumaps[0]));
        Assert.Equal("invalid argument: Failed to parse bitmap ''", Fails(() => host.Snap(host.Test, "s")).Text);
        Assert.Equal("invalid argument: Failed to parse bitmap ''", Fails(() => host.Checkpoint(host.Test, "c")).Text);
    }

    [Fact]
    public async Task Limits_that_are_taken_away_leave_their_element()
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.SetInterfaceParameters(Call, host.Test, "testnet0", [new TypedParam("inbound.average", 0u)], 0);
        Assert.Contains("      <bandwidth>\n      </bandwidth>\n", host.DomainXml(host.Test), StringComparison.Ordinal);
        Assert.DoesNotContain("bandwidth", await host.Snapshots.GetXmlDesc(Call, host.Snap(host.Test, "s"), 0), StringComparison.Ordinal);
        await host.Domains.SetBlockIoTune(Call, host.Test, "vda", [new TypedParam("group_name", "")], 0);
        Assert.Contains("<group_name></group_name>", host.DomainXml(host.Test), StringComparison.Ordinal);
        Assert.DoesNotContain("iotune", await host.Snapshots.GetXmlDesc(Call, host.Snap(host.Test, "t"), 0), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_is_no_file_to_save_to_or_to_restore_from()
    {
        await using Hypervisor host = await OpenAsync();
        VirException read = await Assert.ThrowsAsync<VirException>(async () => await host.Domains.Restore(Call, _folder));
        Assert.Equal((21, $"incomplete save header in '{_folder}': Is a directory"), (read.Int1, read.Message));
        VirException write = await Assert.ThrowsAsync<VirException>(async () => await host.Domains.Save(Call, host.Test, _folder));
        Assert.Equal((21, $"saving domain 'test' to '{_folder}': open failed: Is a directory"), (write.Int1, write.Message));
    }

    [Fact]
    public async Task Saved_domain_gets_its_interfaces_names_when_it_is_restored()
    {
        await using Hypervisor host = await OpenAsync();
        string image = Path.Combine(_folder, "image");
        await host.Domains.Save(Call, host.Test, image);
        await host.Domains.SaveImageDefineXml(Call, image, Xml("other", devices: "<interface type='user'/>"), DomainSaveRestoreFlags.None);
        Assert.DoesNotContain("testnet", await host.Domains.SaveImageGetXmlDesc(Call, image, DomainSaveImageXmlFlags.None), StringComparison.Ordinal);
        await host.Domains.Restore(Call, image);
        Assert.Contains("<target dev='testnet0'/>", host.DomainXml(host.Find("other")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Second_watchdog_is_one_too_many()
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal("internal error: only a single watchdog device is supported",
            Fails(() => host.Define("dogs", devices: "<watchdog model='i6300esb'/><watchdog model='i6300esb'/>")).Text);
    }

    [Fact]
    public async Task Interface_without_an_address_has_any()
    {
        StorageHost host = new();
        await host.Interfaces.DefineXml(host.Call,
            "<interface type='bridge' name='br1'><start mode='none'/><bridge><interface type='ethernet' name='eth9'/></bridge></interface>", 0);
        Assert.Equal(("br1", "00:11:22:33:44:55"), await Name("00:11:22:33:44:55"));
        await StorageHost.Fails(ErrorCode.MultipleInterfaces, "multiple matching interfaces found", () => host.Interfaces.LookupByMacString(host.Call, "aa:bb:cc:dd:ee:ff"));

        async Task<(string, string)> Name(string mac)
        {
            InterfaceRef found = await host.Interfaces.LookupByMacString(host.Call, mac);
            return (found.Name, found.Mac);
        }
    }

    [Theory]
    [InlineData("<capacity>9223372036854775808</capacity>", ErrorCode.Overflow, "numerical overflow: value too large: 9223372036854775808")]
    [InlineData("<allocation>9223372036854775808</allocation><target><format type='odd'/></target>", ErrorCode.XmlError, "XML error: missing capacity element")]
    [InlineData("<target><format type='odd'/></target>", ErrorCode.XmlError, "XML error: missing capacity element")]
    public Task Volume_of_no_size_or_of_too_much_is_refused(string parts, ErrorCode code, string text)
    {
        StorageHost host = new();
        return StorageHost.Fails(code, text, () => host.Volumes.CreateXml(host.Call, host.DefaultPool, $"<volume><name>v</name>{parts}</volume>", 0));
    }

    [Fact]
    public Task Volume_without_a_name_is_told_before_its_size()
    {
        StorageHost host = new();
        return StorageHost.Fails(ErrorCode.XmlError, "XML error: missing volume name element",
            () => host.Volumes.CreateXml(host.Call, host.DefaultPool, "<volume><capacity>-1</capacity></volume>", 0));
    }

    [Fact]
    public async Task Source_of_a_pool_of_no_type_is_read_first()
    {
        StorageHost host = new();
        await StorageHost.Fails(ErrorCode.InternalError, "internal error: missing backend for pool type -1",
            () => host.Pools.FindStoragePoolSources(host.Call, "odd", "<source/>", 0));
        await StorageHost.Fails(ErrorCode.XmlError, "XML error: expecting root element of 'source', not 'x'",
            () => host.Pools.FindStoragePoolSources(host.Call, "odd", "<x/>", 0));
    }

    [Theory]
    [InlineData(NetworkUpdateSection.DnsHost, "<host ip='10.1.0.9'/>", ErrorCode.XmlDetail, "Missing hostname in network 'default' DNS HOST record")]
    [InlineData(NetworkUpdateSection.DnsHost, "<host ip='x'><hostname>h</hostname></host>", ErrorCode.XmlDetail, "Invalid IP address in network 'default' DNS HOST record")]
    [InlineData(NetworkUpdateSection.IpDhcpRange, "<range start='10.1.0.2' end='10.1.0.3'/>", ErrorCode.InternalError,
        "internal error: range 10.1.0.2 - 10.1.0.3 is not entirely within network 192.168.122.1/24")]
    public async Task Part_of_a_network_is_checked_before_the_command(NetworkUpdateSection section, string xml, ErrorCode code, string text)
    {
        StorageHost host = new();
        NetworkRef network = await host.Networks.LookupByName(host.Call, "default");
        await StorageHost.Fails(code, text, () => host.Networks.Update(host.Call, network, NetworkUpdateCommand.AddLast, section, -1, xml, 0));
    }

    [Fact]
    public async Task Network_that_forwards_nothing_shows_no_interface_to_forward_to()
    {
        StorageHost host = new();
        NetworkRef network = await host.Networks.DefineXml(host.Call, "<network><name>alone</name></network>");
        string before = await host.Networks.GetXmlDesc(host.Call, network, 0);
        await host.Networks.Update(host.Call, network, NetworkUpdateCommand.AddLast, NetworkUpdateSection.ForwardInterface, -1, "<interface dev='eth1'/>", 0);
        Assert.Equal(before, await host.Networks.GetXmlDesc(host.Call, network, 0));
    }

    [Fact]
    public async Task Configuration_of_an_active_network_is_its_own_from_its_first_change_on()
    {
        StorageHost host = new();
        NetworkRef network = await host.Networks.LookupByName(host.Call, "default");
        await Add(NetworkUpdateFlags.Live);
        await StorageHost.Fails(ErrorCode.OperationInvalid, "Requested operation is not valid: there is an existing portgroup entry in network 'default' "
            + "that matches \"<portgroup name='p'>\"", () => Add(NetworkUpdateFlags.Config));
        await host.Networks.Update(host.Call, network, NetworkUpdateCommand.Delete, NetworkUpdateSection.Portgroup, -1, Group, NetworkUpdateFlags.Config);
        await host.Networks.Destroy(host.Call, network);
        await Add(NetworkUpdateFlags.Config);
        await host.Networks.Create(host.Call, network);
        await Add(NetworkUpdateFlags.Config);

        ValueTask Add(NetworkUpdateFlags flags) =>
            host.Networks.Update(host.Call, network, NetworkUpdateCommand.AddLast, NetworkUpdateSection.Portgroup, -1, Group, flags);
    }

    private static void Set(Hypervisor host, DomainMetadataType type, string text, string key) =>
        Wait(host.Domains.SetMetadata(Call, host.Test, type, text, key, "urn:x", Impact.Current));

    private static void Wait(ValueTask done) => done.AsTask().GetAwaiter().GetResult();
}
