using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Rpc;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Daemon.Telemetry;

/// <summary>Serves figures and sends spans where the settings ask for them; the host has no such service where they do not.</summary>
internal sealed class TelemetryService(DaemonPlan plan, ILogger<TelemetryService> logger) : IHostedService, IAsyncDisposable
{
    /// <summary>The runtime's own figures: memory, collections, threads.</summary>
    private const string RuntimeMeter = "System.Runtime";

    private MetricStore? _figures;
    private MetricsEndpoint? _endpoint;
    private TraceExporter? _spans;

    public static bool IsWanted(DaemonSettings settings) => settings.MetricsListen is not null || settings.TraceCollector is not null;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (plan.Settings.MetricsListen is { } address)
        {
            _figures = new MetricStore(RpcServer.TelemetryName, RuntimeMeter);
            _endpoint = new MetricsEndpoint(address, _figures.Text);
            TelemetryLog.Serving(logger, _endpoint.Address);
        }
        if (plan.Settings.TraceCollector is { } collector)
            _spans = new TraceExporter(collector, plan.Settings.TracePercent, RpcServer.TelemetryName, logger);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _endpoint, null) is { } endpoint) await endpoint.DisposeAsync().ConfigureAwait(false);
        _figures?.Dispose();
        if (Interlocked.Exchange(ref _spans, null) is { } spans) await spans.DisposeAsync().ConfigureAwait(false);
    }
}
