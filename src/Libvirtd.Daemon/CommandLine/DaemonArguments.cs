using System.Net;

namespace Libvirtd.Daemon.CommandLine;

/// <summary>What the command line said.</summary>
internal sealed record DaemonArguments
{
    public bool Verbose { get; init; }
    public bool Background { get; init; }
    public bool Listen { get; init; }

    /// <summary>Exit after this long without clients; null is never.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Where to serve metrics; overrides the configuration.</summary>
    public IPEndPoint? Metrics { get; init; }

    /// <summary>Where to send spans; overrides the configuration.</summary>
    public Uri? Traces { get; init; }

    /// <summary>Absolute.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Absolute.</summary>
    public string? PidFile { get; init; }
}
