namespace Libvirtd.Daemon.Hosting;

/// <summary>What an administrator may do with the daemon as a whole.</summary>
internal interface IDaemonControl
{
    /// <summary>Exits once idle for so long, counted from now when it is idle already; zero: never.</summary>
    void SetIdleTimeout(TimeSpan after);

    /// <summary>Stops the daemon as a signal would.</summary>
    void Shutdown();
}
