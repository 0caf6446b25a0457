using Libvirtd.Daemon.CommandLine;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Daemon.Interop;
using Libvirtd.Protocol;
using Microsoft.Extensions.Logging;
using NLog;
using NLog.Config;
using NLog.Extensions.Logging;
using NLog.Targets;

namespace Libvirtd.Daemon.Logging;

/// <summary>
/// The daemon's log: what libraries say through <see cref="ILogger"/>, sorted by NLog after libvirt's rules, written by our own sinks in
/// libvirt's format.
/// </summary>
internal sealed class DaemonLog : ILoggerProvider
{
    private readonly LogFactory _factory = new();
    private readonly NLogLoggerProvider _provider;
    private readonly List<SinkTarget> _targets = [];

    /// <exception cref="DaemonStartException">A log file cannot be opened.</exception>
    public DaemonLog(LogRules rules, TimeProvider time)
    {
        LoggingConfiguration configuration = new(_factory);
        List<(LogOutput Output, SinkTarget Target)> outputs = [];
        foreach (LogOutput output in rules.Outputs)
        {
            SinkTarget target = new($"output{outputs.Count}", Open(output), time);
            outputs.Add((output, target));
            _targets.Add(target);
        }
        foreach (LogFilter filter in rules.Filters.Append(new LogFilter(rules.Level, "*")))
        {
            foreach ((LogOutput output, SinkTarget target) in outputs)
            {
                LogPriority least = filter.Priority > output.Priority ? filter.Priority : output.Priority;
                configuration.LoggingRules.Add(new LoggingRule(filter.Pattern, Level(least), target));
            }
            // Without a target and final: what this filter matches is decided, no later one is asked.
            LoggingRule last = new() { LoggerNamePattern = filter.Pattern, Final = true };
            last.EnableLoggingForLevels(NLog.LogLevel.Trace, NLog.LogLevel.Fatal);
            configuration.LoggingRules.Add(last);
        }
        _factory.Configuration = configuration;
        _provider = new NLogLoggerProvider(new NLogProviderOptions(), _factory);
        LeastLevel = rules.Filters.Select(filter => filter.Priority).Append(rules.Level).Min() switch
        {
            LogPriority.Debug => Microsoft.Extensions.Logging.LogLevel.Trace,
            LogPriority.Info => Microsoft.Extensions.Logging.LogLevel.Information,
            LogPriority.Warning => Microsoft.Extensions.Logging.LogLevel.Warning,
            _ => Microsoft.Extensions.Logging.LogLevel.Error,
        };
        WritesToStderr = rules.Outputs.Any(output => output.Destination == LogDestination.Stderr);
    }

    /// <summary>Nothing below this level is written anywhere.</summary>
    public Microsoft.Extensions.Logging.LogLevel LeastLevel { get; }

    /// <summary>Whoever started the daemon sees the log.</summary>
    public bool WritesToStderr { get; }

    /// <inheritdoc/>
    public Microsoft.Extensions.Logging.ILogger CreateLogger(string categoryName) => _provider.CreateLogger(SourceNames.Of(categoryName));

    /// <summary>Opens log files again, after they were moved away.</summary>
    public void Reopen()
    {
        foreach (SinkTarget target in _targets) target.Reopen();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _provider.Dispose();
        _factory.Shutdown();
        foreach (SinkTarget target in _targets) target.CloseSink();
    }

    private static ILogSink Open(LogOutput output)
    {
        switch (output.Destination)
        {
            case LogDestination.Stderr:
                return new StderrSink(new StandardStream(2));
            case LogDestination.Syslog:
                return new SyslogSink(output.Argument!);
            case LogDestination.Journald:
                return new JournaldSink(DaemonCommandLine.Program);
            default:
                try
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(output.Argument!)!);
                    return new FileSink(output.Argument!);
                }
                catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
                {
                    throw new DaemonStartException(ExitStatus.Failure, $"Failed to open log file '{output.Argument}': {failure.Message}");
                }
        }
    }

    private static NLog.LogLevel Level(LogPriority priority) => priority switch
    {
        LogPriority.Debug => NLog.LogLevel.Trace,
        LogPriority.Info => NLog.LogLevel.Info,
        LogPriority.Warning => NLog.LogLevel.Warn,
        _ => NLog.LogLevel.Error,
    };

    /// <summary>NLog's side of a sink. The first two lines say which daemon on which machine writes.</summary>
    private sealed class SinkTarget : Target
    {
        private readonly ILogSink _sink;
        private readonly TimeProvider _time;
        private bool _introduced;

        public SinkTarget(string name, ILogSink sink, TimeProvider time)
        {
            Name = name;
            _sink = sink;
            _time = time;
        }

        public void Reopen()
        {
            lock (SyncRoot) _sink.Reopen();
        }

        public void CloseSink()
        {
            lock (SyncRoot) _sink.Dispose();
        }

        // NLog holds SyncRoot here.
        protected override void Write(LogEventInfo logEvent)
        {
            if (!_introduced)
            {
                _introduced = true;
                _sink.Write(Line(LogPriority.Info, "daemon.log", 0, $"libvirt version: {LibvirtVersion.Text}, package: {DaemonCommandLine.Program}"));
                _sink.Write(Line(LogPriority.Info, "daemon.log", 0, $"hostname: {Environment.MachineName}"));
            }
            LogPriority priority = logEvent.Level.Ordinal switch
            {
                <= 1 => LogPriority.Debug,
                2 => LogPriority.Info,
                3 => LogPriority.Warning,
                _ => LogPriority.Error,
            };
            string text = logEvent.Exception is null ? logEvent.FormattedMessage : $"{logEvent.FormattedMessage}\n{logEvent.Exception}";
            _sink.Write(Line(priority, logEvent.LoggerName ?? "", EventId(logEvent), text));
        }

        private LogLine Line(LogPriority priority, string source, int eventId, string text) =>
            new(_time.GetUtcNow().UtcDateTime, Environment.CurrentManagedThreadId, priority, source, eventId, text);

        private static int EventId(LogEventInfo logEvent) =>
            logEvent.HasProperties && logEvent.Properties.TryGetValue("EventId", out object? id)
                ? id switch { EventId structured => structured.Id, int number => number, _ => 0 }
                : 0;
    }
}
