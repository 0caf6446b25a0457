namespace Libvirtd.Drivers.Test;

/// <summary>Sends a range of a volume's bytes. It owns one use of the content.</summary>
internal sealed class VolumeDownload : StreamEndpoint
{
    private readonly VolumeContent _content;
    private readonly bool _sparse;
    private readonly long _end;
    private long _position;
    private long _dataEnd;
    private int _released;

    /// <param name="content">What to send; acquired by the caller.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">Bytes to send; 0 is all that follow.</param>
    /// <param name="sparse">Ranges without data are told, not sent.</param>
    public VolumeDownload(VolumeContent content, ulong offset, ulong length, bool sparse)
    {
        _content = content;
        _sparse = sparse;
        _position = (long)Math.Min(offset, (ulong)content.Length);
        _end = length == 0 ? content.Length : (long)Math.Min((ulong)_position + Math.Min(length, long.MaxValue), (ulong)content.Length);
    }

    public override ValueTask<StreamRead> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        long left = _end - _position;
        if (left <= 0)
            return new(StreamRead.End);
        if (_sparse && _position >= _dataEnd)
        {
            long data = _content.NextData(_position, _end);
            if (data > _position)
            {
                StreamRead hole = new(0, data - _position);
                _position = data;
                return new(hole);
            }

            _dataEnd = _content.NextHole(_position, _end);
        }

        long reach = _sparse ? Math.Min(_dataEnd, _end) : _end;
        // The stream's pump has a thread already; an asynchronous read would but take another one for each packet.
        int count = (int)Math.Min(buffer.Length, reach - _position);
        _content.Read(buffer.Span[..count], _position);
        _position += count;
        return new(new StreamRead(count));
    }

    public override ValueTask AbortAsync() => default;

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
            _content.Release();
        return base.DisposeAsync();
    }
}
