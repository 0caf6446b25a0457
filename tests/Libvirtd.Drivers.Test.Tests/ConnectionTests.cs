using System.Text;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class ConnectionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("testdriver").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_default_host_is_shared_and_dies_with_its_last_connection()
    {
        TestDriver driver = new();
        Hypervisor first = await OpenAsync(driver);
        Hypervisor second = await OpenAsync(driver);
        first.Define("guest");
        Assert.Equal(["guest Defined 0"], second.TakeEvents());
        await first.DisposeAsync();
        await first.DisposeAsync();
        Assert.Equal("guest", second.Find("guest").Name);
        await second.DisposeAsync();
        await using Hypervisor third = await OpenAsync(driver);
        Assert.Equal(ErrorCode.NoDomain, Fails(() => third.Find("guest")).Code);
    }

    [Fact]
    public async Task Guests_of_shared_hosts_are_counted_by_state()
    {
        TestDriver driver = new();
        Assert.Empty(driver.CountGuests());
        await using Hypervisor host = await OpenAsync(driver);
        host.Define("one");
        host.Define("two");
        Assert.Equal([new(DomainState.Running, 1), new(DomainState.Shutoff, 2)], driver.CountGuests().OrderBy(count => count.State));
    }

    [Theory]
    [InlineData("test:///")]
    [InlineData("test://")]
    public async Task A_uri_without_a_path_is_refused(string uri)
    {
        VirException e = await Assert.ThrowsAsync<VirException>(() => OpenAsync(uri: uri));
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: testOpen: supply a path or use test:///default"), (e.Code, e.Message));
    }

    [Fact]
    public async Task A_query_is_tolerated()
    {
        await using Hypervisor host = await OpenAsync(uri: "test:///default?clock=virtual");
        Assert.Equal("test:///default?clock=virtual", await host.Connect.GetUri(Call));
    }

    [Theory]
    [InlineData("qemu:///system")]
    [InlineData("test://elsewhere/default")]
    public async Task Another_scheme_or_server_is_for_another_driver(string uri)
    {
        ConnectRequest request = new(uri, ConnectUri.Parse(uri), false, ClientIdentity.Unknown);
        Assert.Null(await new TestDriver().OpenAsync(request, Call.Cancellation));
    }

    [Fact]
    public async Task A_missing_file_and_a_file_that_is_no_xml_are_named()
    {
        VirException missing = await Assert.ThrowsAsync<VirException>(() => OpenAsync(uri: $"test://{_folder}/none.xml"));
        Assert.Equal((ErrorCode.XmlError, $"XML error: failed to parse xml document '{_folder}/none.xml'"), (missing.Code, missing.Message));
        VirException folder = await Assert.ThrowsAsync<VirException>(() => OpenAsync(uri: $"test://{_folder}"));
        Assert.Equal((ErrorCode.XmlDetail, $"{_folder}:1: Document is empty\n(null)\n^"), (folder.Code, folder.Message));
        string path = Write("bad.xml", "hello");
        VirException bad = await Assert.ThrowsAsync<VirException>(() => OpenAsync(uri: $"test://{path}"));
        Assert.Equal(ErrorCode.XmlDetail, bad.Code);
        Assert.StartsWith($"{path}:1: Start tag expected, '<' not found", bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_says_what_its_host_is_like()
    {
        Write("far.xml", Xml("far"));
        string uri = "test://" + Write("host.xml", $"""
            <node>
              <cpu><mhz>100</mhz><model>i8080</model><nodes>1</nodes><sockets>1</sockets><cores>4</cores><threads>1</threads><active>3</active></cpu>
              <memory>4096</memory>
              <domain file='far.xml'/>
              {Extended("off", "<test:runstate>5</test:runstate>")}
              {Extended("paused", "<test:runstate>3</test:runstate><test:transient/>")}
              {Extended("saved", "<test:runstate>5</test:runstate><test:hasmanagedsave/>")}
            </node>
            """);
        await using Hypervisor host = await OpenAsync(uri: uri);
        await using Hypervisor other = await OpenAsync(uri: uri);
        NodeGetInfoRet info = await host.Connect.NodeGetInfo(Call);
        Assert.Equal(("i8080", 4096ul, 3, 100), (Encoding.UTF8.GetString(info.Model).TrimEnd('\0'), info.Memory, info.Cpus, info.Mhz));
        DomainRef[] all = await host.Domains.ListAllDomains(Call, ConnectListAllDomainsFlags.None);
        Assert.Equal(["far Running", "off Shutoff", "paused Paused", "saved Shutoff"], all.Select(one => $"{one.Name} {host.State(one).State}"));
        Assert.False(await host.Domains.IsPersistent(Call, host.Find("paused")));
        Assert.True(await host.Domains.HasManagedSaveImage(Call, host.Find("saved"), 0));
        await host.Domains.Destroy(Call, host.Find("far"));
        Assert.Equal(DomainState.Running, other.State(other.Find("far")).State);
        Assert.Equal("invalid argument: Range exceeds available cells", Fails(() => host.Connect.NodeGetCellsFreeMemory(Call, 0, 8)).Text);
    }

    [Theory]
    [InlineData("<test:runstate>9</test:runstate>", "XML error: runstate '9' out of range'")]
    [InlineData("<test:runstate>x</test:runstate>", "XML error: invalid runstate")]
    [InlineData("<test:runstate>5</test:runstate><test:transient/>", "XML error: transient domain cannot have runstate 'shutoff'")]
    [InlineData("<test:hasmanagedsave/>", "XML error: domain with managedsave data can only have runstate 'shutoff'")]
    public async Task Bad_states_in_a_file_are_named(string state, string error)
    {
        string path = Write("host.xml", $"<node>{Extended("one", state)}</node>");
        VirException e = await Assert.ThrowsAsync<VirException>(() => OpenAsync(uri: "test://" + path));
        Assert.Equal(error, e.Message);
    }

    [Fact]
    public async Task A_file_holds_snapshots_in_any_order()
    {
        string uri = "test://" + Write("host.xml", $"""
            <node>{Extended("one", Snapshot("child", "parent", 1) + Snapshot("parent", null, 0))}</node>
            """);
        await using Hypervisor host = await OpenAsync(uri: uri);
        DomainRef one = host.Find("one");
        Assert.Equal(["parent", "child"], host.SnapshotNames(one, DomainSnapshotListFlags.Topological));
        Assert.Equal("child", (await host.Snapshots.Current(Call, one, 0)).Name);
        Write("host.xml", $"<node>{Extended("one", Snapshot("child", "parent", 1))}</node>");
        VirException e = await Assert.ThrowsAsync<VirException>(() => OpenAsync(uri: uri));
        Assert.Equal("internal error: Snapshots have inconsistent relations for domain one", e.Message);
    }

    [Fact]
    public async Task The_default_machine_is_upstreams()
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal("TEST", await host.Connect.GetType(Call));
        Assert.Equal(2ul, await host.Connect.GetVersion(Call));
        Assert.Equal(32, await host.Connect.GetMaxVcpus(Call, null));
        NodeGetInfoRet info = await host.Connect.NodeGetInfo(Call);
        Assert.Equal((3145728ul, 16, 1400, 2, 2, 2, 2), (info.Memory, info.Cpus, info.Mhz, info.Nodes, info.Sockets, info.Cores, info.Threads));
        Assert.Equal(32, info.Model.Length);
        ulong[] cells = await host.Connect.NodeGetCellsFreeMemory(Call, 0, 8);
        Assert.Equal("2097152 4194304", string.Join(' ', cells));
        Assert.Equal(3145728ul, await host.Connect.NodeGetFreeMemory(Call));
        string capabilities = await host.Connect.GetCapabilities(Call);
        Assert.Contains("            <cpu id='15' socket_id='1' die_id='0' core_id='7' siblings='15'/>\n          </cpus>\n", capabilities, StringComparison.Ordinal);
        Assert.EndsWith("    </features>\n  </guest>\n\n</capabilities>\n", capabilities, StringComparison.Ordinal);
    }

    private static string Extended(string name, string extension) => Xml(name, null, extension)
        .Replace("<domain ", "<domain xmlns:test='http://libvirt.org/schemas/domain/test/1.0' ", StringComparison.Ordinal);

    private static string Snapshot(string name, string? parent, int active) =>
        $"""
        <test:domainsnapshot><name>{name}</name>{(parent is null ? "" : $"<parent><name>{parent}</name></parent>")}
        <state>running</state><creationTime>1</creationTime><active>{active}</active></test:domainsnapshot>
        """;

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
