using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>How far a domain's job has come: all that it tells in job info and job statistics. Counts are bytes. It never changes.</summary>
internal sealed record JobProgress
{
    /// <summary>Nothing is known.</summary>
    public static JobProgress None { get; } = new();

    public TimeSpan Elapsed { get; init; }

    /// <summary>How long it still takes, where that is known.</summary>
    public TimeSpan? Remaining { get; init; }

    /// <summary>The memory to move; null for a job that moves none.</summary>
    public ulong? MemoryTotal { get; init; }

    public ulong MemoryProcessed { get; init; }

    public ulong MemoryRemaining { get; init; }

    /// <summary>Bytes of memory in a second; 0 is not told.</summary>
    public ulong MemoryRate { get; init; }

    /// <summary>Passes over the memory.</summary>
    public ulong Iteration { get; init; }

    /// <summary>How long the guest stands still at the end.</summary>
    public TimeSpan? Downtime { get; init; }

    public ulong DiskTotal { get; init; }

    public ulong DiskProcessed { get; init; }

    public ulong DiskRemaining => DiskTotal - DiskProcessed;

    /// <summary>Room that scratch files take, and could take; null where there are none.</summary>
    public (ulong Used, ulong Total)? DiskTemp { get; init; }

    /// <summary>As virDomainGetJobInfo tells it.</summary>
    public DomainGetJobInfoRet ToInfo(DomainJobType type) => new()
    {
        Type = (int)type,
        TimeElapsed = Milliseconds(Elapsed),
        TimeRemaining = Milliseconds(Remaining ?? default),
        DataTotal = (MemoryTotal ?? 0) + DiskTotal,
        DataProcessed = MemoryProcessed + DiskProcessed,
        DataRemaining = MemoryRemaining + DiskRemaining,
        MemTotal = MemoryTotal ?? 0,
        MemProcessed = MemoryProcessed,
        MemRemaining = MemoryRemaining,
        FileTotal = DiskTotal,
        FileProcessed = DiskProcessed,
        FileRemaining = DiskRemaining,
    };

    /// <summary>As virDomainGetJobStats tells it, and the event of the job's end.</summary>
    public TypedParam[] ToParams(DomainJobOperation operation)
    {
        List<TypedParam> list = [new("operation", (int)operation), new("time_elapsed", Milliseconds(Elapsed))];
        if (Remaining is { } remaining)
            list.Add(new("time_remaining", Milliseconds(remaining)));
        if (Downtime is { } downtime)
            list.Add(new("downtime", Milliseconds(downtime)));
        if (MemoryTotal is { } memory)
        {
            list.Add(new("data_total", memory + DiskTotal));
            list.Add(new("data_processed", MemoryProcessed + DiskProcessed));
            list.Add(new("data_remaining", MemoryRemaining + DiskRemaining));
            list.Add(new("memory_total", memory));
            list.Add(new("memory_processed", MemoryProcessed));
            list.Add(new("memory_remaining", MemoryRemaining));
            if (MemoryRate > 0)
                list.Add(new("memory_bps", MemoryRate));
            list.Add(new("memory_dirty_rate", 0ul));
            list.Add(new("memory_iteration", Iteration));
            list.Add(new("memory_postcopy_requests", 0ul));
            list.Add(new("memory_page_size", 4096ul));
        }

        list.Add(new("disk_total", DiskTotal));
        list.Add(new("disk_processed", DiskProcessed));
        list.Add(new("disk_remaining", DiskRemaining));
        if (DiskTemp is { } temp)
        {
            list.Add(new("disk_temp_used", temp.Used));
            list.Add(new("disk_temp_total", temp.Total));
        }

        return [.. list];
    }

    private static ulong Milliseconds(TimeSpan time) => (ulong)Math.Max(0, time.Ticks / TimeSpan.TicksPerMillisecond);
}
