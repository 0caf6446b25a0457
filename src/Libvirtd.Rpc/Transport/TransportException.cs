namespace Libvirtd.Rpc.Transport;

/// <summary>Why a connection ended: who is to blame decides what is logged.</summary>
public enum TransportFault
{
    /// <summary>The peer went away without a goodbye: ordinary, worth no more than a debug line.</summary>
    Reset,

    /// <summary>We are closing it ourselves (<see cref="ITransport.Abort"/>, disposal): to be ignored.</summary>
    Aborted,

    /// <summary>The peer sent what no correct peer sends: too many descriptors, or several in one control message.</summary>
    Violation,

    /// <summary>Anything else: worth a warning.</summary>
    Unexpected,
}

/// <summary>The end of a connection, as its reads and writes throw it.</summary>
public sealed class TransportException(TransportFault fault, string message, Exception? inner = null) : IOException(message, inner)
{
    public TransportFault Fault => fault;

    internal static TransportException FromError(string what, int error) => new(
        error is Native.ECONNRESET or Native.EPIPE or Native.ETIMEDOUT or Native.ENOTCONN or Native.EHOSTUNREACH or Native.ENETUNREACH
            ? TransportFault.Reset
            : TransportFault.Unexpected,
        Native.Failure(what, error).Message);

    internal static TransportException Ended(Exception? reason) => reason is TransportException known
        ? new(known.Fault, known.Message, known)
        : new(TransportFault.Aborted, reason is null ? "the connection was closed" : "the connection was closed: " + reason.Message, reason);
}
