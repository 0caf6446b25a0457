using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Sockets;

namespace Libvirtd.Daemon.Hosting;

/// <summary>What serves the daemon's clients. The daemon makes the sockets and decides about start and end; all else is the server's.</summary>
internal interface IServerHost
{
    /// <summary>True while nothing speaks against an exit by --timeout: no client is connected, no driver has running guests.</summary>
    bool Idle { get; }

    /// <summary><see cref="Idle"/> may have changed. Raised on any thread.</summary>
    event Action? IdleChanged;

    /// <summary>
    /// Initialises the drivers, then starts to accept on the sockets. They listen already; clients that were early wait in the backlog.
    /// The server closes them in <see cref="StopAsync"/>, by <see cref="ListenSocket.Dispose"/>.
    /// </summary>
    /// <param name="daemon">What administrators among the clients may do with the daemon itself.</param>
    /// <exception cref="DaemonStartException">It cannot serve.</exception>
    Task StartAsync(DaemonSettings settings, IReadOnlyList<ListenSocket> sockets, IDaemonControl daemon, CancellationToken stop);

    /// <summary>SIGHUP: the drivers read their state again.</summary>
    Task ReloadAsync(CancellationToken stop);

    /// <summary>
    /// Closes the listening sockets, disconnects the clients, and lets running calls finish. Guests keep running.
    /// </summary>
    /// <param name="grace">The longest time for running calls.</param>
    /// <returns>False when calls were still running after that time.</returns>
    Task<bool> StopAsync(TimeSpan grace);
}
