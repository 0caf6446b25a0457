using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Takes a range of a volume's bytes. It owns one use of the content.</summary>
internal sealed class VolumeUpload : StreamEndpoint
{
    private const int NoSpace = 28;

    private readonly VolumeContent _content;
    private readonly bool _sparse;
    private readonly Action<long> _done;
    private readonly long _end;
    private long _position;
    private long _written;
    private int _ended;

    /// <param name="content">Where to write; acquired by the caller.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">Bytes that fit; 0 is no bound.</param>
    /// <param name="sparse">The client may send holes.</param>
    /// <param name="done">Is told once how many bytes of data were written, at the end, be it good or bad.</param>
    public VolumeUpload(VolumeContent content, ulong offset, ulong length, bool sparse, Action<long> done)
    {
        _content = content;
        _sparse = sparse;
        _done = done;
        _position = (long)Math.Min(offset, long.MaxValue);
        _end = length == 0 ? long.MaxValue : (long)Math.Min((ulong)_position + Math.Min(length, long.MaxValue), long.MaxValue);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        ReadOnlyMemory<byte> fitting = data[..(int)Math.Min(data.Length, _end - _position)];
        if (fitting.Length > 0)
        {
            // The stream's pump has a thread already; an asynchronous write would but take another one for each packet.
            _content.Write(fitting.Span, _position);
            _position += fitting.Length;
            _written += fitting.Length;
        }

        if (fitting.Length < data.Length)
            throw VirException.SystemError(ErrorDomain.Streams, NoSpace, "cannot write to stream");
        return default;
    }

    public override ValueTask WriteHoleAsync(long length, CancellationToken cancel)
    {
        if (!_sparse)
            return base.WriteHoleAsync(length, cancel);
        if (length < 0 || length > _end - _position)
            throw VirException.SystemError(ErrorDomain.Streams, NoSpace, "cannot write to stream");
        _content.Punch(_position, length);
        _position += length;
        return default;
    }

    public override ValueTask FinishAsync(CancellationToken cancel)
    {
        End();
        return default;
    }

    public override ValueTask AbortAsync()
    {
        End();
        return default;
    }

    public override ValueTask DisposeAsync()
    {
        End();
        return base.DisposeAsync();
    }

    private void End()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        _done(_written);
        _content.Release();
    }
}
