using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// Volumes of <c>test:///</c>. Upstream's test driver has no contents: what reads, writes, wipes and resizes them behaves as upstream's driver for
/// real storage does.
/// </summary>
internal sealed class TestStorageVolDriver(TestStorage storage) : StorageVolDriver
{
    private const int LastWipeAlgorithm = (int)StorageVolWipeAlgorithm.Trim;

    public override ValueTask<StorageVolRef> LookupByName(CallContext call, StoragePoolRef pool, string name) => new(storage.GetVolume(pool.Name, name).Ref);

    public override ValueTask<StorageVolRef> LookupByKey(CallContext call, string key) => new(storage.GetVolumeByKey(key).Ref);

    public override ValueTask<StorageVolRef> LookupByPath(CallContext call, string path) => new(storage.GetVolumeByPath(path).Ref);

    public override ValueTask<StorageVolRef> CreateXml(CallContext call, StoragePoolRef pool, string xml, StorageVolCreateFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)StorageVolCreateFlags.Validate, "testStorageVolCreateXML");
        return new(storage.CreateVolume(pool.Name, xml, flags.HasFlag(StorageVolCreateFlags.Validate)));
    }

    public override ValueTask<StorageVolRef> CreateXmlFrom(CallContext call, StoragePoolRef pool, string xml, StorageVolRef clonevol,
        StorageVolCreateFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)StorageVolCreateFlags.Validate, "testStorageVolCreateXMLFrom");
        return new(storage.CloneVolume(pool.Name, xml, clonevol, flags.HasFlag(StorageVolCreateFlags.Validate)));
    }

    public override ValueTask Delete(CallContext call, StorageVolRef vol, StorageVolDeleteFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testStorageVolDelete");
        storage.DeleteVolume(vol.Pool, vol.Name);
        return default;
    }

    public override ValueTask<StorageVolGetInfoRet> GetInfo(CallContext call, StorageVolRef vol)
    {
        VolumeView view = Get(vol).View;
        return new(new StorageVolGetInfoRet { Type = TypeOf(vol), Capacity = view.Capacity, Allocation = view.Allocation });
    }

    public override ValueTask<StorageVolGetInfoFlagsRet> GetInfoFlags(CallContext call, StorageVolRef vol, StorageVolInfoFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)StorageVolInfoFlags.GetPhysical, "testStorageVolGetInfoFlags");
        TestVolume volume = Get(vol);
        VolumeView view = volume.View;
        return new(new StorageVolGetInfoFlagsRet
        {
            Type = TypeOf(vol),
            Capacity = view.Capacity,
            Allocation = flags.HasFlag(StorageVolInfoFlags.GetPhysical) ? (ulong)volume.Content.Length : view.Allocation,
        });
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, StorageVolRef vol, uint flags)
    {
        FlagCheck.Require(flags, 0, "testStorageVolGetXMLDesc");
        return new(Get(vol).View.Xml);
    }

    public override ValueTask<string> GetPath(CallContext call, StorageVolRef vol) => new(Get(vol).Path);

    public override ValueTask Resize(CallContext call, StorageVolRef vol, ulong capacity, StorageVolResizeFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(StorageVolResizeFlags.Allocate | StorageVolResizeFlags.Delta | StorageVolResizeFlags.Shrink),
            "testStorageVolResize");
        storage.ResizeVolume(vol.Pool, vol.Name, capacity, flags);
        return default;
    }

    public override ValueTask Wipe(CallContext call, StorageVolRef vol, uint flags) => WipePattern(call, vol, StorageVolWipeAlgorithm.Zero, flags);

    /// <summary>Whatever the pattern, what is read afterwards is zeros: there is no old medium to be defeated.</summary>
    public override ValueTask WipePattern(CallContext call, StorageVolRef vol, StorageVolWipeAlgorithm algorithm, uint flags)
    {
        FlagCheck.Require(flags, 0, "testStorageVolWipePattern");
        if ((uint)algorithm > LastWipeAlgorithm)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Storage, $"wiping algorithm {(int)algorithm} not supported");
        Get(vol).Content.Clear();
        return default;
    }

    public override ValueTask<StreamEndpoint> Upload(CallContext call, StorageVolRef vol, ulong offset, ulong length, StorageVolUploadFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)StorageVolUploadFlags.Stream, "testStorageVolUpload");
        return new(storage.Upload(vol.Pool, vol.Name, offset, length, flags.HasFlag(StorageVolUploadFlags.Stream)));
    }

    public override ValueTask<StreamEndpoint> Download(CallContext call, StorageVolRef vol, ulong offset, ulong length, StorageVolDownloadFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)StorageVolDownloadFlags.Stream, "testStorageVolDownload");
        return new(storage.Download(vol.Pool, vol.Name, offset, length, flags.HasFlag(StorageVolDownloadFlags.Stream)));
    }

    private TestVolume Get(StorageVolRef vol) => storage.GetVolume(vol.Pool, vol.Name);

    /// <summary>What a volume is goes by its pool.</summary>
    private sbyte TypeOf(StorageVolRef vol) => (sbyte)(storage.Get(vol.Pool).View.Document.Type switch
    {
        "dir" or "fs" or "netfs" or "vstorage" => StorageVolType.File,
        "sheepdog" or "iscsi-direct" or "gluster" or "rbd" => StorageVolType.Network,
        _ => StorageVolType.Block,
    });
}
