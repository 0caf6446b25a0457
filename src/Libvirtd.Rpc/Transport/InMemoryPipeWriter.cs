using System.Buffers;
using System.IO.Pipelines;

namespace Libvirtd.Rpc.Transport;

/// <summary>One direction of an <see cref="InMemoryTransport"/>: a pipe that either end may end at any time, as a socket may.</summary>
internal sealed class InMemoryPipeWriter : PipeWriter
{
    private readonly Lock _gate = new();
    private readonly Pipe _pipe;
    private readonly ArrayBufferWriter<byte> _unflushed = new();
    private TransportException? _ended;

    public InMemoryPipeWriter(PipeOptions options) => _pipe = new Pipe(options);

    public PipeReader Reader => _pipe.Reader;

    /// <summary>Bytes that went through: the place of the next one.</summary>
    public long Written { get; private set; }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _unflushed.WrittenCount;

    public override void Advance(int bytes) => _unflushed.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => _unflushed.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _unflushed.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => WriteAsync(default, cancellationToken);

    public override async ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _unflushed.Write(source.Span);
        if (_unflushed.WrittenCount > 0)
        {
            ValueTask<FlushResult> flush;
            lock (_gate)
            {
                if (_ended is not null) throw TransportException.Ended(_ended);
                Written += _unflushed.WrittenCount;
                flush = _pipe.Writer.WriteAsync(_unflushed.WrittenMemory, CancellationToken.None);
            }
            _unflushed.ResetWrittenCount();
            FlushResult result = await flush.ConfigureAwait(false);
            if (result.IsCompleted) throw new TransportException(TransportFault.Reset, "the peer closed the connection");
        }
        lock (_gate) return _ended is null ? default(FlushResult) : throw TransportException.Ended(_ended);
    }

    public override void CancelPendingFlush() => throw new NotSupportedException("a write cannot be cancelled; abort the connection");

    public override void Complete(Exception? exception = null) => End(TransportException.Ended(exception), exception);

    /// <summary>No more bytes: the writer gets <paramref name="forWriter"/>, the reader what was flushed and then the end, or the failure.</summary>
    public void End(TransportException forWriter, Exception? seenByReader)
    {
        lock (_gate)
        {
            if (_ended is not null) return;
            _ended = forWriter;
            _pipe.Writer.CancelPendingFlush();
            _pipe.Writer.Complete(seenByReader);
        }
    }
}
