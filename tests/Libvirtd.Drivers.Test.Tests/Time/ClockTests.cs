namespace Libvirtd.Drivers.Test.Tests;

public sealed class ClockTests
{
    private readonly VirtualClock _clock = new();
    private readonly List<string> _fired = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Timers_fire_by_time_and_then_by_turn_each_at_its_own_time()
    {
        using ITimer late = Timer("late", 3);
        using ITimer first = Timer("first", 1);
        using ITimer second = Timer("second", 1);
        using ITimer never = Timer("never", 9);
        Assert.Equal(TimeSpan.FromSeconds(1), _clock.UntilNext);
        Assert.Equal(3, _clock.Advance(TimeSpan.FromSeconds(5), Cancel));
        Assert.Equal(["first@1", "second@1", "late@3"], _fired);
        Assert.Equal(TimeSpan.FromSeconds(5), _clock.Elapsed);
        Assert.Equal(VirtualClock.DefaultStart.AddSeconds(5), _clock.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(5), _clock.GetElapsedTime(0));
        Assert.Equal(TimeSpan.FromSeconds(4), _clock.UntilNext);
    }

    [Fact]
    public void A_timer_can_repeat_be_changed_and_be_disposed()
    {
        using ITimer beat = Timer("beat", 1, 2);
        ITimer gone = Timer("gone", 2);
        gone.Dispose();
        Assert.False(gone.Change(TimeSpan.Zero, TimeSpan.Zero));
        _clock.Advance(TimeSpan.FromSeconds(4), Cancel);
        Assert.Equal(["beat@1", "beat@3"], _fired);
        beat.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Assert.Equal(0, _clock.WaitingTimers);
    }

    [Fact]
    public async Task What_awaits_goes_on_within_the_advance_even_where_a_context_would_take_it_elsewhere()
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        Task work = Task.CompletedTask;
        try
        {
            SynchronizationContext.SetSynchronizationContext(new Stuck());
            work = Work();
            int thread = Environment.CurrentManagedThreadId;
            _clock.Advance(TimeSpan.FromSeconds(10), Cancel);
            Assert.Equal([$"one@1 {thread}", $"two@3 {thread}"], _fired);
            Assert.IsType<Stuck>(SynchronizationContext.Current);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }

        await work;

        async Task Work()
        {
            await Task.Delay(TimeSpan.FromSeconds(1), _clock, Cancel).ConfigureAwait(false);
            _fired.Add($"one@{_clock.Elapsed.TotalSeconds} {Environment.CurrentManagedThreadId}");
            await Task.Delay(TimeSpan.FromSeconds(2), _clock, Cancel).ConfigureAwait(false);
            _fired.Add($"two@{_clock.Elapsed.TotalSeconds} {Environment.CurrentManagedThreadId}");
        }
    }

    [Fact]
    public void An_advance_can_be_ended_between_two_timers()
    {
        using CancellationTokenSource end = new();
        using ITimer stop = _clock.CreateTimer(_ => end.Cancel(), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        using ITimer next = Timer("next", 2);
        Assert.Throws<OperationCanceledException>(() => _clock.Advance(TimeSpan.FromSeconds(5), end.Token));
        Assert.Equal(TimeSpan.FromSeconds(1), _clock.Elapsed);
        Assert.Empty(_fired);
        Assert.Throws<ArgumentOutOfRangeException>(() => _clock.Advance(TimeSpan.FromTicks(-1), Cancel));
        Assert.Throws<ArgumentOutOfRangeException>(() => _clock.Advance(VirtualClock.MostAdvance + TimeSpan.FromTicks(1), Cancel));
    }

    [Fact]
    public void A_scaled_clock_goes_by_another_at_its_own_speed()
    {
        ScaledClock fast = new(_clock, 10);
        using ITimer timer = fast.CreateTimer(_ => _fired.Add($"{_clock.Elapsed.TotalSeconds}"), null, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(5));
        _clock.Advance(TimeSpan.FromSeconds(3), Cancel);
        Assert.Equal(["2", "2.5", "3"], _fired);
        Assert.Equal(VirtualClock.DefaultStart.AddSeconds(30), fast.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(30), fast.GetElapsedTime(0));
    }

    [Theory]
    [InlineData("250ms", 0.25)]
    [InlineData("2s", 2)]
    [InlineData("2", 2)]
    [InlineData("1.5m", 90)]
    [InlineData("1h", 3600)]
    [InlineData("366d", 366 * 86400)]
    public void A_duration_is_read(string text, double seconds)
    {
        Assert.True(Duration.TryParse(text, out TimeSpan duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("367d")]
    [InlineData("1e9")]
    [InlineData("2 s")]
    [InlineData("2y")]
    [InlineData("999999999999999999999999999999999999d")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(Duration.TryParse(text, out _));

    private ITimer Timer(string name, double due, double period = 0) => _clock.CreateTimer(
        _ => _fired.Add($"{name}@{_clock.Elapsed.TotalSeconds}"), null, TimeSpan.FromSeconds(due), TimeSpan.FromSeconds(period));

    /// <summary>A context that never runs what it is given.</summary>
    private sealed class Stuck : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }
}
