namespace Libvirtd.Drivers.Test;

/// <summary>A clock that runs faster or slower than another, from where that stands when it is made.</summary>
public sealed class ScaledClock : TimeProvider
{
    /// <summary>The slowest speed.</summary>
    public const double LeastSpeed = 0.001;

    /// <summary>The highest speed.</summary>
    public const double MostSpeed = 1_000_000;

    private readonly TimeProvider _inner;
    private readonly DateTimeOffset _start;
    private readonly long _startTimestamp;

    /// <summary>A clock that goes <paramref name="speed"/> times as fast as <paramref name="inner"/>.</summary>
    /// <param name="inner">The clock to follow.</param>
    /// <param name="speed">From <see cref="LeastSpeed"/> to <see cref="MostSpeed"/>.</param>
    public ScaledClock(TimeProvider inner, double speed)
    {
        ArgumentNullException.ThrowIfNull(inner);
        if (!IsSpeed(speed))
            throw new ArgumentOutOfRangeException(nameof(speed));
        _inner = inner;
        Speed = speed;
        _start = inner.GetUtcNow();
        _startTimestamp = inner.GetTimestamp();
    }

    public double Speed { get; }

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => _inner.LocalTimeZone;

    public static bool IsSpeed(double speed) => speed is >= LeastSpeed and <= MostSpeed;

    /// <inheritdoc/>
    public override long GetTimestamp() => (long)(_inner.GetElapsedTime(_startTimestamp).Ticks * Speed);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _start + TimeSpan.FromTicks(GetTimestamp());

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new ScaledTimer(this, _inner.CreateTimer(callback, state, Scale(dueTime), Scale(period)));

    /// <summary>How long that takes on the other clock; neither nothing nor "never" changes.</summary>
    private TimeSpan Scale(TimeSpan time)
    {
        if (time <= TimeSpan.Zero)
            return time;
        // Timers count whole milliseconds: none may fire early, nor turn into one that is due at once or beyond what they take.
        double milliseconds = Math.Ceiling(time.TotalMilliseconds / Speed);
        return TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 1, uint.MaxValue - 1d));
    }

    private sealed class ScaledTimer(ScaledClock clock, ITimer inner) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(clock.Scale(dueTime), clock.Scale(period));

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
