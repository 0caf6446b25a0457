using System.Collections.Immutable;

namespace Libvirtd.Drivers.Test;

/// <summary>A disk of a pulled backup as NBD clients see it: its bytes as they were when the backup began.</summary>
/// <param name="name">Under which clients ask for it.</param>
/// <param name="description">What it is.</param>
/// <param name="content">The bytes.</param>
/// <param name="bitmap">The name under which clients ask for what has changed; null where the backup is a full one.</param>
/// <param name="changes">What was written since the backup's checkpoint.</param>
internal sealed class BackupExport(string name, string description, ContentView content, string? bitmap, ExtentSet? changes) : NbdExport
{
    private const uint HoleOfZeros = 3;
    private const uint IsDirty = 1;
    private const int Block = NbdConstants.PreferredBlock;

    private readonly ExtentSet _changes = changes?.InBlocks(ImageBitmap.Granularity, content.Length) ?? ExtentSet.Empty;

    public override string Name => name;

    public override string Description => description;

    public override long Length => content.Length;

    public override ImmutableArray<string> Contexts { get; } = bitmap is null ? ["base:allocation"] : ["base:allocation", $"qemu:dirty-bitmap:{bitmap}"];

    public override void Read(Span<byte> buffer, long offset) => content.Read(buffer, offset);

    public override (bool IsData, long Until) MapAt(long offset, long end) => content.MapAt(offset, end);

    public override (uint State, long Until) StateAt(int context, long offset, long end)
    {
        if (context == 0)
            return AllocationAt(offset, end);
        (bool isDirty, long until) = _changes.At(offset);
        return (isDirty ? IsDirty : 0, Math.Min(until, end));
    }

    /// <summary>Images hold whole blocks: one with any data is data.</summary>
    private (uint State, long Until) AllocationAt(long offset, long end)
    {
        (bool isData, long until) = content.MapAt(offset, end);
        if (!isData && (until == end || until - until % Block > offset))
            return (HoleOfZeros, until == end ? end : until - until % Block);
        long last = isData ? until - 1 : offset;
        return (0, Math.Min(end, last - last % Block + Block));
    }
}
