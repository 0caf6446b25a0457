using Libvirtd.Protocol;

namespace Libvirtd.Drivers;

/// <summary>What a read of a stream gave.</summary>
/// <param name="Count">Bytes of data in the buffer; 0 together with a <paramref name="Hole"/> of 0 means the end.</param>
/// <param name="Hole">Bytes that read as zero and are not sent; only in sparse streams.</param>
public readonly record struct StreamRead(int Count, long Hole = 0)
{
    /// <summary>No more data will come.</summary>
    public static StreamRead End => default;

    /// <summary>No more data will come.</summary>
    public bool IsEnd => Count == 0 && Hole == 0;
}

/// <summary>
/// The driver's side of a stream. Calls of one direction never overlap. The stream ends by exactly one of <see cref="FinishAsync"/> and
/// <see cref="AbortAsync"/>, then it is disposed.
/// </summary>
public abstract class StreamEndpoint : IAsyncDisposable
{
    /// <summary>Data for the client. Waits until there is some.</summary>
    /// <exception cref="VirException">The stream fails with this error.</exception>
    public virtual ValueTask<StreamRead> ReadAsync(Memory<byte> buffer, CancellationToken cancel) => new(StreamRead.End);

    /// <summary>Data from the client; returns when it is taken whole.</summary>
    public virtual ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel) =>
        throw VirException.Of(ErrorCode.Rpc, ErrorDomain.Streams, "stream is not writable");

    /// <summary>A hole of <paramref name="length"/> bytes from the client: a range that reads as zero.</summary>
    public virtual ValueTask WriteHoleAsync(long length, CancellationToken cancel) =>
        throw VirException.Of(ErrorCode.Rpc, ErrorDomain.Streams, "stream does not take holes");

    /// <summary>The client has finished. Throws what went wrong late: it is the only way that the client learns of it.</summary>
    public virtual ValueTask FinishAsync(CancellationToken cancel) => default;

    /// <summary>The client has aborted, or is gone.</summary>
    public virtual ValueTask AbortAsync() => default;

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }
}
