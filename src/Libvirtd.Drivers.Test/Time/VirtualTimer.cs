namespace Libvirtd.Drivers.Test;

/// <summary>A timer of a <see cref="VirtualClock"/>, whose lock guards all that can change here.</summary>
internal sealed class VirtualTimer(VirtualClock clock, TimerCallback callback, object? state) : ITimer
{
    /// <summary>Who fires first: by time, then in the order in which the times were set.</summary>
    public static Comparer<VirtualTimer> ByTurn { get; } = Comparer<VirtualTimer>.Create(static (a, b) =>
        a.Due != b.Due ? a.Due.CompareTo(b.Due) : a.Turn.CompareTo(b.Turn));

    /// <summary>When it fires, in ticks since the clock's start.</summary>
    public long Due { get; set; }

    public long Turn { get; set; }

    /// <summary>Ticks between two firings; 0 fires once.</summary>
    public long Period { get; set; }

    public bool IsDisposed { get; set; }

    public void Fire() => callback(state);

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        clock.Schedule(this, dueTime, period);
        return !IsDisposed;
    }

    public void Dispose() => clock.Dispose(this);

    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }
}
