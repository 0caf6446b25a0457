using System.IO.Pipelines;
using System.Net;
using System.Runtime.InteropServices;

namespace Libvirtd.Rpc.Transport;

/// <summary>What carries a connection.</summary>
public enum TransportKind
{
    Unix,
    Tcp,
}

/// <summary>Who is at the other end of a unix socket, as the kernel told it when the peer connected.</summary>
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId);

/// <summary>
/// One connection as a session sees it: bytes in, bytes out, descriptors beside them. One reader and one writer at a time, which may be
/// different threads; <see cref="Abort"/> and <see cref="PipeReader.CancelPendingRead"/> may be called from any thread.
/// </summary>
public interface ITransport : IDuplexPipe, IAsyncDisposable
{
    TransportKind Kind { get; }

    /// <summary>Runs work where this connection's reads are completed.</summary>
    PipeScheduler Scheduler { get; }

    /// <summary>The peer's process, of a unix socket.</summary>
    PeerCredentials? Peer { get; }

    /// <summary>The peer's address, of TCP.</summary>
    IPEndPoint? RemoteEndPoint { get; }

    /// <summary>Our own address, of TCP.</summary>
    IPEndPoint? LocalEndPoint { get; }

    /// <summary>Descriptors that came in and that nobody took yet; disposal closes them. Empty where <see cref="CanPassFiles"/> is false.</summary>
    ReceivedFiles ReceivedFiles { get; }

    /// <summary>Whether descriptors can be sent and received at all.</summary>
    bool CanPassFiles { get; }

    /// <summary>
    /// Sends descriptors, each as one zero byte that carries it. The packet that announces them has been written before. A write in the sense of
    /// the one-writer rule. The handles stay the caller's.
    /// </summary>
    /// <exception cref="NotSupportedException">The transport passes no descriptors.</exception>
    /// <exception cref="TransportException">The connection ended.</exception>
    ValueTask SendFilesAsync(IReadOnlyList<SafeHandle> files);

    /// <summary>
    /// Ends the connection at once: a pending read or write finishes, what the peer sends is dropped. The first reason wins. Without a reason
    /// reads see the end of the stream; with one they throw it, wrapped. Writes throw either way. The descriptor lives until disposal.
    /// </summary>
    void Abort(Exception? reason = null);
}

/// <summary>Addresses as libvirt writes them.</summary>
public static class TransportAddress
{
    /// <summary><c>192.0.2.1:4711</c> or <c>[2001:db8::1]:4711</c>: as shown to users.</summary>
    public static string Display(IPEndPoint address) => address.ToString();

    /// <summary><c>192.0.2.1;4711</c> or <c>2001:db8::1;4711</c>: as SASL takes it.</summary>
    public static string Sasl(IPEndPoint address) => $"{address.Address};{address.Port}";
}
