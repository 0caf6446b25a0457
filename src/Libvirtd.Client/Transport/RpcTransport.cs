using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Libvirtd.Client.Transport;

/// <summary>Carries a connection's bytes and, where it can, file descriptors. Disposing it ends whatever waits on it.</summary>
public abstract class RpcTransport : IAsyncDisposable
{
    /// <summary>What comes from the server.</summary>
    public abstract PipeReader Input { get; }

    /// <summary>What goes to the server; a flush returns when the bytes are handed to the transport.</summary>
    public abstract PipeWriter Output { get; }

    /// <summary>File descriptors can be sent and received.</summary>
    public virtual bool CanPassFiles => false;

    /// <summary>A transport over a pair of pipes; it completes them when it is disposed.</summary>
    public static RpcTransport FromPipe(IDuplexPipe pipe) => new PipeTransport(pipe);

    /// <summary>Connects to a Unix socket; file descriptors pass.</summary>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static async Task<RpcTransport> ConnectUnixAsync(string path, CancellationToken cancel = default)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel).ConfigureAwait(false);
            return new UnixTransport(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects over TCP, without encryption.</summary>
    /// <exception cref="SocketException">The host is not known, or nobody listens there.</exception>
    public static async Task<RpcTransport> ConnectTcpAsync(string host, int port, CancellationToken cancel = default)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new DnsEndPoint(host, port), cancel).ConfigureAwait(false);
            return new StreamTransport(new NetworkStream(socket, ownsSocket: true));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends each descriptor with a byte of its own, after the message that announced them has been flushed.</summary>
    public virtual ValueTask SendFilesAsync(IReadOnlyList<SafeHandle> files) => throw new NotSupportedException("this transport carries no file descriptors");

    /// <summary>The descriptor that came with a byte that has been read from <see cref="Input"/>, in order; null when there was none.</summary>
    public virtual SafeHandle? TakeFile() => null;

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    private sealed class PipeTransport(IDuplexPipe pipe) : RpcTransport
    {
        public override PipeReader Input => pipe.Input;

        public override PipeWriter Output => pipe.Output;

        public override async ValueTask DisposeAsync()
        {
            pipe.Input.CancelPendingRead();
            pipe.Output.CancelPendingFlush();
            await pipe.Output.CompleteAsync().ConfigureAwait(false);
        }
    }

    private sealed class StreamTransport(Stream stream) : RpcTransport
    {
        public override PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 65536, leaveOpen: true));

        public override PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));

        public override ValueTask DisposeAsync() => stream.DisposeAsync();
    }
}
