using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>How far a job has come by itself.</summary>
internal enum BlockJobPhase
{
    /// <summary>It moves data.</summary>
    Moving,

    /// <summary>All is moved, and both sides are kept the same until somebody pivots or aborts.</summary>
    Ready,
}

/// <summary>
/// A block job as it was when it last changed: how far it has come since then follows from the clock, so that readers need no lock and nothing has to
/// tick. It never changes.
/// </summary>
internal sealed record BlockJob
{
    /// <summary>Its number on this host.</summary>
    public required long Id { get; init; }

    /// <summary>The disk, such as vda.</summary>
    public required string Target { get; init; }

    /// <summary>What becomes of the disk when the job succeeds.</summary>
    public required BlockJobPlan Plan { get; init; }

    /// <summary>The domain runs. Otherwise the job works on the disk as it is configured.</summary>
    public required bool IsLive { get; init; }

    /// <summary>Bytes to move.</summary>
    public required ulong Length { get; init; }

    /// <summary>The most bytes that it moves in a second; 0 for as many as it can.</summary>
    public ulong Bandwidth { get; init; }

    public BlockJobPhase Phase { get; init; }

    /// <summary>Bytes that were moved at the timestamp <see cref="Since"/>.</summary>
    public ulong Moved { get; init; }

    /// <summary>A timestamp of the host's clock.</summary>
    public required long Since { get; init; }

    /// <summary>How it is to fail; null where it is to do its work.</summary>
    public JobFault? Fault { get; init; }

    /// <summary>How long a job without a limit takes from end to end.</summary>
    public required TimeSpan FullDuration { get; init; }

    public DomainBlockJobType Type => Plan.Type;

    /// <summary>It fails before it has moved all; a job of two phases that comes so far fails at its pivot only.</summary>
    public bool FailsOnTheWay => Fault is { } fault && (fault.Percent < 100 || !Plan.IsTwoPhase);

    /// <summary>Where it stops by itself, be it at its end or at a fault.</summary>
    private ulong End => Fault is { Percent: < 100 } fault ? (ulong)(Length * (fault.Percent / 100)) : Length;

    /// <summary>Bytes moved at a moment.</summary>
    public ulong MovedAt(TimeProvider time)
    {
        if (Phase == BlockJobPhase.Ready)
            return Length;
        TimeSpan elapsed = time.GetElapsedTime(Since);
        if (elapsed <= TimeSpan.Zero)
            return Moved;
        (ulong bytes, long ticks) = Rate;
        UInt128 moved = (UInt128)bytes * (ulong)elapsed.Ticks / (ulong)ticks + Moved;
        return moved < End ? (ulong)moved : End;
    }

    /// <summary>How long it goes on until something happens to it.</summary>
    public TimeSpan Remaining(TimeProvider time)
    {
        ulong left = End - Math.Min(End, MovedAt(time));
        (ulong bytes, long ticks) = Rate;
        UInt128 wait = ((UInt128)left * (ulong)ticks + bytes - 1) / bytes;
        return wait > (ulong)TimeSpan.MaxValue.Ticks ? TimeSpan.MaxValue : TimeSpan.FromTicks((long)wait);
    }

    /// <summary>The job as it is now, with another limit from now on.</summary>
    public BlockJob WithBandwidth(ulong bandwidth, TimeProvider time) =>
        this with { Moved = MovedAt(time), Since = time.GetTimestamp(), Bandwidth = bandwidth };

    /// <summary>Bytes in a number of ticks.</summary>
    private (ulong Bytes, long Ticks) Rate => Bandwidth > 0
        ? (Bandwidth, TimeSpan.TicksPerSecond)
        : (Math.Max(Length, 1), Math.Max(FullDuration.Ticks, 1));
}
