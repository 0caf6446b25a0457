using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Storage pools of <c>test:///</c>.</summary>
internal sealed class TestStoragePoolDriver(TestStorage storage) : StoragePoolDriver
{
    private const uint AllFilters = 0xfffff;

    private const string LogicalSources = """
        <sources>
          <source>
            <device path='/dev/sda20'/>
            <name>testvg1</name>
            <format type='lvm2'/>
          </source>
          <source>
            <device path='/dev/sda21'/>
            <name>testvg2</name>
            <format type='lvm2'/>
          </source>
        </sources>

        """;

    public override ValueTask<int> NumOfStoragePools(CallContext call) => new(storage.Count(active: true));

    public override ValueTask<string[]> ListStoragePools(CallContext call) => new(storage.Names(active: true));

    public override ValueTask<int> NumOfDefinedStoragePools(CallContext call) => new(storage.Count(active: false));

    public override ValueTask<string[]> ListDefinedStoragePools(CallContext call) => new(storage.Names(active: false));

    public override ValueTask<StoragePoolRef[]> ListAllStoragePools(CallContext call, ConnectListAllStoragePoolsFlags flags)
    {
        FlagCheck.Require((uint)flags, AllFilters, "testConnectListAllStoragePools");
        List<StoragePoolRef> found = [];
        foreach (TestStoragePool pool in storage.Pools)
        {
            StoragePoolView view = pool.View;
            if (Passes(flags, ConnectListAllStoragePoolsFlags.Active, ConnectListAllStoragePoolsFlags.Inactive, view.IsActive)
                && Passes(flags, ConnectListAllStoragePoolsFlags.Persistent, ConnectListAllStoragePoolsFlags.Transient, view.IsPersistent)
                && Passes(flags, ConnectListAllStoragePoolsFlags.Autostart, ConnectListAllStoragePoolsFlags.NoAutostart, view.IsAutostart)
                && PassesType(flags, view.Document.Type))
            {
                found.Add(pool.Ref);
            }
        }

        return new(found.ToArray());
    }

    /// <summary>All types; upstream's test driver has no such call.</summary>
    public override ValueTask<string> GetStoragePoolCapabilities(CallContext call, uint flags)
    {
        FlagCheck.Require(flags, 0, "testConnectGetStoragePoolCapabilities");
        return new(StoragePoolCapabilities.Format());
    }

