using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>How the machine shares equal pages of memory between guests; the counts are invented and stay.</summary>
/// <param name="PagesToScan">Pages that are looked at before each rest.</param>
/// <param name="SleepMilliseconds">How long it rests.</param>
/// <param name="MergeAcrossNodes">Pages of different cells are shared too: 0 or 1.</param>
internal sealed record MemorySharing(uint PagesToScan, uint SleepMilliseconds, uint MergeAcrossNodes)
{
    /// <summary>What Linux begins with.</summary>
    public static MemorySharing Fresh { get; } = new(100, 20, 1);
}

/// <summary>The machine's memory: its cells with their pools of huge pages, and how it shares pages.</summary>
internal sealed class HostMemory(IReadOnlyList<HostCell> cells)
{
    private const ulong KiBPerPage = 4;

    private readonly Lock _lock = new();
    private HostCell[] _cells = [.. cells];
    private MemorySharing _sharing = MemorySharing.Fresh;

    /// <summary>The cells as they are now; a host from a file has none. A change makes another array.</summary>
    public HostCell[] Cells => Volatile.Read(ref _cells);

    public MemorySharing Sharing => Volatile.Read(ref _sharing);

    public void Share(Func<MemorySharing, MemorySharing> change)
    {
        lock (_lock)
            Volatile.Write(ref _sharing, change(_sharing));
    }

    /// <summary>Sets or enlarges pools of huge pages, as far as the cells have memory for them.</summary>
    /// <param name="sizesKiB">The sizes of pages.</param>
    /// <param name="counts">How many of each: the size of the pool, or what it grows by.</param>
    /// <param name="firstCell">The first cell; -1 is the first of all.</param>
    /// <param name="cellCount">How many cells.</param>
    /// <param name="add">The counts are added to what there is.</param>
    /// <returns>How many pools have the wanted size now.</returns>
    public int AllocatePages(uint[] sizesKiB, ulong[] counts, int firstCell, uint cellCount, bool add)
    {
        lock (_lock)
        {
            HostCell[] cells = [.. _cells];
            int last = cells.Length - 1;
            int first = Math.Max(firstCell, 0);
            if (first > last)
                throw VirException.Internal(ErrorDomain.None, $"start cell {firstCell} out of range (0-{last})");
            int end = (int)Math.Min(cells.Length, first + (long)cellCount);
            int done = 0;
            for (int cell = first; cell < end; cell++)
            {
                for (int i = 0; i < sizesKiB.Length; i++)
                {
                    cells[cell] = Resize(cells[cell], sizesKiB[i], counts[i], add);
                    done++;
                }
            }

            Volatile.Write(ref _cells, cells);
            return done;
        }
    }

    private static HostCell Resize(HostCell cell, ulong sizeKiB, ulong count, bool add)
    {
        int index = -1;
        ulong used = 0;
        for (int i = 0; i < cell.Pages.Count; i++)
        {
            if (cell.Pages[i].SizeKiB == sizeKiB)
                index = i;
            else if (i > 0)
                used += cell.Pages[i].SizeKiB * cell.Pages[i].Count;
        }

        // The first size is that of ordinary pages.
        if (sizeKiB == KiBPerPage || index == 0)
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.None, "system pages pool can't be modified");
        if (index < 0)
            throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.None, $"page size {sizeKiB} is not available");
        UInt128 wanted = (UInt128)count + (add ? cell.Pages[index].Count : 0);
        if (used + (wanted * sizeKiB) > cell.MemoryKiB)
        {
            ulong possible = (cell.MemoryKiB - used) / sizeKiB;
            throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.None, $"Unable to allocate {wanted} pages. Allocated only {possible}");
        }

        HostPages[] pages = [.. cell.Pages];
        pages[index] = pages[index] with { Count = (ulong)wanted };
        pages[0] = pages[0] with { Count = (cell.MemoryKiB - used - ((ulong)wanted * sizeKiB)) / pages[0].SizeKiB };
        return cell with { Pages = pages };
    }
}
