using System.Net;

namespace Libvirtd.Daemon.Telemetry;

/// <summary>Where telemetry goes, as configuration and command line say it.</summary>
internal static class TelemetryAddresses
{
    /// <summary>An address of this machine alone, with a port: nobody is asked who he is.</summary>
    public static IPEndPoint? ParseMetrics(string text) =>
        IPEndPoint.TryParse(text, out IPEndPoint? address) && IPAddress.IsLoopback(address.Address) && HasPort(text, address) ? address : null;

    /// <summary>A collector's URL.</summary>
    public static Uri? ParseCollector(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme == "http" ? url : null;

    // Port 0 is a free one, and has to be meant.
    private static bool HasPort(string text, IPEndPoint address) => address.Port != 0 || text.EndsWith(":0", StringComparison.Ordinal);
}
