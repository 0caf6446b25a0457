using System.IO.Pipelines;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Rpc.Transport;

/// <summary>One end of a connection within the process: what tests, and simulated daemons with their clients, use in place of a socket.</summary>
public sealed class InMemoryTransport : ITransport
{
    private readonly InMemoryPipeWriter _incoming; // the other end's output
    private readonly InMemoryPipeWriter _output;
    private InMemoryTransport? _other;

    private InMemoryTransport(InMemoryPipeWriter incoming, InMemoryPipeWriter output, PipeScheduler scheduler, TransportKind kind)
    {
        _incoming = incoming;
        _output = output;
        Scheduler = scheduler;
        Kind = kind;
        if (kind == TransportKind.Unix) Peer = new PeerCredentials(Environment.ProcessId, 0, 0);
        else LocalEndPoint = RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 16509);
    }

    public TransportKind Kind { get; }

    public PipeReader Input => _incoming.Reader;

    public PipeWriter Output => _output;

    public PipeScheduler Scheduler { get; }

    /// <summary>Root of this very process, unless set otherwise.</summary>
    public PeerCredentials? Peer { get; init; }

    public IPEndPoint? RemoteEndPoint { get; init; }

    public IPEndPoint? LocalEndPoint { get; init; }

    public ReceivedFiles ReceivedFiles { get; } = new();

    public bool CanPassFiles => Kind == TransportKind.Unix;

    /// <summary>Makes a connection of two ends.</summary>
    /// <param name="scheduler">Where both ends continue; the thread pool by default.</param>
    /// <param name="kind">What the ends say they are; only unix passes descriptors.</param>
    /// <param name="roomBytes">How much a writer may be ahead of the reader before its flush waits. Default: about a unix socket's.</param>
    public static (InMemoryTransport One, InMemoryTransport Other) CreatePair(PipeScheduler? scheduler = null,
        TransportKind kind = TransportKind.Unix, int roomBytes = 208 << 10)
    {
        scheduler ??= PipeScheduler.ThreadPool;
        PipeOptions options = new(readerScheduler: scheduler, writerScheduler: scheduler, pauseWriterThreshold: roomBytes,
            resumeWriterThreshold: roomBytes / 2, useSynchronizationContext: false);
        InMemoryPipeWriter there = new(options);
        InMemoryPipeWriter back = new(options);
        InMemoryTransport one = new(back, there, scheduler, kind);
        InMemoryTransport other = new(there, back, scheduler, kind);
        one._other = other;
        other._other = one;
        return (one, other);
    }

    public async ValueTask SendFilesAsync(IReadOnlyList<SafeHandle> files)
    {
        if (!CanPassFiles) throw new NotSupportedException("only unix sockets pass descriptors");
        foreach (SafeHandle file in files)
        {
            int copy = Native.fcntl(file, Native.F_DUPFD_CLOEXEC, 0);
            if (copy < 0) throw Native.Failure("fcntl");
            // Queued before its byte can be read; the receiver's bound is not a socket's fault here, so the byte comes without it.
            _other!.ReceivedFiles.TryAdd(new SafeFileHandle(copy, ownsHandle: true), _output.Written + _output.UnflushedBytes);
            _output.GetSpan(1)[0] = 0;
            _output.Advance(1);
            await _output.FlushAsync().ConfigureAwait(false);
        }
    }

    public void Abort(Exception? reason = null)
    {
        // Each direction keeps its own first end; the peer still reads what was flushed.
        _output.End(TransportException.Ended(reason), seenByReader: null);
        TransportException reset = new(TransportFault.Reset, "the peer closed the connection");
        _incoming.End(reset, seenByReader: reason is null ? null : TransportException.Ended(reason));
    }

    public ValueTask DisposeAsync()
    {
        Abort();
        ReceivedFiles.Dispose();
        return ValueTask.CompletedTask;
    }
}
