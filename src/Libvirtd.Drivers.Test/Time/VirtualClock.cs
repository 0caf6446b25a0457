using System.Diagnostics.CodeAnalysis;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// A clock that stands still until it is told to go on. <see cref="Advance"/> fires the timers that fall due, in the order of their time and, at one
/// time, of their making, on the thread of the one who calls: what awaits a delay of this clock goes on there before the next timer fires, as long
/// as it awaits with <c>ConfigureAwait(false)</c> or without a synchronization context. So the same commands have the same effects in each run.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The timers belong to those who made them.")]
public sealed class VirtualClock : TimeProvider
{
    private readonly Lock _advancing = new();
    private readonly Lock _lock = new();
    private readonly SortedSet<VirtualTimer> _timers = new(VirtualTimer.ByTurn);
    private readonly DateTimeOffset _start;
    private long _elapsed;
    private long _lastTurn;

    /// <summary>A clock that stands at <see cref="DefaultStart"/>.</summary>
    public VirtualClock()
        : this(DefaultStart)
    {
    }

    /// <summary>A clock that stands at <paramref name="start"/>.</summary>
    public VirtualClock(DateTimeOffset start) => _start = start;

    /// <summary>Where a virtual clock stands when nothing else is said: the first second of the year 2025, UTC.</summary>
    public static DateTimeOffset DefaultStart { get; } = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The most that <see cref="Advance"/> takes at once: 366 days.</summary>
    public static TimeSpan MostAdvance { get; } = TimeSpan.FromDays(366);

    /// <summary>How far it has come from where it stood first.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Volatile.Read(ref _elapsed));

    /// <summary>How many timers wait.</summary>
    public int WaitingTimers
    {
        get
        {
            lock (_lock)
                return _timers.Count;
        }
    }

    /// <summary>How far it is to the next timer, zero where one is due already; null where none waits.</summary>
    public TimeSpan? UntilNext
    {
        get
        {
            lock (_lock)
                return _timers.Min is { } next ? TimeSpan.FromTicks(Math.Max(next.Due - _elapsed, 0)) : null;
        }
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _start + Elapsed;

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref _elapsed);

    /// <summary>A timer of this clock. One that is due at once fires with the next <see cref="Advance"/>, be it by nothing.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        VirtualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Goes on by <paramref name="by"/> and fires the timers on the way, each at its own time. Calls from several threads follow each other; a
    /// timer may call it too.
    /// </summary>
    /// <param name="by">From nothing to <see cref="MostAdvance"/>.</param>
    /// <param name="cancel">Ends it between two timers: the clock then stands at the last one that has fired.</param>
    /// <returns>How many timers have fired.</returns>
    public long Advance(TimeSpan by, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(by, MostAdvance);
        // What awaits a timer goes on in place only where no context wants it elsewhere.
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            lock (_advancing)
                return FireUntil(Volatile.Read(ref _elapsed) + by.Ticks, cancel);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    internal void Schedule(VirtualTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
            timer.Period = period > TimeSpan.Zero ? period.Ticks : 0;
            if (dueTime < TimeSpan.Zero || timer.IsDisposed)
                return;
            timer.Due = _elapsed + dueTime.Ticks;
            timer.Turn = ++_lastTurn;
            _timers.Add(timer);
        }
    }

    internal void Dispose(VirtualTimer timer)
    {
        lock (_lock)
        {
            timer.IsDisposed = true;
            _timers.Remove(timer);
        }
    }

    private long FireUntil(long end, CancellationToken cancel)
    {
        long fired = 0;
        while (TakeNext(end) is { } timer)
        {
            timer.Fire();
            fired++;
            cancel.ThrowIfCancellationRequested();
        }

        return fired;
    }

    /// <summary>The next timer that is due by then, with the clock set to its time; without one, the clock stands at the end.</summary>
    private VirtualTimer? TakeNext(long end)
    {
        lock (_lock)
        {
            VirtualTimer? next = _timers.Min;
            if (next is null || next.Due > end)
            {
                Volatile.Write(ref _elapsed, Math.Max(_elapsed, end));
                return null;
            }

            _timers.Remove(next);
            Volatile.Write(ref _elapsed, Math.Max(_elapsed, next.Due));
            if (next.Period > 0)
            {
                next.Due += next.Period;
                next.Turn = ++_lastTurn;
                _timers.Add(next);
            }

            return next;
        }
    }
}
