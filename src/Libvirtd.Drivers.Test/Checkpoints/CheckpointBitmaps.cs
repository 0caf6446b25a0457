using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The bitmaps of checkpoints, which live in the image files. A checkpoint whose bitmap is missing or broken is still a checkpoint: it can be deleted
/// and told anew, and only what needs the bitmap is refused.
/// </summary>
internal static class CheckpointBitmaps
{
    /// <summary>A checkpoint begins to record.</summary>
    public static void Add(TestImages images, DomainView view, CheckpointDefinition checkpoint)
    {
        foreach ((string disk, string bitmap) in checkpoint.Bitmaps)
        {
            if (ActiveFile(images, view.Definition.Document, disk) is { } file)
                images.Put(file with { Bitmaps = file.Bitmaps.SetItem(bitmap, new ImageBitmap(ExtentSet.Empty)) });
        }
    }

    /// <summary>A checkpoint's bitmaps go, wherever in the chains they are and in whatever state.</summary>
    public static void Remove(TestImages images, DomainView view, CheckpointDefinition checkpoint)
    {
        foreach ((string disk, string bitmap) in checkpoint.Bitmaps)
        {
            foreach (ChainImage image in images.FindChain(view.Definition.Document, disk)?.Images ?? [])
            {
                if (image is { IsLocal: true, Path: { } path } && images.Find(path) is { } file && file.Bitmaps.ContainsKey(bitmap))
                    images.Put(file with { Bitmaps = file.Bitmaps.Remove(bitmap) });
            }
        }
    }

    /// <summary>What a disk's bitmap has recorded, in all images of its chain; null where it is missing or broken.</summary>
    public static ImageBitmap? Find(TestImages images, DomainDocument domain, string disk, string bitmap) =>
        images.FindChain(domain, disk) is { } chain ? images.FindBitmap(chain.Images, bitmap) : null;

    /// <summary>Refuses a checkpoint that a domain's images know nothing of. A disk that the domain no longer has does not matter.</summary>
    /// <exception cref="VirException">A bitmap is missing or broken (VIR_ERR_CHECKPOINT_INCONSISTENT).</exception>
    public static void Require(TestImages images, DomainView view, CheckpointDefinition checkpoint)
    {
        foreach ((string disk, string bitmap) in checkpoint.Bitmaps)
        {
            if (view.Definition.Document.DiskByTarget(disk) is not null && Find(images, view.Definition.Document, disk, bitmap) is null)
                throw Inconsistent(bitmap, disk);
        }
    }

    public static VirException Inconsistent(string bitmap, string disk) =>
        VirException.Of(ErrorCode.CheckpointInconsistent, ErrorDomain.Test, $"missing or broken bitmap '{bitmap}' for disk '{disk}'");

    /// <summary>Bytes that each disk's bitmap has recorded; one that has recorded nothing, or cannot tell, is left out.</summary>
    public static Dictionary<string, ulong> Sizes(TestImages images, DomainView view, CheckpointDefinition checkpoint)
    {
        Dictionary<string, ulong> sizes = new(StringComparer.Ordinal);
        foreach ((string disk, string bitmap) in checkpoint.Bitmaps)
        {
            if (Find(images, view.Definition.Document, disk, bitmap) is { Dirty: > 0 } found)
                sizes.Add(disk, found.Dirty);
        }

        return sizes;
    }

    /// <summary>Nobody saved the bitmaps of a running domain: those of all its disks are broken, or one bitmap of one disk.</summary>
    /// <returns>How many broke.</returns>
    public static int Break(TestImages images, DomainView view, string? disk = null, string? bitmap = null)
    {
        int count = 0;
        foreach (DomainDisk one in view.Definition.Document.Disks)
        {
            if ((disk is not null && disk != one.Target) || ActiveFile(images, view.Definition.Document, one.Target) is not { Bitmaps.IsEmpty: false } file)
                continue;
            string[] broken = [.. file.Bitmaps.Keys.Where(name => bitmap is null || name == bitmap)];
            count += broken.Length;
            images.Put(file with { Bitmaps = file.Bitmaps.SetItems(broken.Select(name => KeyValuePair.Create(name, file.Bitmaps[name] with { IsBroken = true }))) });
        }

        return count;
    }

    private static ImageFile? ActiveFile(TestImages images, DomainDocument domain, string disk) =>
        images.FindChain(domain, disk)?.Active is { IsLocal: true, Path: not null } image ? images.Get(image) : null;
}
