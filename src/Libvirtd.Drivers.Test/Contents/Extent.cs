namespace Libvirtd.Drivers.Test;

/// <summary>A range of bytes.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="End">The byte after the last; greater than <paramref name="Start"/>.</param>
internal readonly record struct Extent(long Start, long End)
{
    public long Length => End - Start;
}
