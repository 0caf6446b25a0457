using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>A disk whose contents go along with its guest: what its image is to be at the destination.</summary>
/// <param name="Target">The disk, such as vda.</param>
/// <param name="Capacity">Bytes that the guest sees.</param>
/// <param name="Allocation">Bytes that the image takes.</param>
/// <param name="Bitmaps">What checkpoints have recorded in it.</param>
internal sealed record MigratedDisk(string Target, ulong Capacity, ulong Allocation, ImmutableSortedDictionary<string, ImageBitmap> Bitmaps)
{
    private const int MostRanges = 64;

    /// <summary>The disks that go along: those that the client names or, without names, all that are neither shared nor read-only.</summary>
    public static IEnumerable<DomainDisk> Select(DomainDocument domain, MigrationRequest request)
    {
        if (!request.CopiesDisks)
            yield break;
        foreach (DomainDisk disk in domain.Disks)
        {
            bool isWanted = request.Disks.Length > 0 ? request.Disks.Contains(disk.Target) : disk.Node.Child("shareable") is null && !disk.IsReadOnly;
            if (isWanted && disk.Source is not null)
                yield return disk;
        }
    }

    /// <summary>What goes along of a disk's chain: the active image alone where the destination has those below it, the whole otherwise.</summary>
    public static ImmutableArray<ChainImage> Part(DiskChain chain, MigrationRequest request) =>
        request.Has(Protocol.DomainMigrateFlags.NonSharedInc) ? chain.Images[..1] : chain.Images;

    public static MigratedDisk Of(TestImages images, DomainDisk disk, MigrationRequest request)
    {
        ImmutableArray<ChainImage> part = Part(images.ChainOf(disk.Node), request);
        ulong capacity = images.Get(part[0]).Capacity;
        UInt128 allocation = 0;
        foreach (ChainImage image in part)
            allocation += images.Get(image).Allocation;
        ImageFile empty = new() { Path = "" };
        return new MigratedDisk(disk.Target, capacity, allocation < capacity ? (ulong)allocation : capacity, images.MergedBitmaps(empty, part, capacity));
    }

    public JsonObject ToJson()
    {
        JsonObject root = new() { ["target"] = Target, ["capacity"] = Capacity, ["allocation"] = Allocation };
        if (!Bitmaps.IsEmpty)
            root["bitmaps"] = new JsonObject(Bitmaps.Select(static one => KeyValuePair.Create(one.Key, (JsonNode?)Ranges(one.Value))));
        return root;
    }

    public static MigratedDisk Of(JsonElement root) => new(
        root.GetProperty("target").GetString()!,
        root.GetProperty("capacity").GetUInt64(),
        root.GetProperty("allocation").GetUInt64(),
        root.TryGetProperty("bitmaps", out JsonElement bitmaps)
            ? bitmaps.EnumerateObject().ToImmutableSortedDictionary(static one => one.Name, static one => Bitmap(one.Value), StringComparer.Ordinal)
            : ImageFile.NoBitmaps);

    /// <summary>Starts and ends by turns. There is no room for very many: then all up to the last one counts.</summary>
    private static JsonArray Ranges(ImageBitmap bitmap)
    {
        List<Extent> ranges = [.. bitmap.Written];
        if (ranges.Count > MostRanges)
            ranges = [.. ranges[..(MostRanges - 1)], new Extent(ranges[MostRanges - 1].Start, ranges[^1].End)];
        return new JsonArray([.. ranges.SelectMany(static one => (JsonNode?[])[JsonValue.Create(one.Start), JsonValue.Create(one.End)])]);
    }

    private static ImageBitmap Bitmap(JsonElement ranges)
    {
        ExtentSet written = ExtentSet.Empty;
        foreach (JsonElement[] range in ranges.EnumerateArray().Chunk(2))
            written = written.With(Math.Max(range[0].GetInt64(), 0), range[^1].GetInt64());
        return new ImageBitmap(written);
    }
}