    public override ValueTask<string> FindStoragePoolSources(CallContext call, string type, string? srcSpec, uint flags)
    {
        FlagCheck.Require(flags, 0, "testConnectFindStoragePoolSources");
        // Upstream takes the first type, "dir", for no type at all, and an unknown one, where no source is given, for one without a search.
        int number = StorageSourceText.TypeNumber(type);
        if (number == 0)
            throw VirException.Internal(ErrorDomain.Test, $"unknown storage pool type {type}");
        string? host = srcSpec is null ? null : StorageSourceText.ParseHost(srcSpec, type);
        return type switch
        {
            "logical" => new(LogicalSources),
            "netfs" when host is null => throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, "hostname must be specified for netfs sources"),
            "netfs" => new($"""
                <sources>
                  <source>
                    <host name='{host}'/>
                    <dir path='/testshare'/>
                    <format type='nfs'/>
                  </source>
                </sources>

                """),
            _ => throw VirException.Of(ErrorCode.NoSupport, ErrorDomain.Test, $"pool type '{type}' does not support source discovery"),
        };
    }

    public override ValueTask<StoragePoolRef> CreateXml(CallContext call, string xml, StoragePoolCreateFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testStoragePoolCreateXML");
        return new(storage.CreateXml(xml));
    }

    public override ValueTask<StoragePoolRef> DefineXml(CallContext call, string xml, StoragePoolDefineFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)StoragePoolDefineFlags.Validate, "testStoragePoolDefineXML");
        return new(storage.Define(xml, flags.HasFlag(StoragePoolDefineFlags.Validate)));
    }

    public override ValueTask Create(CallContext call, StoragePoolRef pool, StoragePoolCreateFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testStoragePoolCreate");
        storage.Start(pool.Name);
        return default;
    }

    public override ValueTask Build(CallContext call, StoragePoolRef pool, StoragePoolBuildFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testStoragePoolBuild");
        storage.Announce(pool.Name, StoragePoolEventLifecycleType.Created);
        return default;
    }

    public override ValueTask Destroy(CallContext call, StoragePoolRef pool)
    {
        storage.Stop(pool.Name);
        return default;
    }

    public override ValueTask Delete(CallContext call, StoragePoolRef pool, StoragePoolDeleteFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testStoragePoolDelete");
        storage.Announce(pool.Name, StoragePoolEventLifecycleType.Deleted);
        return default;
    }

    public override ValueTask Undefine(CallContext call, StoragePoolRef pool)
    {
        storage.Undefine(pool.Name);
        return default;
    }

    public override ValueTask Refresh(CallContext call, StoragePoolRef pool, uint flags)
    {
        FlagCheck.Require(flags, 0, "testStoragePoolRefresh");
        storage.Refresh(pool.Name);
        return default;
    }

    public override ValueTask<StoragePoolRef> LookupByName(CallContext call, string name) => new(storage.Get(name).Ref);

    public override ValueTask<StoragePoolRef> LookupByUuid(CallContext call, Guid uuid) => new(storage.Get(uuid).Ref);

    public override ValueTask<StoragePoolRef> LookupByVolume(CallContext call, StorageVolRef vol) => new(storage.Get(vol.Pool).Ref);

    public override ValueTask<StoragePoolRef> LookupByTargetPath(CallContext call, string path) => new(storage.GetByTargetPath(path));

    public override ValueTask<StoragePoolGetInfoRet> GetInfo(CallContext call, StoragePoolRef pool)
    {
        StoragePoolView view = storage.Get(pool.Name).View;
        return new(new StoragePoolGetInfoRet
        {
            State = (byte)(view.IsActive ? StoragePoolState.Running : StoragePoolState.Inactive),
            Capacity = view.Capacity,
            Allocation = view.Allocation,
            Available = view.Available,
        });
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, StoragePoolRef pool, StorageXmlFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testStoragePoolGetXMLDesc");
        return new(storage.Get(pool.Name).View.Xml);
    }

    public override ValueTask<bool> GetAutostart(CallContext call, StoragePoolRef pool)
    {
        StoragePoolView view = storage.Get(pool.Name).View;
        return new(view.IsPersistent && view.IsAutostart);
    }

    public override ValueTask SetAutostart(CallContext call, StoragePoolRef pool, int autostart)
    {
        storage.SetAutostart(pool.Name, autostart != 0);
        return default;
    }

    public override ValueTask<bool> IsActive(CallContext call, StoragePoolRef pool) => new(storage.Get(pool.Uuid).View.IsActive);

    public override ValueTask<bool> IsPersistent(CallContext call, StoragePoolRef pool) => new(storage.Get(pool.Uuid).View.IsPersistent);

    public override ValueTask<int> NumOfVolumes(CallContext call, StoragePoolRef pool) => new(storage.GetActive(pool.Name).View.Volumes.Count);

    public override ValueTask<string[]> ListVolumes(CallContext call, StoragePoolRef pool) =>
        new([.. storage.GetActive(pool.Name).View.Volumes.Keys]);

    public override ValueTask<StorageVolRef[]> ListAllVolumes(CallContext call, StoragePoolRef pool, uint flags)
    {
        FlagCheck.Require(flags, 0, "testStoragePoolListAllVolumes");
        StoragePoolView view = storage.Get(pool.Uuid).View;
        return view.IsActive
            ? new([.. view.Volumes.Values.Select(static volume => volume.Ref)])
            : throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, "storage pool is not active");
    }

    private static bool Passes(ConnectListAllStoragePoolsFlags flags, ConnectListAllStoragePoolsFlags yes, ConnectListAllStoragePoolsFlags no, bool value) =>
        ListFilter.Passes((uint)flags, (uint)yes, (uint)no, value);

    private static bool PassesType(ConnectListAllStoragePoolsFlags flags, string type)
    {
        const uint Types = AllFilters & ~0x3fu;
        return ((uint)flags & Types) == 0 || ((uint)flags & (uint)FlagOf(type)) != 0;
    }

    private static ConnectListAllStoragePoolsFlags FlagOf(string type) => type switch
    {
        "dir" => ConnectListAllStoragePoolsFlags.Dir,
        "fs" => ConnectListAllStoragePoolsFlags.Fs,
        "netfs" => ConnectListAllStoragePoolsFlags.Netfs,
        "logical" => ConnectListAllStoragePoolsFlags.Logical,
        "disk" => ConnectListAllStoragePoolsFlags.Disk,
        "iscsi" => ConnectListAllStoragePoolsFlags.Iscsi,
        "scsi" => ConnectListAllStoragePoolsFlags.Scsi,
        "mpath" => ConnectListAllStoragePoolsFlags.Mpath,
        "rbd" => ConnectListAllStoragePoolsFlags.Rbd,
        "sheepdog" => ConnectListAllStoragePoolsFlags.Sheepdog,
        "gluster" => ConnectListAllStoragePoolsFlags.Gluster,
        "zfs" => ConnectListAllStoragePoolsFlags.Zfs,
        "vstorage" => ConnectListAllStoragePoolsFlags.Vstorage,
        "iscsi-direct" => ConnectListAllStoragePoolsFlags.IscsiDirect,
        _ => 0,
    };
}
