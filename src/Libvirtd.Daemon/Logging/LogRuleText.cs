using System.Globalization;

namespace Libvirtd.Daemon.Logging;

/// <summary>Writes rules as <see cref="LogRuleParser"/> reads them, exactly as libvirt shows them.</summary>
internal static class LogRuleText
{
    /// <summary>Each filter is followed by a blank, the last one too.</summary>
    public static string Of(IReadOnlyList<LogFilter> filters) =>
        string.Concat(filters.Select(filter => string.Create(CultureInfo.InvariantCulture, $"{(int)filter.Priority}:{filter.Pattern} ")));

    /// <summary>Outputs with blanks between them.</summary>
    public static string Of(IReadOnlyList<LogOutput> outputs) => string.Join(' ', outputs.Select(Of));

    private static string Of(LogOutput output)
    {
        string destination = output.Destination.ToString().ToLowerInvariant();
        string text = string.Create(CultureInfo.InvariantCulture, $"{(int)output.Priority}:{destination}");
        return output.Argument is null ? text : $"{text}:{output.Argument}";
    }
}
