using System.Collections.Immutable;
using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>What is known of an image file: its header, so to speak.</summary>
internal sealed record ImageFile
{
    /// <summary>Bytes that the guest sees in an image of which nothing is known: those that upstream's driver tells of any disk.</summary>
    public const ulong UnknownCapacity = 1099506450432;

    /// <summary>Bytes that such an image takes.</summary>
    public const ulong UnknownAllocation = 1099511627776;

    public required string Path { get; init; }

    public string Format { get; init; } = "raw";

    /// <summary>Bytes that the guest sees.</summary>
    public ulong Capacity { get; init; } = UnknownCapacity;

    /// <summary>Bytes that the image takes.</summary>
    public ulong Allocation { get; init; } = UnknownAllocation;

    /// <summary>The name of the image below as it stands in this one, possibly relative to this one's folder; null where there is none.</summary>
    public string? Backing { get; init; }

    public string? BackingFormat { get; init; }

    /// <summary>What checkpoints record in it, by their names.</summary>
    public ImmutableSortedDictionary<string, ImageBitmap> Bitmaps { get; init; } = NoBitmaps;

    public static ImmutableSortedDictionary<string, ImageBitmap> NoBitmaps { get; } =
        ImmutableSortedDictionary<string, ImageBitmap>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>A snapshot or a revert made the file by itself: when nobody needs it any more it goes.</summary>
    public bool IsForSnapshot { get; init; }

    /// <summary>The snapshot that it began with is gone, and only others kept its bytes from the image below: it goes there when they do not any more.</summary>
    public bool MergesWhenFree { get; init; }

    /// <summary>The path of the image below; null where there is none.</summary>
    public string? BackingPath => Backing is null ? null : ImagePath.Resolve(Path, Backing);

    /// <summary>The backing name, where it is relative.</summary>
    public string? RelativeBacking => Backing is { } name && !name.StartsWith('/') ? name : null;
}

/// <summary>What was written to an image since a checkpoint.</summary>
/// <param name="Written">The bytes written.</param>
/// <param name="IsBroken">It was not saved when it should have been: nobody knows what it has missed.</param>
internal sealed record ImageBitmap(ExtentSet Written, bool IsBroken = false)
{
    /// <summary>Bytes of one bit, as QEMU makes it for images whose clusters are not larger.</summary>
    public const int Granularity = 1 << 16;

    /// <summary>How many bytes were written.</summary>
    public ulong Dirty => (ulong)Written.Length;

    public ImageBitmap With(ExtentSet written) => this with { Written = Written.With(written) };
}
