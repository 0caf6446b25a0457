using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Telemetry;
using Libvirtd.Protocol;

namespace Libvirtd.Daemon.CommandLine;

/// <summary>libvirtd's command line.</summary>
internal static class DaemonCommandLine
{
    public const string Program = "libvirtd-net";

    // Milliseconds of the time have to fit an int, as libvirtd demands.
    private const int MaxTimeoutSeconds = int.MaxValue / 1000;

    /// <summary>The line that --version prints.</summary>
    public static string VersionLine => $"{Program} (libvirt) {LibvirtVersion.Text}";

    /// <summary>
    /// Reads the arguments. Null means that everything is said (help, version, or a complaint on <paramref name="error"/>), and
    /// <paramref name="status"/> is what the process returns.
    /// </summary>
    public static DaemonArguments? Parse(string[] args, DaemonPaths paths, TextWriter output, TextWriter error, out int status)
    {
        Option<bool> help = new("--help", "-h");
        Option<bool> version = new("--version", "-V");
        Option<bool> verbose = new("--verbose", "-v");
        Option<bool> background = new("--daemon", "-d");
        Option<bool> listen = new("--listen", "-l");
        Option<string> timeout = new("--timeout", "-t");
        Option<string> config = new("--config", "-f");
        Option<string> pidFile = new("--pid-file", "-p");
        Option<string> metrics = new("--metrics");
        Option<string> traces = new("--traces");

        RootCommand command = new();
        command.Options.Clear(); // its own --help and --version look and exit differently
        foreach (Option option in new Option[] { help, version, verbose, background, listen, timeout, config, pidFile, metrics, traces }) command.Options.Add(option);
        // A switch is there or not: without this, "-v false" would be a value and not something left over.
        foreach (Option<bool> flag in new[] { help, version, verbose, background, listen }) flag.Arity = ArgumentArity.Zero;

        ParseResult parsed = command.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        status = 0;
        if (Given(help))
        {
            output.Write(Help(paths));
            return null;
        }
        if (Given(version))
        {
            output.WriteLine(VersionLine);
            return null;
        }
        status = 1;
        if (Complaint(parsed) is string complaint)
        {
            error.WriteLine($"{Program}: {complaint}");
            error.WriteLine($"Try '{Program} --help' for more information.");
            return null;
        }
        TimeSpan? idle = null;
        if (parsed.GetValue(timeout) is string text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) || seconds is < 1 or > MaxTimeoutSeconds)
            {
                error.WriteLine($"{Program}: Invalid value for timeout: '{text}'; it takes seconds from 1 to {MaxTimeoutSeconds}");
                return null;
            }
            idle = TimeSpan.FromSeconds(seconds);
        }
        if (parsed.GetValue(metrics) is string place && TelemetryAddresses.ParseMetrics(place) is null)
        {
            error.WriteLine($"{Program}: Invalid value for metrics: '{place}'; it takes a loopback address with a port");
            return null;
        }
        if (parsed.GetValue(traces) is string collector && TelemetryAddresses.ParseCollector(collector) is null)
        {
            error.WriteLine($"{Program}: Invalid value for traces: '{collector}'; it takes an http URL");
            return null;
        }
        status = 0;
        return new DaemonArguments
        {
            Verbose = Given(verbose),
            Background = Given(background),
            Listen = Given(listen),
            Timeout = idle,
            Metrics = parsed.GetValue(metrics) is string at ? TelemetryAddresses.ParseMetrics(at) : null,
            Traces = parsed.GetValue(traces) is string url ? TelemetryAddresses.ParseCollector(url) : null,
            ConfigFile = Absolute(parsed.GetValue(config)),
            PidFile = Absolute(parsed.GetValue(pidFile)),
        };

        // A switch that was not given has a result as well, an implicit one.
        bool Given(Option<bool> flag) => parsed.GetResult(flag) is { Implicit: false };
    }

    // The daemon moves to the root directory when it goes to the background.
    private static string? Absolute(string? path) => string.IsNullOrEmpty(path) ? path : Path.GetFullPath(path);

    private static string? Complaint(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens.Count > 0)
        {
            string left = parsed.UnmatchedTokens[0];
            return left.StartsWith('-') && left.Length > 1
                ? $"unrecognized option '{left}'"
                : $"unexpected, non-option, command line arguments: '{left}'";
        }
        return parsed.Errors.Count > 0 ? parsed.Errors[0].Message : null;
    }

    private static string Help(DaemonPaths paths)
    {
        DaemonPaths.SocketPaths sockets = paths.Sockets(unixSocketDirectory: null);
        return $"""

            Usage:
              {Program} [options]

            Options:
              -h | --help            Print this help and exit
              -V | --version         Print the version and exit
              -v | --verbose         Log at level info at least
              -d | --daemon          Go to the background once started
              -l | --listen          Open the TCP and TLS ports
              -t | --timeout <secs>  Exit after so many seconds without clients
              -f | --config <file>   Configuration file
              -p | --pid-file <file> Pid file
              --metrics <addr:port>  Serve metrics on a loopback address
              --traces <url>         Send spans to an OTLP collector

            Default paths:

              Configuration file (unless overridden by -f):
                {paths.ConfigFile}

              Sockets (unless unix_sock_dir is set):
            {string.Join('\n', new[] { sockets.ReadWrite, sockets.ReadOnly }.OfType<string>().Select(path => "    " + path))}

              PID file (unless overridden by -p):
                {paths.PidFile}


            """;
    }
}
