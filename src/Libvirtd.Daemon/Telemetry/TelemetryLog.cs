using System.Net;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Daemon.Telemetry;

/// <summary>What is logged about figures and spans; event ids 1060 to 1069.</summary>
internal static partial class TelemetryLog
{
    [LoggerMessage(EventId = 1060, Level = LogLevel.Information, Message = "Metrics are at http://{Address}/metrics")]
    public static partial void Serving(ILogger logger, IPEndPoint address);

    [LoggerMessage(EventId = 1061, Level = LogLevel.Warning, Message = "The collector {Collector} takes no spans: {Reason}")]
    public static partial void CollectorFails(ILogger logger, Uri collector, string reason);

    [LoggerMessage(EventId = 1062, Level = LogLevel.Warning, Message = "{Count} spans were dropped: the collector did not take them in time")]
    public static partial void SpansDropped(ILogger logger, long count);
}
