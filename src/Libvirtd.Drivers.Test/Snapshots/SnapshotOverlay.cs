using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A disk that a snapshot freezes, and the overlay that takes what the guest writes from then on.</summary>
/// <param name="Target">The disk, such as vda.</param>
/// <param name="Image">The overlay.</param>
internal readonly record struct SnapshotOverlay(string Target, ChainImage Image)
{
    public const string Format = "qcow2";

    /// <summary>The overlays that a snapshot's document names.</summary>
    public static IEnumerable<SnapshotOverlay> Of(DomainSnapshotDocument snapshot)
    {
        foreach (Node disk in snapshot.Disks)
        {
            if (disk["snapshot"] == SnapshotPlace.External && disk.Child("source") is { } source)
                yield return new SnapshotOverlay(disk["name"]!, new ChainImage(disk["type"] ?? "file", source, disk.Child("driver")?["type"] ?? Format));
        }
    }

    /// <summary>Refuses an overlay that cannot be laid over the disk.</summary>
    /// <param name="images">The host's images.</param>
    /// <param name="chain">The disk's chain.</param>
    /// <param name="reuse">The caller has made the file.</param>
    /// <exception cref="VirException">There is such a file, or there is none, or its format cannot be an overlay's.</exception>
    public void Check(TestImages images, DiskChain chain, bool reuse)
    {
        if (Image.Format is not ("qcow2" or "qed"))
            throw Unsupported(ErrorCode.ConfigUnsupported, $"external snapshot format for disk {Target} is unsupported: {Image.Format}");
        if (chain.Count >= DiskChain.MostImages)
            throw Unsupported(ErrorCode.OperationUnsupported, $"backing chains more than 200 layers deep are not supported for disk '{Target}'");
        if (!Image.IsLocal || Image.Path is not { } path)
            return;
        if (images.Exists(path))
        {
            if (!reuse && Image.Type == "file")
            {
                throw Unsupported(ErrorCode.ConfigUnsupported,
                    $"external snapshot file for disk {Target} already exists and is not a block device: {path}");
            }
        }
        else if (reuse)
        {
            throw VirException.Of(ErrorCode.SystemError, ErrorDomain.Test,
                $"missing existing file for disk {Target}: {path}: No such file or directory");
        }
        else if (Image.Type == "block")
        {
            throw Unsupported(ErrorCode.OperationUnsupported, $"block device snapshot target '{path}' doesn't exist");
        }
    }

    /// <summary>Makes the file, or takes the caller's, and lays it over the image.</summary>
    public void Make(TestImages images, ChainImage below, bool reuse)
    {
        if (!Image.IsLocal || Image.Path is not { } path)
            return;
        if (!reuse)
        {
            ImageFile made = images.CreateOverlay(path, Image.Format ?? Format, below);
            images.Put(made with { IsForSnapshot = true, Bitmaps = images.Get(below).ForOverlay() });
            return;
        }

        ImageFile file = images.Get(path, Image.Format);
        if (file.Backing is null)
            file = file with { Backing = below.Path, BackingFormat = below.Format, Capacity = images.Get(below).Capacity };
        images.Put(file with { Bitmaps = file.Bitmaps.SetItems(images.Get(below).ForOverlay()) });
    }

    private static VirException Unsupported(ErrorCode code, string detail) => VirException.Of(code, ErrorDomain.Test, detail);
}
