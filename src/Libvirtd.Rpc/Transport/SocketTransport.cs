using System.IO.Pipelines;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Rpc.Transport;

/// <summary>
/// A connection over a non-blocking stream socket, unix or TCP, served by one <see cref="EpollLoop"/>. Reads continue on that loop; writes go out on
/// the caller's thread. Dispose it when its reader and writer are done with: that closes the descriptor, on the loop.
/// </summary>
public sealed partial class SocketTransport : ITransport, IEpollHandler
{
    private const EpollEvents ReadInterest = EpollEvents.Readable | EpollEvents.PeerClosed | EpollEvents.EdgeTriggered;

    private readonly EpollLoop _loop;
    private readonly SocketPipeReader _input;
    private readonly SocketPipeWriter _output;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ulong _key;
    private End? _end; // set once: the first reason wins
    private int _closing;

    /// <summary>Takes over a connected socket, which must be non-blocking; it is the transport's even when this throws.</summary>
    internal SocketTransport(FileDescriptor socket, EpollLoop loop, TransportOptions options)
    {
        Handle = socket;
        Options = options;
        _loop = loop;
        _input = new SocketPipeReader(this);
        _output = new SocketPipeWriter(this);
        try
        {
            (Kind, LocalEndPoint, RemoteEndPoint) = SocketCalls.Describe(socket);
            if (Kind == TransportKind.Tcp) SocketCalls.SetNoDelay(socket);
            else Peer = SocketCalls.PeerOf(socket);
            _key = loop.Register(socket, this, ReadInterest);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public TransportKind Kind { get; }

    public PipeReader Input => _input;

    public PipeWriter Output => _output;

    public PipeScheduler Scheduler => _loop;

    public PeerCredentials? Peer { get; }

    public IPEndPoint? RemoteEndPoint { get; }

    public IPEndPoint? LocalEndPoint { get; }

    public ReceivedFiles ReceivedFiles { get; } = new();

    public bool CanPassFiles => Kind == TransportKind.Unix;

    /// <summary>Why the connection was ended, if a reason was given.</summary>
    public Exception? EndReason => Volatile.Read(ref _end)?.Reason;

    internal FileDescriptor Handle { get; }

    internal TransportOptions Options { get; }

    /// <summary>Bytes of receive buffer held; 0 while the connection is idle.</summary>
    internal int BufferBytes => _input.BufferBytes;

    public ValueTask SendFilesAsync(IReadOnlyList<SafeHandle> files)
    {
        if (!CanPassFiles) throw new NotSupportedException("only unix sockets pass descriptors");
        return files.Count == 0 ? ValueTask.CompletedTask : SendEachAsync(files);
    }

    public void Abort(Exception? reason = null)
    {
        if (Interlocked.CompareExchange(ref _end, new End(reason), null) is not null) return;
        // Told first, so that what the shutdown does to them is not taken for the peer's doing.
        _input.Stop();
        _output.Stop();
        Shutdown(Native.SHUT_RDWR);
    }

    /// <summary>Ends the connection, waits for the loop to be done with it, and closes the descriptor and those that nobody took. What was written
    /// before still reaches the peer.</summary>
    public ValueTask DisposeAsync()
    {
        Abort();
        if (_loop.IsCurrent) Close();
        else if (!_closed.Task.IsCompleted) _loop.Schedule(static transport => ((SocketTransport)transport!).Close(), this);
        return new ValueTask(_closed.Task);
    }

    void IEpollHandler.OnReady(EpollEvents events)
    {
        const EpollEvents ends = EpollEvents.Error | EpollEvents.HangUp;
        if ((events & (EpollEvents.Writable | ends)) != 0) _output.OnReady();
        if ((events & (EpollEvents.Readable | EpollEvents.PeerClosed | ends)) != 0)
            _input.OnReady((events & (EpollEvents.PeerClosed | ends)) != 0);
    }

    void IEpollHandler.OnFault(Exception? fault)
    {
        Abort(fault ?? new TransportException(TransportFault.Aborted, "the I/O loop stops"));
        Close();
    }

    /// <summary>Whether the loop reports room for sending.</summary>
    internal void Watch(bool writable)
    {
        try
        {
            _loop.Modify(Handle, writable ? ReadInterest | EpollEvents.Writable : ReadInterest, _key);
        }
        catch (Exception gone) when (gone is ObjectDisposedException or IOException)
        {
            Abort(gone); // a write that pends now must not pend for ever
        }
    }

    internal void ShutdownOutput() => Shutdown(Native.SHUT_WR);

    private async ValueTask SendEachAsync(IReadOnlyList<SafeHandle> files)
    {
        foreach (SafeHandle file in files) await _output.SendFileAsync(file).ConfigureAwait(false);
    }

    private void Shutdown(int how)
    {
        try
        {
            _ = Native.shutdown(Handle, how); // a failure means that the peer was faster
        }
        catch (ObjectDisposedException)
        {
            // closed already
        }
    }

    private void Close()
    {
        if (Interlocked.Exchange(ref _closing, 1) != 0) return;
        try
        {
            _loop.Unregister(Handle, _key);
        }
        catch (ObjectDisposedException)
        {
            // the loop has ended, and its epoll with it
        }
        if (EndReason is TransportException { Fault: TransportFault.Unexpected } unexpected) TransportLog.Unexpected(_loop.Logger, unexpected);
        Handle.Dispose();
        ReceivedFiles.Dispose();
        _closed.TrySetResult();
    }

    private sealed record End(Exception? Reason);
}
