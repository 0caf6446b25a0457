using Microsoft.Extensions.Logging;

namespace Libvirtd.Rpc.Transport;

internal static partial class TransportLog // ids 1000-1099
{
    [LoggerMessage(EventId = 1000, Level = LogLevel.Error, Message = "A connection's handler failed; the connection is closed")]
    public static partial void HandlerFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1001, Level = LogLevel.Error, Message = "Work posted to the I/O loop failed")]
    public static partial void WorkFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1010, Level = LogLevel.Warning, Message = "Out of descriptors or memory ({Reason}): not accepting for {Seconds} s")]
    public static partial void AcceptBackOff(ILogger logger, string reason, double seconds);

    [LoggerMessage(EventId = 1011, Level = LogLevel.Debug, Message = "A connection was gone before it was accepted: errno {Error}")]
    public static partial void AcceptIgnored(ILogger logger, int error);

    [LoggerMessage(EventId = 1012, Level = LogLevel.Error, Message = "A new connection could not be started; it is closed")]
    public static partial void AcceptHandlerFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1020, Level = LogLevel.Warning, Message = "A connection ended unexpectedly")]
    public static partial void Unexpected(ILogger logger, Exception exception);
}
