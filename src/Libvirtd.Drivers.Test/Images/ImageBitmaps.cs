using System.Collections.Immutable;
using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The bitmaps of a chain. A disk's bitmap may be spread over several images: the upper ones record since they were laid over the lower. It is
/// whole when it is in the upper image and, without a gap, in those below it as far as it goes, and broken in none.
/// </summary>
internal static class ImageBitmaps
{
    /// <summary>What all images of a chain together have recorded in a bitmap; null where it is missing or broken.</summary>
    /// <param name="images">The host's images.</param>
    /// <param name="part">The chain, or a part of it, the upper image first.</param>
    /// <param name="name">The bitmap.</param>
    public static ImageBitmap? FindBitmap(this TestImages images, ImmutableArray<ChainImage> part, string name)
    {
        ExtentSet written = ExtentSet.Empty;
        bool isOver = false;
        ulong most = part.IsEmpty ? 0 : images.Get(part[0]).Capacity;
        for (int i = 0; i < part.Length; i++)
        {
            ImageBitmap? bitmap = images.Get(part[i]).Bitmaps.GetValueOrDefault(name);
            if (bitmap is null ? i == 0 : isOver || bitmap.IsBroken)
                return null;
            isOver |= bitmap is null;
            written = bitmap is null ? written : written.With(bitmap.Written);
        }

        return part.IsEmpty ? null : new ImageBitmap(written.Until((long)Math.Min(most, long.MaxValue)));
    }

    /// <summary>An overlay goes on with the bitmaps of the image below, which records no more.</summary>
    public static ImmutableSortedDictionary<string, ImageBitmap> ForOverlay(this ImageFile below) =>
        below.Bitmaps.IsEmpty ? below.Bitmaps
            : below.Bitmaps.Where(static one => !one.Value.IsBroken).ToImmutableSortedDictionary(static one => one.Key, static _ => new ImageBitmap(ExtentSet.Empty), StringComparer.Ordinal);

    /// <summary>
    /// The bitmaps of an image that takes what a part of a chain held: those that are whole in that part are merged into its own. A bitmap of its own
    /// that the part knows nothing of has seen all those bytes written.
    /// </summary>
    /// <param name="images">The host's images.</param>
    /// <param name="into">The image, before it takes anything.</param>
    /// <param name="part">The images whose contents it takes, the upper one first; it may be one of them.</param>
    /// <param name="capacity">Bytes that it has afterwards.</param>
    public static ImmutableSortedDictionary<string, ImageBitmap> MergedBitmaps(this TestImages images, ImageFile into, ImmutableArray<ChainImage> part, ulong capacity)
    {
        ImmutableSortedDictionary<string, ImageBitmap>.Builder merged = into.Bitmaps.ToBuilder();
        bool isInside = part.Any(image => image.Path == into.Path);
        ImmutableArray<ChainImage> others = part.RemoveAll(image => image.Path == into.Path);
        long end = (long)Math.Min(capacity, long.MaxValue);
        UInt128 moved = 0;
        foreach (ChainImage image in others)
            moved += images.Get(image).Allocation;
        HashSet<string> whole = new(StringComparer.Ordinal);
        foreach (string name in part.IsEmpty ? [] : images.Get(part[0]).Bitmaps.Keys)
        {
            if (images.FindBitmap(part, name) is not { } found)
                continue;
            ImageBitmap? own = isInside ? null : into.Bitmaps.GetValueOrDefault(name);
            if (own is { IsBroken: true })
                continue;
            whole.Add(name);
            merged[name] = own?.With(found.Written) ?? found;
        }

        foreach ((string name, ImageBitmap own) in into.Bitmaps)
        {
            if (isInside || own.IsBroken || whole.Contains(name))
                continue;
            // Of some bytes nobody has said where they are: as many others count for them.
            ExtentSet all = own.Written.With(images.Contents.WrittenTo(others, end));
            merged[name] = new ImageBitmap(all.Filled((long)UInt128.Min(own.Dirty + moved, (ulong)end), end));
        }

        return merged.ToImmutable();
    }
}
