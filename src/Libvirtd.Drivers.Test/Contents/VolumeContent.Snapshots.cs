using System.Collections.Immutable;

namespace Libvirtd.Drivers.Test;

/// <summary>What internal snapshots keep inside a file.</summary>
internal sealed partial class VolumeContent
{
    // Most files never have a snapshot.
    private Dictionary<string, ImmutableArray<ContentLayer>>? _kept;

    /// <summary>Keeps the bytes as they are now.</summary>
    /// <param name="name">Under which they are returned to; others of that name are given up.</param>
    public void Keep(string name)
    {
        lock (_lock)
        {
            LetGo(name);
            if (_users > 0)
                (_kept ??= new(StringComparer.Ordinal)).Add(name, Share());
        }
    }

    /// <summary>The bytes are what they were. A name that nothing is kept under changes nothing.</summary>
    public void Return(string name)
    {
        lock (_lock)
        {
            if (_kept?.TryGetValue(name, out ImmutableArray<ContentLayer> layers) is true)
                Replace([.. layers.Select(static layer => layer.Acquire())]);
        }
    }

    /// <summary>What is kept under a name, or else the bytes as they are, acquired for the caller.</summary>
    public ImmutableArray<ContentLayer> Share(string name)
    {
        lock (_lock)
            return _kept?.TryGetValue(name, out ImmutableArray<ContentLayer> layers) is true ? [.. layers.Select(static layer => layer.Acquire())] : Share();
    }

    /// <summary>Gives up what is kept under a name.</summary>
    public void LetGo(string name)
    {
        lock (_lock)
        {
            if (_kept?.Remove(name, out ImmutableArray<ContentLayer> layers) is true)
                Release(layers);
        }
    }

    private void LetAllGo()
    {
        foreach (ImmutableArray<ContentLayer> layers in _kept?.Values ?? Enumerable.Empty<ImmutableArray<ContentLayer>>())
            Release(layers);
        _kept = null;
    }

    private static void Release(ImmutableArray<ContentLayer> layers)
    {
        foreach (ContentLayer layer in layers)
            layer.Release();
    }
}
