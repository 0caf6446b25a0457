using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class StoragePoolTests
{
    private readonly StorageHost _host = new();

    [Fact]
    public async Task The_default_pool_prints_as_upstream_prints_it()
    {
        Assert.Equal("""
            <pool type='dir'>
              <name>default-pool</name>
              <uuid>dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566</uuid>
              <capacity unit='bytes'>107374182400</capacity>
              <allocation unit='bytes'>0</allocation>
              <available unit='bytes'>107374182400</available>
              <source>
              </source>
              <target>
                <path>/default-pool</path>
              </target>
            </pool>

            """, await _host.Pools.GetXmlDesc(_host.Call, _host.DefaultPool, 0));
        Assert.True(await _host.Pools.IsActive(_host.Call, _host.DefaultPool));
        Assert.True(await _host.Pools.IsPersistent(_host.Call, _host.DefaultPool));
    }

    [Fact]
    public async Task A_pool_lives_and_dies_with_events()
    {
        StoragePoolRef pool = await _host.Pools.DefineXml(_host.Call, Xml("p", "/p"), 0);
        await _host.Pools.Build(_host.Call, pool, 0);
        await _host.Pools.Create(_host.Call, pool, 0);
        await _host.Pools.Refresh(_host.Call, pool, 0);
        await StorageHost.Fails(ErrorCode.OperationInvalid, "Requested operation is not valid: storage pool 'p' is active",
            () => _host.Pools.Undefine(_host.Call, pool));
        await _host.Pools.Destroy(_host.Call, pool);
        await StorageHost.Fails(ErrorCode.OperationInvalid, "Requested operation is not valid: storage pool 'p' is not active",
            () => _host.Pools.Refresh(_host.Call, pool, 0));
        await StorageHost.Fails(ErrorCode.OperationInvalid, "Requested operation is not valid: storage pool is not active",
            () => _host.Pools.ListAllVolumes(_host.Call, pool, 0));
        await _host.Pools.Delete(_host.Call, pool, 0);
        await _host.Pools.Undefine(_host.Call, pool);
        Assert.Equal(["pool p Defined", "pool p Created", "pool p Started", "pool p Refresh", "pool p Stopped", "pool p Deleted", "pool p Undefined"],
            _host.Raised);
        await StorageHost.Fails(ErrorCode.NoStoragePool, "Storage pool not found: no storage pool with matching name 'p'",
            () => _host.Pools.LookupByName(_host.Call, "p"));
    }

    [Fact]
    public async Task A_pool_that_was_only_created_is_gone_when_it_stops()
    {
        StoragePoolRef pool = await _host.Pools.CreateXml(_host.Call, Xml("p", "/p"), 0);
        Assert.False(await _host.Pools.IsPersistent(_host.Call, pool));
        await StorageHost.Fails(ErrorCode.InvalidArg, "invalid argument: pool has no config file", () => _host.Pools.SetAutostart(_host.Call, pool, 1));
        await _host.Pools.Destroy(_host.Call, pool);
        Assert.Equal(1, await _host.Pools.NumOfStoragePools(_host.Call));
        Assert.Equal(0, await _host.Pools.NumOfDefinedStoragePools(_host.Call));
    }

    [Fact]
    public async Task Two_pools_do_not_share_a_folder_a_name_or_a_uuid()
    {
        await StorageHost.Fails(ErrorCode.OperationFailed, "operation failed: Storage source conflict with pool: 'default-pool'",
            () => _host.Pools.DefineXml(_host.Call, Xml("p", "//default-pool/"[1..]), 0));
        await StorageHost.Fails(ErrorCode.OperationFailed,
            "operation failed: pool 'default-pool' already exists with uuid dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566",
            () => _host.Pools.DefineXml(_host.Call, Xml("default-pool", "/p"), 0));
    }

    [Fact]
    public async Task Lists_filter_by_type_and_state()
    {
        await _host.Pools.DefineXml(_host.Call, "<pool type='logical'><name>vg</name></pool>", 0);
        Assert.Equal(["vg"], await Names(ConnectListAllStoragePoolsFlags.Logical | ConnectListAllStoragePoolsFlags.Netfs));
        Assert.Equal(["default-pool"], await Names(ConnectListAllStoragePoolsFlags.Active));
        Assert.Equal(["default-pool", "vg"], await Names(ConnectListAllStoragePoolsFlags.Persistent));
        Assert.Empty(await Names(ConnectListAllStoragePoolsFlags.Autostart));
        await StorageHost.Fails(ErrorCode.InvalidArg, "unsupported flags (0x40000000) in function testConnectListAllStoragePools",
            () => _host.Pools.ListAllStoragePools(_host.Call, (ConnectListAllStoragePoolsFlags)0x40000000));
    }

    [Fact]
    public async Task Sources_are_found_for_two_types()
    {
        Assert.Contains("<host name='foo'/>", await _host.Pools.FindStoragePoolSources(_host.Call, "netfs", "<source><host name='foo'/></source>", 0),
            StringComparison.Ordinal);
        Assert.Contains("testvg2", await _host.Pools.FindStoragePoolSources(_host.Call, "logical", null, 0), StringComparison.Ordinal);
        await StorageHost.Fails(ErrorCode.InternalError, "internal error: unknown storage pool type dir",
            () => _host.Pools.FindStoragePoolSources(_host.Call, "dir", null, 0));
    }

    [Fact]
    public async Task A_fibre_channel_pool_makes_its_host_and_takes_it_away()
    {
        StoragePoolRef pool = await _host.Pools.CreateXml(_host.Call, "<pool type='scsi'><name>fc</name><source>"
            + "<adapter type='fc_host' wwnn='2000000012341238' wwpn='1000000012341238'/></source><target><path>/dev/disk</path></target></pool>", 0);
        Assert.Equal("scsi_host12", (await _host.Devices.LookupScsiHostByWwn(_host.Call, "2000000012341238", "1000000012341238", 0)).Name);
        await _host.Pools.Destroy(_host.Call, pool);
        Assert.Equal(["device scsi_host12 Created", "pool fc Started", "device scsi_host12 Deleted", "pool fc Stopped"], _host.Raised);
    }

    private static string Xml(string name, string path) => $"<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>";

    private async Task<string[]> Names(ConnectListAllStoragePoolsFlags flags) =>
        [.. (await _host.Pools.ListAllStoragePools(_host.Call, flags)).Select(pool => pool.Name).Order(StringComparer.Ordinal)];
}
