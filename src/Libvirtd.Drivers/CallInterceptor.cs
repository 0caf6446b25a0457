using Libvirtd.Protocol;

namespace Libvirtd.Drivers;

/// <summary>
/// Stands in the way of a connection's calls, whatever object they are about: to refuse them, to let them wait, to count them, or to make them
/// fail as a test wants. A connection without one pays nothing for it.
/// </summary>
public abstract class CallInterceptor
{
    /// <summary>
    /// Asked before a call is decoded, on the thread that reads the connection. The call goes on when the task ends; while it does not, the call
    /// counts against the client's limit and other calls overtake it. The task must end when <see cref="CallContext.Cancellation"/> does.
    /// </summary>
    /// <exception cref="VirException">The answer is this error; the driver is not asked.</exception>
    /// <exception cref="DisconnectException">The connection ends without an answer.</exception>
    public virtual ValueTask<CallVerdict> BeforeAsync(CallContext call, ProcedureInfo procedure) => default;

    /// <summary>Asked when a call has opened a stream; returns what serves the client instead.</summary>
    public virtual StreamEndpoint OnStream(CallContext call, ProcedureInfo procedure, StreamEndpoint endpoint) => endpoint;
}

/// <summary>What becomes of a call that may go on.</summary>
/// <param name="InsteadOfReply">
/// What the client gets in place of the call's own answer, when that is there: a <see cref="VirException"/> is an error reply, a
/// <see cref="DisconnectException"/> ends the connection. Null: the answer itself.
/// </param>
public readonly record struct CallVerdict(Exception? InsteadOfReply);

/// <summary>
/// Thrown by a driver, an interceptor or a stream's endpoint: the client's connection ends at once, without an answer to the call and without an end
/// of the stream.
/// </summary>
public sealed class DisconnectException(string reason) : Exception(reason);
