namespace Libvirtd.Drivers.Test;

/// <summary>A stream that a rule hits when so many bytes of data have passed, whichever way they go.</summary>
internal sealed class FaultyStream(StreamEndpoint inner, FaultRule rule, TimeProvider time) : StreamEndpoint
{
    private readonly Lock _lock = new();
    private long _left = rule.Bytes ?? 0;
    private bool _isHit;

    public override async ValueTask<StreamRead> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        int room = await RoomAsync(buffer.Length, cancel).ConfigureAwait(false);
        StreamRead read = await inner.ReadAsync(buffer[..room], cancel).ConfigureAwait(false);
        Count(read.Count);
        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        while (!data.IsEmpty)
        {
            int room = await RoomAsync(data.Length, cancel).ConfigureAwait(false);
            await inner.WriteAsync(data[..room], cancel).ConfigureAwait(false);
            Count(room);
            data = data[room..];
        }
    }

    public override ValueTask WriteHoleAsync(long length, CancellationToken cancel) => inner.WriteHoleAsync(length, cancel);

    public override ValueTask FinishAsync(CancellationToken cancel) => inner.FinishAsync(cancel);

    public override ValueTask AbortAsync() => inner.AbortAsync();

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>How much may pass now: up to the place where the rule hits, which happens here once that is reached.</summary>
    private async ValueTask<int> RoomAsync(int wanted, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (_isHit)
                return wanted;
            if (_left > 0)
                return (int)Math.Min(wanted, _left);
            _isHit = true;
        }

        return await rule.WaitAsync(time, cancel).ConfigureAwait(false) is { } fault ? throw fault : wanted;
    }

    private void Count(int passed)
    {
        lock (_lock)
            _left -= passed;
    }
}
