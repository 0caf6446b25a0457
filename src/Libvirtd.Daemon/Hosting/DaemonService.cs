using Libvirtd.Daemon.CommandLine;
using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Daemon.Hosting;

/// <summary>Everything that the daemon knows before it starts.</summary>
internal sealed record DaemonPlan(DaemonArguments Arguments, DaemonSettings Settings, DaemonPaths Paths, IReadOnlyList<ActivatedSocket> Activated);

/// <summary>The daemon's life inside the host: sockets, server, idle exit, word to the service manager; and all of it back.</summary>
internal sealed class DaemonService(
    DaemonPlan plan, IServerHost server, ServiceNotifier notifier, IHostApplicationLifetime application, TimeProvider time, ILogger<DaemonService> logger)
    : IHostedService, IDaemonControl, IDisposable
{
    /// <summary>The longest time that running calls get to finish.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly IdleExit _idle = new(server, plan.Arguments.Timeout ?? TimeSpan.Zero, time, timeout =>
    {
        HostLog.IdleTimeout(logger, timeout);
        application.StopApplication();
    });

    /// <summary>False when the stop had to abandon running calls.</summary>
    public bool StoppedCleanly { get; private set; } = true;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ListenSocket> sockets = ListenSockets.Open(plan.Settings, plan.Paths, plan.Arguments.Listen, plan.Activated);
        try
        {
            foreach (ListenSocket socket in sockets)
                HostLog.Listening(logger, socket.Kind, socket);
            await server.StartAsync(plan.Settings, sockets, this, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            foreach (ListenSocket socket in sockets) socket.Dispose();
            throw;
        }
        _idle.Start();
        HostLog.Serving(logger, plan.Settings.Source);
        notifier.Ready();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        notifier.Stopping();
        _idle.Dispose();
        StoppedCleanly = await server.StopAsync(Grace).ConfigureAwait(false);
        if (!StoppedCleanly) HostLog.NotDrained(logger, Grace);
    }

    public void SetIdleTimeout(TimeSpan after) => _idle.SetTimeout(after);

    public void Shutdown()
    {
        HostLog.StoppingByAdministrator(logger);
        application.StopApplication();
    }

    public void Dispose() => _idle.Dispose();
}
