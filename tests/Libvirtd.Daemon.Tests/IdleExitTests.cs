using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Daemon.Sockets;

namespace Libvirtd.Daemon.Tests;

public class IdleExitTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private readonly ManualTime _time = new();
    private readonly FakeServer _server = new();
    private int _expired;

    private IdleExit Start(TimeSpan? after = null)
    {
        IdleExit exit = new(_server, after ?? s_minute, _time, _ => _expired++);
        exit.Start();
        return exit;
    }

    [Fact]
    public void Idle_from_the_start_expires_after_the_whole_time_and_once()
    {
        using IdleExit exit = Start();
        _time.Advance(s_minute - s_second);
        Assert.Equal(0, _expired);
        _time.Advance(s_second);
        Assert.Equal(1, _expired);
        _time.Advance(s_minute * 5);
        Assert.Equal(1, _expired);
    }

    [Fact]
    public void Client_stops_the_countdown_and_its_end_starts_it_from_zero()
    {
        using IdleExit exit = Start();
        _time.Advance(s_minute - s_second);
        _server.Set(idle: false);
        _time.Advance(s_minute * 10);
        Assert.Equal(0, _expired);
        _server.Set(idle: true);
        _time.Advance(s_minute - s_second);
        Assert.Equal(0, _expired);
        _time.Advance(s_second);
        Assert.Equal(1, _expired);
    }

    [Fact]
    public void Stopping_daemon_does_not_expire()
    {
        Start().Dispose();
        _server.Set(idle: true);
        _time.Advance(s_minute * 2);
        Assert.Equal(0, _expired);
    }

    [Fact]
    public void Changed_time_counts_from_zero_and_zero_is_never()
    {
        using IdleExit exit = Start(TimeSpan.Zero);
        _time.Advance(TimeSpan.FromDays(30));
        exit.SetTimeout(s_minute);
        _time.Advance(s_minute - s_second);
        exit.SetTimeout(s_minute);
        _time.Advance(s_minute - s_second);
        Assert.Equal(0, _expired);
        exit.SetTimeout(TimeSpan.Zero);
        _time.Advance(TimeSpan.FromDays(30));
        Assert.Equal(0, _expired);
    }

    [Fact]
    public void Time_that_no_timer_takes_is_waited_for_whole()
    {
        using IdleExit exit = Start(TimeSpan.FromSeconds(uint.MaxValue));
        for (int i = 0; i < 100; i++) _time.Advance(TimeSpan.FromDays(7));
        Assert.Equal(0, _expired);
        exit.SetTimeout(TimeSpan.FromDays(8));
        _time.Advance(TimeSpan.FromDays(7));
        Assert.Equal(0, _expired);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, _expired);
    }

    private sealed class FakeServer : IServerHost
    {
        public event Action? IdleChanged;

        public bool Idle { get; private set; } = true;

        public void Set(bool idle)
        {
            Idle = idle;
            IdleChanged?.Invoke();
        }

        public Task StartAsync(DaemonSettings settings, IReadOnlyList<ListenSocket> sockets, IDaemonControl daemon, CancellationToken stop) => Task.CompletedTask;

        public Task ReloadAsync(CancellationToken stop) => Task.CompletedTask;

        public Task<bool> StopAsync(TimeSpan grace) => Task.FromResult(true);
    }
}
