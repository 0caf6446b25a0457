namespace Libvirtd.Daemon.Hosting;

/// <summary>--timeout: asks for the exit once the server was idle for the whole time, counted from zero whenever it becomes idle.</summary>
internal sealed class IdleExit : IDisposable
{
    private readonly Lock _gate = new();
    private readonly IServerHost _server;
    private readonly TimeSpan _after;
    private readonly Action _expired;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private bool _counting;
    private long _since;
    private bool _done;

    public IdleExit(IServerHost server, TimeSpan after, TimeProvider time, Action expired)
    {
        _server = server;
        _after = after;
        _expired = expired;
        _time = time;
        _timer = time.CreateTimer(static self => ((IdleExit)self!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _server.IdleChanged += OnIdleChanged;
        OnIdleChanged();
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
            if (_done || idle == _counting) return;
            _counting = idle;
            _since = _time.GetTimestamp();
            _timer.Change(idle ? _after : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            // A client may have come, and even gone again, while the timer was on its way here.
            if (_done || !_counting || !_server.Idle) return;
            TimeSpan left = _after - _time.GetElapsedTime(_since);
            if (left > TimeSpan.Zero)
            {
                _timer.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }
            _done = true;
        }
        _expired();
    }
}
