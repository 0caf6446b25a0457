using System.Globalization;

namespace Libvirtd.Daemon.Logging;

/// <summary>One message, before it is dressed for an output.</summary>
/// <param name="Source">libvirt's name for the part of the daemon that speaks, such as <c>rpc.server</c>.</param>
/// <param name="EventId">The message's number in its source; libvirt has a line number here.</param>
internal readonly record struct LogLine(DateTime Utc, int Thread, LogPriority Priority, string Source, int EventId, string Text)
{
    /// <summary>The word for the priority, unpadded, as tools that read libvirt's logs expect it.</summary>
    public static string Word(LogPriority priority) => priority switch
    {
        LogPriority.Debug => "debug",
        LogPriority.Info => "info",
        LogPriority.Warning => "warning",
        _ => "error",
    };

    /// <summary>The priority in syslog's numbers.</summary>
    public static int Severity(LogPriority priority) => priority switch
    {
        LogPriority.Debug => 7,
        LogPriority.Info => 6,
        LogPriority.Warning => 4,
        _ => 3,
    };

    /// <summary>libvirt's line for files and terminals, without its line end.</summary>
    public string Format() => string.Create(CultureInfo.InvariantCulture,
        $"{Utc:yyyy-MM-dd HH:mm:ss.fff}+0000: {Thread}: {Word(Priority)} : {Source}:{EventId} : {Text}");
}
