using System.Collections.Immutable;

namespace Libvirtd.Drivers.Test;

/// <summary>Bytes as they were at one moment, whatever is written later. Reading takes no lock. Dispose it to let go of them.</summary>
internal sealed class ContentView : IDisposable
{
    private readonly ImmutableArray<ContentLayer> _layers;
    private int _isDisposed;

    /// <param name="layers">The layers from the uppermost down, each acquired for this view.</param>
    /// <param name="length">Bytes from the first to the last.</param>
    public ContentView(ImmutableArray<ContentLayer> layers, long length)
    {
        _layers = layers;
        Length = length;
    }

    public long Length { get; }

    /// <summary>Reads a range that lies within.</summary>
    /// <exception cref="ObjectDisposedException">The view is disposed.</exception>
    public void Read(Span<byte> buffer, long offset)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        LayerStack.Read(_layers, buffer, offset);
    }

    /// <summary>Whether there is data at an offset, and how far that goes, at most to <paramref name="end"/>.</summary>
    public (bool IsData, long Until) MapAt(long offset, long end)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        return LayerStack.MapAt(_layers, offset, end);
    }

    /// <summary>The layers, acquired for the caller.</summary>
    public ImmutableArray<ContentLayer> Share() => [.. _layers.Select(static layer => layer.Acquire())];

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        foreach (ContentLayer layer in _layers)
            layer.Release();
    }
}
