using System.Runtime.InteropServices;
using Libvirtd.Daemon.Logging;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Daemon.Hosting;

/// <summary>
/// Signals, as libvirtd takes them: the first of INT, QUIT and TERM stops the daemon gracefully, the second at once; HUP reloads. (PIPE is
/// ignored by the runtime.)
/// </summary>
internal sealed class SignalLifetime(IHostApplicationLifetime application, IServerHost server, DaemonLog log, ILogger<SignalLifetime> logger)
    : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _stopsAsked;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (PosixSignal signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM })
            _registrations.Add(PosixSignalRegistration.Create(signal, OnStop));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnReload));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
    }

    private void OnStop(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _stopsAsked) > 1)
        {
            HostLog.StoppedAtOnce(logger, context.Signal);
            Environment.Exit((int)ExitStatus.Failure);
        }
        HostLog.Stopping(logger, context.Signal);
        application.StopApplication();
    }

    private void OnReload(PosixSignalContext context)
    {
        context.Cancel = true;
        log.Reopen();
        HostLog.Reloading(logger);
        // Before the drivers are up there is nothing to reload.
        if (application.ApplicationStarted.IsCancellationRequested) _ = ReloadAsync();
    }

    private async Task ReloadAsync()
    {
        try
        {
            await server.ReloadAsync(application.ApplicationStopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
#pragma warning disable CA1031 // Whatever a driver throws, the daemon goes on.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            HostLog.ReloadFailed(logger, failure);
        }
    }
}
