using System.Runtime.InteropServices;
using Libvirtd.Daemon.Sockets;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Daemon.Hosting;

/// <summary>What the daemon itself logs. Event ids 1000 to 1099.</summary>
internal static partial class HostLog
{
    [LoggerMessage(EventId = 1000, Level = LogLevel.Warning, Message = "{Text}")]
    public static partial void Warning(ILogger logger, string text);

    [LoggerMessage(EventId = 1001, Level = LogLevel.Error, Message = "{Text}")]
    public static partial void StartFailed(ILogger logger, string text);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Information, Message = "Listening: {Kind} on {Socket}")]
    public static partial void Listening(ILogger logger, ServiceKind kind, ListenSocket socket);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Information, Message = "Serving, configured by {Source}")]
    public static partial void Serving(ILogger logger, string source);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Information, Message = "Stopping on {Signal}")]
    public static partial void Stopping(ILogger logger, PosixSignal signal);

    [LoggerMessage(EventId = 1005, Level = LogLevel.Warning, Message = "Stopped at once by a second {Signal}")]
    public static partial void StoppedAtOnce(ILogger logger, PosixSignal signal);

    [LoggerMessage(EventId = 1006, Level = LogLevel.Information, Message = "Stopping after {Timeout} without clients")]
    public static partial void IdleTimeout(ILogger logger, TimeSpan timeout);

    [LoggerMessage(EventId = 1007, Level = LogLevel.Information, Message = "Reloading")]
    public static partial void Reloading(ILogger logger);

    [LoggerMessage(EventId = 1008, Level = LogLevel.Error, Message = "The reload failed")]
    public static partial void ReloadFailed(ILogger logger, Exception failure);

    [LoggerMessage(EventId = 1009, Level = LogLevel.Warning, Message = "Calls were still running after {Grace}; they are abandoned")]
    public static partial void NotDrained(ILogger logger, TimeSpan grace);

    [LoggerMessage(EventId = 1011, Level = LogLevel.Information, Message = "Stopping as an administrator asked")]
    public static partial void StoppingByAdministrator(ILogger logger);

    [LoggerMessage(EventId = 1010, Level = LogLevel.Error, Message = "The daemon ends on a fault of its own")]
    public static partial void Crashed(ILogger logger, Exception failure);
}
