using Libvirtd.Daemon.Configuration;

namespace Libvirtd.Daemon.Logging;

/// <summary>What surrounds the process, as far as logs depend on it.</summary>
/// <param name="Variable">Reads an environment variable.</param>
/// <param name="Background">The daemon left its terminal (--daemon).</param>
/// <param name="JournalWritable">journald listens.</param>
/// <param name="InputIsTerminal">Somebody sits at stdin.</param>
internal sealed record LogSurroundings(Func<string, string?> Variable, bool Background, bool JournalWritable, bool InputIsTerminal);

/// <summary>Who decides about logs: the environment over the file, --verbose over both for the level.</summary>
internal static class LogSetup
{
    /// <summary>Merges the sources. A bad value in the file is an error, in the environment only a warning.</summary>
    /// <exception cref="ConfigException">log_filters or log_outputs in the file cannot be read.</exception>
    public static LogRules Decide(DaemonSettings settings, bool verbose, DaemonPaths paths, LogSurroundings around, List<string> warnings)
    {
        LogPriority level = (LogPriority)settings.LogLevel;
        IReadOnlyList<LogFilter> filters = FromFile(settings, "log_filters", settings.LogFilters, LogRuleParser.Filters);
        IReadOnlyList<LogOutput> outputs = FromFile(settings, "log_outputs", settings.LogOutputs, LogRuleParser.Outputs);

        if (around.Variable("LIBVIRT_DEBUG") is { Length: > 0 } debug)
        {
            if (LogRuleParser.Priority(debug) is LogPriority wanted) level = wanted;
            else warnings.Add($"Ignoring invalid log level setting: LIBVIRT_DEBUG is '{debug}'");
        }
        filters = FromEnvironment("LIBVIRT_LOG_FILTERS", filters, LogRuleParser.Filters);
        outputs = FromEnvironment("LIBVIRT_LOG_OUTPUTS", outputs, LogRuleParser.Outputs);
        if (verbose && level > LogPriority.Info) level = LogPriority.Info;
        LogOutput byDefault = Default(paths, around);
        return new LogRules(level, filters, outputs.Count > 0 ? outputs : [byDefault], byDefault);

        IReadOnlyList<T> FromEnvironment<T>(string name, IReadOnlyList<T> otherwise, Func<string, IReadOnlyList<T>> parse)
        {
            if (around.Variable(name) is not { Length: > 0 } text) return otherwise;
            try
            {
                return parse(text);
            }
            catch (FormatException failure)
            {
                warnings.Add($"Ignoring {name}: {failure.Message}");
                return otherwise;
            }
        }
    }

    // The output takes everything; level and filters choose.
    private static LogOutput Default(DaemonPaths paths, LogSurroundings around)
    {
        if (around.JournalWritable && (around.Background || !around.InputIsTerminal)) return new LogOutput(LogPriority.Debug, LogDestination.Journald);
        return around.Background
            ? new LogOutput(LogPriority.Debug, LogDestination.File, paths.LogFile)
            : new LogOutput(LogPriority.Debug, LogDestination.Stderr);
    }

    private static IReadOnlyList<T> FromFile<T>(DaemonSettings settings, string key, string? text, Func<string, IReadOnlyList<T>> parse)
    {
        try
        {
            return parse(text ?? "");
        }
        catch (FormatException failure)
        {
            throw new ConfigException($"{settings.Source}: {key}: {failure.Message}");
        }
    }
}
