using System.Collections;

namespace Libvirtd.Drivers.Test;

/// <summary>Bytes that something is true of, as ranges in their order that do not touch each other. It never changes.</summary>
internal sealed class ExtentSet : IReadOnlyCollection<Extent>
{
    private readonly Extent[] _extents;

    private ExtentSet(Extent[] extents, long length)
    {
        _extents = extents;
        Length = length;
    }

    public static ExtentSet Empty { get; } = new([], 0);

    /// <summary>Every byte that there can be.</summary>
    public static ExtentSet All { get; } = new([new Extent(0, long.MaxValue)], long.MaxValue);

    /// <summary>How many bytes are in it.</summary>
    public long Length { get; }

    /// <summary>How many ranges it has.</summary>
    public int Count => _extents.Length;

    public bool IsAll => Length == long.MaxValue;

    /// <summary>Whether a byte is in it, and the first byte after it of which the other thing is true; <see cref="long.MaxValue"/> where there is none.</summary>
    public (bool IsIn, long Until) At(long offset)
    {
        int place = FirstEndingAfter(offset);
        if (place == _extents.Length)
            return (false, long.MaxValue);
        Extent extent = _extents[place];
        return extent.Start <= offset ? (true, extent.End) : (false, extent.Start);
    }

    /// <summary>The same with a range more.</summary>
    /// <param name="start">Its first byte.</param>
    /// <param name="end">The byte after its last; a range without bytes changes nothing.</param>
    public ExtentSet With(long start, long end)
    {
        if (start >= end)
            return this;
        // Those that the range touches become one with it.
        int from = start == 0 ? 0 : FirstEndingAfter(start - 1);
        int to = from;
        while (to < _extents.Length && _extents[to].Start <= end)
            to++;
        long touched = 0;
        for (int i = from; i < to; i++)
            touched += _extents[i].Length;
        Extent merged = from == to ? new Extent(start, end) : new Extent(Math.Min(start, _extents[from].Start), Math.Max(end, _extents[to - 1].End));
        if (to == from + 1 && merged == _extents[from])
            return this;
        return new([.. _extents.AsSpan(0, from), merged, .. _extents.AsSpan(to)], Length - touched + merged.Length);
    }

    /// <summary>The same with all that another one has.</summary>
    public ExtentSet With(ExtentSet others)
    {
        ExtentSet all = this;
        foreach (Extent extent in others._extents)
            all = all.With(extent.Start, extent.End);
        return all;
    }

    /// <summary>The same with the last bytes that are not in it, so that it has as many as wanted.</summary>
    /// <param name="length">How many bytes are wanted.</param>
    /// <param name="end">Where they end at the latest.</param>
    public ExtentSet Filled(long length, long end)
    {
        ExtentSet all = this;
        for (int place = _extents.Length; place >= 0 && all.Length < length; place--)
        {
            long gapEnd = Math.Min(end, place < _extents.Length ? _extents[place].Start : end);
            long gapStart = place > 0 ? _extents[place - 1].End : 0;
            all = all.With(Math.Max(gapStart, gapEnd - (length - all.Length)), gapEnd);
        }

        return all;
    }

    /// <summary>The same without what lies behind an end.</summary>
    public ExtentSet Until(long end)
    {
        ExtentSet all = Empty;
        foreach (Extent extent in _extents)
            all = all.With(Math.Min(extent.Start, end), Math.Min(extent.End, end));
        return all.Length == Length ? this : all;
    }

    /// <summary>The blocks of which any byte is in it.</summary>
    /// <param name="block">Bytes of a block.</param>
    /// <param name="end">Where the last block ends, be it whole or not.</param>
    public ExtentSet InBlocks(long block, long end)
    {
        List<Extent> grown = [];
        foreach (Extent extent in _extents)
        {
            long start = extent.Start - extent.Start % block;
            long reach = extent.End > end - block ? end : (extent.End + block - 1) / block * block;
            if (start >= end)
                break;
            if (grown.Count > 0 && grown[^1].End >= start)
                grown[^1] = new Extent(grown[^1].Start, Math.Max(reach, grown[^1].End));
            else
                grown.Add(new Extent(start, reach));
        }

        return grown.Count == 0 ? Empty : new([.. grown], grown.Sum(static one => one.Length));
    }

    public IEnumerator<Extent> GetEnumerator() => ((IEnumerable<Extent>)_extents).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int FirstEndingAfter(long offset)
    {
        int low = 0;
        int high = _extents.Length;
        while (low < high)
        {
            int middle = low + (high - low) / 2;
            if (_extents[middle].End > offset)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
