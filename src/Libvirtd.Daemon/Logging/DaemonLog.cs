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
    private readonly Lock _gate = new();
    private readonly LogFactory _factory = new();
    private readonly LoggingConfiguration _configuration;
    private readonly NLogLoggerProvider _provider;
    private readonly TimeProvider _time;
    private List<(LogOutput Output, SinkTarget Target)> _outputs = [];
    private int _opened;

    /// <exception cref="DaemonStartException">A log file cannot be opened.</exception>
    public DaemonLog(LogRules rules, TimeProvider time)
    {
        _time = time;
        _configuration = new LoggingConfiguration(_factory);
        Rules = rules with { Outputs = [] };
        Apply(rules);
        _factory.Configuration = _configuration;
        _provider = new NLogLoggerProvider(new NLogProviderOptions(), _factory);
        WritesToStderr = rules.Outputs.Any(output => output.Destination == LogDestination.Stderr);
    }

    /// <summary>What is logged, and where, at the moment.</summary>
    public LogRules Rules { get; private set; }

    /// <summary>Whoever starts the daemon sees the log.</summary>
    public bool WritesToStderr { get; }

    /// <inheritdoc/>
    public Microsoft.Extensions.Logging.ILogger CreateLogger(string categoryName) => _provider.CreateLogger(SourceNames.Of(categoryName));

    /// <summary>Other filters from now on.</summary>
    public void SetFilters(IReadOnlyList<LogFilter> filters)
    {
        lock (_gate) Apply(Rules with { Filters = filters });
    }

    /// <summary>Other outputs from now on; none: the default one.</summary>
    /// <exception cref="DaemonStartException">A log file cannot be opened; nothing was changed.</exception>
    public void SetOutputs(IReadOnlyList<LogOutput> outputs)
    {
        lock (_gate) Apply(Rules with { Outputs = outputs.Count > 0 ? outputs : [Rules.Default] });
    }

    /// <summary>Opens log files again, after they were moved away.</summary>
    public void Reopen()
    {
        lock (_gate)
        {
            foreach ((_, SinkTarget target) in _outputs) target.Reopen();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _provider.Dispose();
        _factory.Shutdown();
        Close(_outputs.Select(output => output.Target));
    }

    private void Apply(LogRules rules)
    {
        List<(LogOutput Output, SinkTarget Target)> outputs = OpenAll(rules.Outputs);
        List<LoggingRule> sorted = Sort(rules, outputs);
        // Loggers read the rules under this lock, and keep what they made of them until they are told.
        lock (_configuration.LoggingRules)
        {
            _configuration.LoggingRules.Clear();
            foreach (LoggingRule rule in sorted) _configuration.LoggingRules.Add(rule);
        }
        _factory.ReconfigExistingLoggers();
        SinkTarget[] gone = [.. _outputs.Select(output => output.Target).Except(outputs.Select(output => output.Target))];
        _outputs = outputs;
        Rules = rules;
        Close(gone);
    }

    /// <summary>The outputs with their targets; what is open already stays so.</summary>
    private List<(LogOutput Output, SinkTarget Target)> OpenAll(IReadOnlyList<LogOutput> wanted)
    {
        List<(LogOutput Output, SinkTarget Target)> outputs = [];
        List<SinkTarget> opened = [];
        try
        {
            foreach (LogOutput output in wanted)
            {
                SinkTarget? target = _outputs.Find(known => known.Output.Destination == output.Destination && known.Output.Argument == output.Argument).Target;
                if (target is null)
                {
                    target = new SinkTarget($"output{_opened++}", Open(output), _time);
                    opened.Add(target);
                }
                outputs.Add((output, target));
            }
            return outputs;
        }
        catch
        {
            Close(opened);
            throw;
        }
    }

    private static List<LoggingRule> Sort(LogRules rules, List<(LogOutput Output, SinkTarget Target)> outputs)
    {
        List<LoggingRule> sorted = [];
        foreach (LogFilter filter in rules.Filters.Append(new LogFilter(rules.Level, "*")))
        {
            foreach ((LogOutput output, SinkTarget target) in outputs)
            {
                LogPriority least = filter.Priority > output.Priority ? filter.Priority : output.Priority;
                sorted.Add(new LoggingRule(filter.Pattern, Level(least), target));
            }
            // Without a target and final: what this filter matches is decided, no later one is asked.
            LoggingRule last = new() { LoggerNamePattern = filter.Pattern, Final = true };
            last.EnableLoggingForLevels(NLog.LogLevel.Trace, NLog.LogLevel.Fatal);
            sorted.Add(last);
        }
        return sorted;
    }

    private static void Close(IEnumerable<SinkTarget> targets)
    {
        foreach (SinkTarget target in targets) target.CloseSink();
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
