namespace Libvirtd.Drivers.Test;

/// <summary>Sends bytes that are there already.</summary>
internal sealed class BytesDownload(ReadOnlyMemory<byte> bytes) : StreamEndpoint
{
    private ReadOnlyMemory<byte> _left = bytes;

    public override ValueTask<StreamRead> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        int count = Math.Min(buffer.Length, _left.Length);
        _left[..count].CopyTo(buffer);
        _left = _left[count..];
        return new(new StreamRead(count));
    }
}
