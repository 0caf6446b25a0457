using System.Buffers.Binary;
using System.Collections.Immutable;
using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>What a guest writes to a disk.</summary>
/// <param name="Bytes">How many bytes; as far as the disk goes.</param>
internal readonly record struct GuestWrite(long Bytes)
{
    /// <summary>The first byte; null for bytes that the guest has not written before, as long as there are some.</summary>
    public long? Offset { get; init; }

    /// <summary>The byte that all of them are; null for bytes that look random.</summary>
    public byte? Pattern { get; init; }

    /// <summary>What those follow from, together with their place on the disk; null for the number of the write, counted for each image from 1.</summary>
    public ulong? Seed { get; init; }
}

/// <summary>The guests' hands on their disks: content, size and the bitmaps of checkpoints change together.</summary>
internal static class GuestWrites
{
    private const int Block = 1 << 16;

    /// <summary>Writes to the active image of a disk. Under the domain's edit, so that a backup that begins has all of it or nothing.</summary>
    /// <returns>The first byte written; null where the disk has no image of which anything is known.</returns>
    public static long? Write(DomainEdit edit, string disk, GuestWrite write)
    {
        TestHost host = edit.Domain.Owner.Host;
        if (host.Images.FindChain(edit.View.Definition.Document, disk) is not { Active: { IsLocal: true, Path: not null } image } chain)
            return null;
        ImageFile file = host.Images.Get(image);
        long capacity = (long)Math.Min(file.Capacity, long.MaxValue);
        VolumeContent content = host.Images.Contents.Open(image);
        long cursor = host.Images.Contents.CursorOf(chain.Images);
        long start = write.Offset ?? (cursor < capacity ? cursor : 0);
        if (start >= capacity)
            throw new MonitorException($"the disk '{disk}' ends at {capacity}");
        content.Writes++;
        ulong seed = write.Seed ?? (ulong)content.Writes;
        long fresh = 0;
        ExtentSet written = ExtentSet.Empty;
        foreach ((long from, long to) in Ranges(start, write, capacity))
        {
            fresh += to - from - (write.Offset is null ? 0 : content.DataIn(from, to));
            Fill(content, from, to, write.Pattern, seed);
            written = written.With(from, to);
            if (write.Offset is null)
                content.Cursor = to;
        }

        ulong allocation = Math.Max(file.Allocation, Math.Min(file.Capacity, file.Allocation > ulong.MaxValue - (ulong)fresh ? ulong.MaxValue : file.Allocation + (ulong)fresh));
        host.Images.Put(file with
        {
            Allocation = allocation,
            Bitmaps = file.Bitmaps.ToImmutableSortedDictionary(static one => one.Key, one => one.Value.With(written), StringComparer.Ordinal),
        });
        host.BlockJobs.Written(edit, image);
        return start;
    }

    /// <summary>One range; without an offset it goes on at the beginning of the disk when its end is reached.</summary>
    private static IEnumerable<(long From, long To)> Ranges(long start, GuestWrite write, long capacity)
    {
        long bytes = Math.Min(write.Bytes, capacity);
        long first = Math.Min(bytes, capacity - start);
        yield return (start, start + first);
        if (write.Offset is null && bytes > first)
            yield return (0, bytes - first);
    }

    private static void Fill(VolumeContent content, long from, long to, byte? pattern, ulong seed)
    {
        // Whole words of the disk: a byte depends on its place alone, wherever the write begins.
        byte[] block = new byte[(int)Math.Min(Block, to - from + 2 * sizeof(ulong))];
        if (pattern is { } value)
            block.AsSpan().Fill(value);
        for (long offset = from; offset < to;)
        {
            int skip = pattern is null ? (int)(offset % sizeof(ulong)) : 0;
            int length = (int)Math.Min(block.Length - skip, to - offset);
            if (pattern is null)
                Scramble(block.AsSpan(0, skip + length), offset - skip, seed);
            content.Write(block.AsSpan(skip, length), offset);
            offset += length;
        }
    }

    /// <summary>Words of which each follows from its number and the seed alone (the mixing function of splitmix64).</summary>
    private static void Scramble(Span<byte> bytes, long offset, ulong seed)
    {
        Span<byte> last = stackalloc byte[sizeof(ulong)];
        for (int place = 0; place < bytes.Length; place += sizeof(ulong))
        {
            ulong word = (seed * 0x9E3779B97F4A7C15) ^ ((ulong)(offset + place) / sizeof(ulong) + 1) * 0xD1B54A32D192ED03;
            word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
            word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
            word ^= word >> 31;
            BinaryPrimitives.WriteUInt64LittleEndian(last, word);
            last[..Math.Min(sizeof(ulong), bytes.Length - place)].CopyTo(bytes[place..]);
        }
    }
}
