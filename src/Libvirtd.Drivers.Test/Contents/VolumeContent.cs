using System.Collections.Immutable;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The bytes of a volume, or those that guests have written to an image: layers, of which the uppermost is written to. Somebody who keeps them as they
/// are shares the layers, and the next write makes a new one above; layers that nobody shares any more become one again. Files are closed when the
/// volume is gone and no stream uses it any more.
/// </summary>
internal sealed partial class VolumeContent
{
    private readonly Lock _lock = new();
    private ImmutableArray<ContentLayer> _layers;
    private long _length;
    private int _users = 1;

    /// <summary>A volume of which all bytes are zero.</summary>
    public VolumeContent(long length)
        : this([new ContentLayer(ExtentSet.All)], length)
    {
    }

    private VolumeContent(ImmutableArray<ContentLayer> layers, long length)
    {
        _layers = layers;
        _length = length;
    }

    /// <summary>Bytes from the first to the last.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>Where the guest has written last without being told where; the next such write begins there.</summary>
    public long Cursor { get; set; }

    /// <summary>How often guests have written.</summary>
    public int Writes { get; set; }

    /// <summary>Nothing was ever written.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock)
                return _layers.All(static layer => layer.IsZero);
        }
    }

    /// <summary>What guests write to an image: what they have not written is that of the image below.</summary>
    public static VolumeContent Overlay() => new([], 0);

    /// <summary>Keeps the content until <see cref="Release"/>. False: the volume is gone.</summary>
    public bool Acquire()
    {
        lock (_lock)
        {
            if (_users == 0)
                return false;
            _users++;
            return true;
        }
    }

    /// <summary>The volume, or one who <see cref="Acquire"/>d it, needs it no more.</summary>
    public void Release()
    {
        lock (_lock)
        {
            if (--_users > 0)
                return;
            Replace([]);
            LetAllGo();
        }
    }

    /// <summary>Reads a range; what lies beyond the end is zero.</summary>
    public void Read(Span<byte> buffer, long offset)
    {
        lock (_lock)
            LayerStack.Read(_layers, buffer, offset);
    }

    /// <summary>Where data begins at or after an offset; <paramref name="end"/> where none does.</summary>
    public long NextData(long offset, long end)
    {
        lock (_lock)
            return LayerStack.NextData(_layers, offset, end);
    }

    /// <summary>Where the data at an offset ends.</summary>
    public long NextHole(long offset, long end)
    {
        lock (_lock)
            return LayerStack.NextHole(_layers, offset, end);
    }

    /// <summary>How many bytes of a range are data.</summary>
    public long DataIn(long offset, long end)
    {
        lock (_lock)
        {
            long count = 0;
            for (long data = LayerStack.NextData(_layers, offset, end); data < end; data = LayerStack.NextData(_layers, offset, end))
            {
                offset = LayerStack.NextHole(_layers, data, end);
                count += offset - data;
            }

            return count;
        }
    }

    /// <summary>Writes; the content reaches at least so far.</summary>
    public void Write(ReadOnlySpan<byte> data, long offset)
    {
        lock (_lock)
        {
            if (_users == 0)
                return;
            Top().Write(data, offset);
            _length = Math.Max(_length, offset + data.Length);
        }
    }

    /// <summary>A range becomes zero; the content reaches at least so far.</summary>
    public void Punch(long offset, long length)
    {
        lock (_lock)
        {
            if (_users == 0)
                return;
            Top().Punch(offset, offset + length);
            _length = Math.Max(_length, offset + length);
        }
    }

    /// <summary>Cuts the content, or lets it end in zeros.</summary>
    public void SetLength(long length)
    {
        lock (_lock)
        {
            if (length < _length && _users > 0)
                Top().Punch(length, long.MaxValue);
            _length = length;
        }
    }

    /// <summary>All bytes become zero.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            if (_users > 0)
                Replace([new ContentLayer(ExtentSet.All)]);
        }
    }

    /// <summary>Another content with the same bytes, which goes its own way from now on.</summary>
    public VolumeContent Copy(long length) => new(Share(), length);

    /// <summary>The layers as they are, acquired for the caller.</summary>
    public ImmutableArray<ContentLayer> Share()
    {
        lock (_lock)
            return [.. _layers.Select(static layer => layer.Acquire())];
    }

    /// <summary>Lays others' bytes over these.</summary>
    /// <param name="layers">Layers that were acquired for this content.</param>
    public void Lay(ImmutableArray<ContentLayer> layers) => Combine(layers, isAbove: true);

    /// <summary>Lays others' bytes below these.</summary>
    /// <param name="layers">Layers that were acquired for this content.</param>
    public void LayBelow(ImmutableArray<ContentLayer> layers) => Combine(layers, isAbove: false);

    private void Combine(ImmutableArray<ContentLayer> layers, bool isAbove)
    {
        lock (_lock)
        {
            _layers = isAbove ? layers.AddRange(_layers) : _layers.AddRange(layers);
            if (_users == 0)
                Replace([]);
            else
                Compact();
        }
    }

    private void Replace(ImmutableArray<ContentLayer> layers)
    {
        ImmutableArray<ContentLayer> old = _layers;
        _layers = layers;
        Release(old);
    }

    /// <summary>The layer to write to.</summary>
    private ContentLayer Top()
    {
        if (_layers.Length > 1)
            Compact();
        if (_layers.IsEmpty || _layers[0].IsShared)
            _layers = _layers.Insert(0, new ContentLayer(ExtentSet.Empty));
        return _layers[0];
    }

    /// <summary>Drops what nobody can see, and makes one of the uppermost layers that nobody else uses.</summary>
    private void Compact()
    {
        for (int place = 0; place < _layers.Length - 1; place++)
        {
            if (!_layers[place].Present.IsAll)
                continue;
            foreach (ContentLayer hidden in _layers[(place + 1)..])
                hidden.Release();
            _layers = _layers[..(place + 1)];
        }

        while (_layers.Length > 1 && !_layers[0].IsShared && !_layers[1].IsShared)
        {
            _layers[1].Take(_layers[0]);
            _layers[0].Release();
            _layers = _layers.RemoveAt(0);
        }
    }
}
