namespace Libvirtd.Daemon.Logging;

/// <summary>How urgent a message is, in libvirt's numbers.</summary>
internal enum LogPriority
{
    Debug = 1,
    Info = 2,
    Warning = 3,
    Error = 4,
}

/// <summary>Where messages go.</summary>
internal enum LogDestination
{
    Stderr,
    Syslog,
    File,
    Journald,
}

/// <summary>Messages of sources that match the pattern (with * and ?) are written from this priority on.</summary>
internal sealed record LogFilter(LogPriority Priority, string Pattern);

/// <summary>One output, and the least priority that it takes. <paramref name="Argument"/>: a file's path, syslog's identifier.</summary>
internal sealed record LogOutput(LogPriority Priority, LogDestination Destination, string? Argument = null);

/// <summary>What is logged, and where.</summary>
/// <param name="Level">Holds for what no filter matches.</param>
/// <param name="Filters">The first that matches decides.</param>
/// <param name="Default">The output when none is configured.</param>
internal sealed record LogRules(LogPriority Level, IReadOnlyList<LogFilter> Filters, IReadOnlyList<LogOutput> Outputs, LogOutput Default);

/// <summary>Reads the texts of log_filters and log_outputs.</summary>
internal static class LogRuleParser
{
    private static readonly char[] s_blanks = [' ', '\t', '\r', '\n'];

    /// <summary>Reads <c>LEVEL:PATTERN ...</c>; a pattern matches anywhere in a source's name.</summary>
    /// <exception cref="FormatException">With the reason, in libvirt's words.</exception>
    public static IReadOnlyList<LogFilter> Filters(string text)
    {
        List<LogFilter> filters = [];
        foreach (string item in Items(text))
        {
            (string level, string? pattern) = Split(item);
            if (pattern is null) throw new FormatException($"Malformed format for filter '{item}'");
            if (Priority(level) is not LogPriority priority) throw new FormatException($"Invalid priority '{level}' for filter '{item}'");
            if (pattern is "" or "+") throw new FormatException($"Invalid match string '{pattern}'");
            pattern = pattern.StartsWith('+') ? pattern[1..] : pattern;
            filters.Add(new LogFilter(priority, $"*{pattern}*"));
        }
        return filters;
    }

    /// <summary>Reads <c>LEVEL:DESTINATION[:ARGUMENT] ...</c>; of one destination named twice the last counts.</summary>
    /// <exception cref="FormatException">With the reason, in libvirt's words.</exception>
    public static IReadOnlyList<LogOutput> Outputs(string text)
    {
        List<LogOutput> outputs = [];
        foreach (string item in Items(text))
        {
            (string level, string? rest) = Split(item);
            if (rest is null) throw new FormatException($"Malformed format for log output '{item}'");
            if (Priority(level) is not LogPriority priority) throw new FormatException($"Invalid log priority '{level}' for log output '{item}'");
            (string name, string? argument) = Split(rest);
            LogDestination destination = name switch
            {
                "stderr" => LogDestination.Stderr,
                "syslog" => LogDestination.Syslog,
                "file" => LogDestination.File,
                "journald" => LogDestination.Journald,
                _ => throw new FormatException($"Invalid log destination '{name}' for log output '{item}'"),
            };
            bool wantsArgument = destination is LogDestination.Syslog or LogDestination.File;
            if (wantsArgument != argument is { Length: > 0 } || (!wantsArgument && argument is not null))
                throw new FormatException($"Log output '{item}' does not meet the format requirements for destination type '{name}'");
            if (destination == LogDestination.File && !Path.IsPathFullyQualified(argument!))
                throw new FormatException($"Log output '{item}' needs an absolute path");
            outputs.RemoveAll(output => output.Destination == destination && (destination == LogDestination.Syslog || output.Argument == argument));
            outputs.Add(new LogOutput(priority, destination, argument));
        }
        return outputs;
    }

    /// <summary>A level by number or name; null when it is neither.</summary>
    public static LogPriority? Priority(string text) => text switch
    {
        "1" or "debug" => LogPriority.Debug,
        "2" or "info" => LogPriority.Info,
        "3" or "warning" => LogPriority.Warning,
        "4" or "error" => LogPriority.Error,
        _ => null,
    };

    private static string[] Items(string text) => text.Split(s_blanks, StringSplitOptions.RemoveEmptyEntries);

    private static (string Head, string? Tail) Split(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }
}
