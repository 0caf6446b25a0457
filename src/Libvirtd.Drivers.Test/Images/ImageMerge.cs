using System.Collections.Immutable;
using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>What an image is when it has taken what others held.</summary>
internal static class ImageMerge
{
    /// <summary>The file of an image that has taken the contents of a part of a chain, and what its bitmaps have recorded.</summary>
    /// <param name="images">The host's images.</param>
    /// <param name="into">The image: the one below the part, one of its own, or one elsewhere.</param>
    /// <param name="part">The images whose contents it holds afterwards, the upper one first.</param>
    /// <param name="capacity">Bytes that the guest sees in it afterwards.</param>
    public static ImageFile Merge(this TestImages images, ChainImage into, ImmutableArray<ChainImage> part, ulong capacity)
    {
        ImageFile file = images.Get(into);
        UInt128 sum = file.Allocation;
        foreach (ChainImage one in part)
        {
            if (!one.IsAt(into))
                sum += images.Get(one).Allocation;
        }

        ulong most = Math.Max(capacity, file.Allocation);
        return file with
        {
            Capacity = capacity,
            Allocation = sum < most ? (ulong)sum : most,
            Bitmaps = images.MergedBitmaps(file, part, capacity),
        };
    }
}
