using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class NetworkTests
{
    private readonly StorageHost _host = new();

    [Fact]
    public async Task The_default_network_prints_as_upstream_prints_it()
    {
        NetworkRef network = await _host.Networks.LookupByName(_host.Call, "default");
        Assert.Equal("""
            <network>
              <name>default</name>
              <uuid>dd8fe884-6c02-601e-7551-cca97df1c5df</uuid>
              <forward mode='nat'/>
              <bridge name='virbr0' stp='on' delay='0'/>
              <ip address='192.168.122.1' netmask='255.255.255.0'>
                <dhcp>
                  <range start='192.168.122.2' end='192.168.122.254'/>
                </dhcp>
              </ip>
            </network>

            """, await _host.Networks.GetXmlDesc(_host.Call, network, 0));
        Assert.Equal("virbr0", await _host.Networks.GetBridgeName(_host.Call, network));
    }

    [Fact]
    public async Task A_network_lives_and_dies_with_events()
    {
        NetworkRef network = await _host.Networks.DefineXml(_host.Call, "<network><name>n</name></network>");
        Assert.Equal(["n"], await _host.Networks.ListDefinedNetworks(_host.Call));
        await StorageHost.Fails(ErrorCode.InternalError, "internal error: network 'n' does not have a bridge name.",
            () => _host.Networks.GetBridgeName(_host.Call, network));
        await _host.Networks.Create(_host.Call, network);
        await StorageHost.Fails(ErrorCode.OperationInvalid, "Requested operation is not valid: Network 'n' is already running",
            () => _host.Networks.Create(_host.Call, network));
        await StorageHost.Fails(ErrorCode.OperationInvalid, "Requested operation is not valid: Network 'n' is still running",
            () => _host.Networks.Undefine(_host.Call, network));
        await _host.Networks.Destroy(_host.Call, network);
        await _host.Networks.Undefine(_host.Call, network);
        NetworkRef transient = await _host.Networks.CreateXml(_host.Call, "<network><name>t</name></network>");
        Assert.False(await _host.Networks.IsPersistent(_host.Call, transient));
        await _host.Networks.Destroy(_host.Call, transient);
        Assert.Equal(["net n Defined", "net n Started", "net n Stopped", "net n Undefined", "net t Started", "net t Stopped"], _host.Raised);
        await StorageHost.Fails(ErrorCode.NoNetwork, $"Network not found: no network with matching uuid '{transient.Uuid:D}'",
            () => _host.Networks.LookupByUuid(_host.Call, transient.Uuid));
    }

    [Fact]
    public async Task A_name_or_a_uuid_belongs_to_one_network()
    {
        await StorageHost.Fails(ErrorCode.OperationFailed,
            "operation failed: network 'default' already exists with uuid dd8fe884-6c02-601e-7551-cca97df1c5df",
            () => _host.Networks.DefineXml(_host.Call, "<network><name>default</name></network>"));
        await StorageHost.Fails(ErrorCode.OperationFailed,
            "operation failed: network 'default' is already defined with uuid dd8fe884-6c02-601e-7551-cca97df1c5df",
            () => _host.Networks.DefineXml(_host.Call, "<network><name>x</name><uuid>dd8fe884-6c02-601e-7551-cca97df1c5df</uuid></network>"));
        await StorageHost.Fails(ErrorCode.OperationInvalid, "Requested operation is not valid: network is already active as 'default'",
            () => _host.Networks.CreateXml(_host.Call, StorageHost.Network));
    }

    [Theory]
    [InlineData(NetworkUpdateSection.IpDhcpHost, "<host mac='52:54:00:00:00:01' ip='192.168.122.45'/>")]
    [InlineData(NetworkUpdateSection.IpDhcpRange, "<range start='192.168.122.3' end='192.168.122.4'/>")]
    [InlineData(NetworkUpdateSection.Portgroup, "<portgroup name='x'>\n  </portgroup>")]
    [InlineData(NetworkUpdateSection.DnsTxt, "<txt name='a' value='b'/>")]
    [InlineData(NetworkUpdateSection.DnsSrv, "<srv service='a' protocol='tcp'/>")]
    [InlineData(NetworkUpdateSection.DnsHost, "<host ip='10.0.0.1'>\n      <hostname>a</hostname>\n    </host>")]
    public async Task A_part_is_added_and_removed(NetworkUpdateSection section, string xml)
    {
        NetworkRef network = await _host.Networks.LookupByName(_host.Call, "default");
        string before = await _host.Networks.GetXmlDesc(_host.Call, network, 0);
        await _host.Networks.Update(_host.Call, network, NetworkUpdateCommand.AddLast, section, -1, xml, 0);
        Assert.Contains(xml, await _host.Networks.GetXmlDesc(_host.Call, network, 0), StringComparison.Ordinal);
        VirException twice = await Assert.ThrowsAsync<VirException>(async () =>
            await _host.Networks.Update(_host.Call, network, NetworkUpdateCommand.AddFirst, section, -1, xml, 0));
        Assert.Equal(ErrorCode.OperationInvalid, twice.Code);
        await _host.Networks.Update(_host.Call, network, NetworkUpdateCommand.Delete, section, -1, xml, 0);
        Assert.Equal(before, await _host.Networks.GetXmlDesc(_host.Call, network, 0));
        VirException gone = await Assert.ThrowsAsync<VirException>(async () =>
            await _host.Networks.Update(_host.Call, network, NetworkUpdateCommand.Delete, section, -1, xml, 0));
        Assert.Equal(ErrorCode.OperationInvalid, gone.Code);
    }

    [Fact]
    public async Task Lists_filter_by_state_and_kind()
    {
        await _host.Networks.DefineXml(_host.Call, "<network><name>n</name></network>");
        Assert.Equal(["n"], await Names(ConnectListAllNetworksFlags.Inactive));
        Assert.Equal(["default"], await Names(ConnectListAllNetworksFlags.Active | ConnectListAllNetworksFlags.Persistent));
        Assert.Equal(["default", "n"], await Names(ConnectListAllNetworksFlags.Active | ConnectListAllNetworksFlags.Inactive));
        Assert.Empty(await Names(ConnectListAllNetworksFlags.Autostart));
    }

    private async Task<string[]> Names(ConnectListAllNetworksFlags flags) =>
        [.. (await _host.Networks.ListAllNetworks(_host.Call, flags)).Select(network => network.Name)];
}
