using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// Where the volumes are that disks name by pool and name. Documents go on naming them so; all that happens to a disk happens to the volume's file. A
/// disk whose volume cannot be found is one in a place that nobody knows: only what would touch the image says why.
/// </summary>
internal static class VolumeSource
{
    private const string Volume = "volume";

    /// <summary>The image at the place of its volume; as it is where it names none, or where that one cannot be found.</summary>
    public static ChainImage Locate(TestHost host, ChainImage image)
    {
        if (image.DocumentType != Volume)
            return image;
        try
        {
            return Require(host, image);
        }
        catch (VirException)
        {
            return image;
        }
    }

    /// <summary>Refuses a disk of whose chain a volume cannot be found.</summary>
    /// <exception cref="VirException">There is no such pool or volume, the pool is not active, or it is of a kind that disks cannot be in.</exception>
    public static void RequireVolumes(TestHost host, Node disk)
    {
        foreach (ChainImage image in DiskChain.Read(disk).Images)
        {
            if (image.DocumentType == Volume)
                Require(host, image);
        }
    }

    private static ChainImage Require(TestHost host, ChainImage image)
    {
        if (image.Source is not { } source || source["pool"] is not { } poolName || source[Volume] is not { } name)
            return image;
        TestStoragePool pool = host.Storage.Get(poolName);
        if (!pool.View.IsActive)
            throw UnsupportedConfig($"storage pool '{poolName}' containing volume '{name}' is not active");
        TestVolume volume = pool.View.Volumes.GetValueOrDefault(name)
            ?? throw VirException.Of(ErrorCode.NoStorageVol, ErrorDomain.Test, $"no storage vol with matching name '{name}'");
        StoragePoolDocument document = pool.View.Document;
        string? mode = source["mode"];
        if (mode is not null && document.Type != "iscsi")
            throw VirException.Of(ErrorCode.XmlError, ErrorDomain.Domain, "disk source mode is only valid when storage pool is of iscsi type");
        return document.Type switch
        {
            "dir" or "fs" or "netfs" or "logical" or "disk" or "scsi" or "zfs" or "vstorage" => volume.View.Document.Type switch
            {
                "file" or "ploop" => image.At("file", volume.Path),
                "block" => image.At("block", volume.Path),
                "dir" => image.At("dir", volume.Path),
                string type => throw VirException.Internal(ErrorDomain.Domain,
                    $"unexpected storage volume type '{type}' for storage pool type '{document.Type}'"),
            },
            "iscsi" when mode != "direct" => image.At("block", volume.Path),
            "iscsi" or "iscsi-direct" => image.At("network", OverIscsi(document, name)),
            string type => throw UnsupportedConfig($"using '{type}' pools for backing 'volume' disks isn't yet supported"),
        };
    }

    /// <summary>The target and the unit's number, which is the last of the four parts of such a volume's name.</summary>
    private static string OverIscsi(StoragePoolDocument pool, string name)
    {
        Node? source = pool.Root.Child("source");
        if (source?.All("host").Count() != 1)
            throw UnsupportedConfig("Expected exactly 1 host for the storage pool");
        return name.Split(':') is [_, _, _, string unit]
            ? $"{source.Child("device")?["path"]}/{unit}"
            : throw VirException.Internal(ErrorDomain.Domain, $"unexpected iscsi volume name '{name}'");
    }

    private static VirException UnsupportedConfig(string detail) => VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Domain, detail);
}
