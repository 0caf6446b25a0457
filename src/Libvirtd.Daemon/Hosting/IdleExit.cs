namespace Libvirtd.Daemon.Hosting;

/// <summary>
/// --timeout: asks for the exit once the server was idle for the whole time, counted from zero whenever it becomes idle or the time is changed.
/// Zero: never.
/// </summary>
internal sealed class IdleExit : IDisposable
{
    /// <summary>Timers take about seven weeks at most; a longer time is waited for in parts.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(7);

    private readonly Lock _gate = new();
    private readonly IServerHost _server;
    private readonly Action<TimeSpan> _expired;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private TimeSpan _after;
    private bool _started;
    private bool _counting;
    private long _since;
    private bool _done;

    /// <summary>Nothing is counted before <see cref="Start"/>.</summary>
    /// <param name="expired">Called once, with the time that has passed.</param>
    public IdleExit(IServerHost server, TimeSpan after, TimeProvider time, Action<TimeSpan> expired)
    {
        _server = server;
        _after = after;
        _expired = expired;
        _time = time;
        _timer = time.CreateTimer(static self => ((IdleExit)self!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Start()
    {
        _server.IdleChanged += OnIdleChanged;
        lock (_gate) _started = true;
        OnIdleChanged();
    }

    public void SetTimeout(TimeSpan after)
    {
        lock (_gate)
        {
            _after = after;
            if (_started) Count(_server.Idle);
        }
    }

    public void Dispose()
    {
        _server.IdleChanged -= OnIdleChanged;
        lock (_gate) _done = true;
        _timer.Dispose();
    }

    private void OnIdleChanged()
    {
        lock (_gate)
        {
            bool idle = _server.Idle;
            if (idle != _counting) Count(idle);
        }
    }

    private void Count(bool idle)
    {
        if (_done) return;
        _counting = idle;
        _since = _time.GetTimestamp();
        Wait(idle && _after > TimeSpan.Zero ? _after : null);
    }

    private void Wait(TimeSpan? left) =>
        _timer.Change(left is not { } wait ? Timeout.InfiniteTimeSpan : wait < s_longestWait ? wait : s_longestWait, Timeout.InfiniteTimeSpan);

    private void OnTimer()
    {
        TimeSpan after;
        lock (_gate)
        {
            after = _after;
            // A client may have come, and even gone again, while the timer was on its way here.
            if (_done || !_counting || after == TimeSpan.Zero || !_server.Idle) return;
            TimeSpan left = after - _time.GetElapsedTime(_since);
            if (left > TimeSpan.Zero)
            {
                Wait(left);
                return;
            }
            _done = true;
        }
        _expired(after);
    }
}
