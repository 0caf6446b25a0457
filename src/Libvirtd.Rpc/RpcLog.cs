using Libvirtd.Rpc.Transport;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Rpc;

/// <summary>What the RPC layer logs; event ids 1100 to 1199.</summary>
internal static partial class RpcLog
{
    [LoggerMessage(EventId = 1100, Level = LogLevel.Debug, Message = "Client {ClientId} connected over {Transport}")]
    public static partial void Connected(ILogger logger, long clientId, TransportKind transport);

    [LoggerMessage(EventId = 1101, Level = LogLevel.Debug, Message = "Client {ClientId} disconnected")]
    public static partial void Disconnected(ILogger logger, long clientId);

    [LoggerMessage(EventId = 1102, Level = LogLevel.Debug, Message = "Client {ClientId} disconnected: {Reason}")]
    public static partial void DisconnectedBy(ILogger logger, long clientId, string reason);

    [LoggerMessage(EventId = 1103, Level = LogLevel.Information, Message = "The limit of {Limit} clients is reached: new connections wait")]
    public static partial void Full(ILogger logger, int limit);

    [LoggerMessage(EventId = 1104, Level = LogLevel.Warning, Message = "Process {ProcessId} of user {UserId} may not connect here and is disconnected")]
    public static partial void WrongUser(ILogger logger, int processId, uint? userId);

    [LoggerMessage(EventId = 1190, Level = LogLevel.Warning, Message = "Client {ClientId} broke the protocol and is disconnected: {Reason}")]
    public static partial void ProtocolViolation(ILogger logger, long clientId, string reason);

    [LoggerMessage(EventId = 1191, Level = LogLevel.Warning, Message = "Client {ClientId} does not read: {Bytes} bytes wait, it is disconnected")]
    public static partial void TooSlow(ILogger logger, long clientId, int bytes);

    [LoggerMessage(EventId = 1192, Level = LogLevel.Error, Message = "{Procedure} of client {ClientId} failed unexpectedly")]
    public static partial void CallbackFailed(ILogger logger, long clientId, string procedure, Exception exception);

    [LoggerMessage(EventId = 1193, Level = LogLevel.Warning, Message = "The connection of client {ClientId} failed")]
    public static partial void Failed(ILogger logger, long clientId, Exception? exception);
}
