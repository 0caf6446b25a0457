using System.Collections.Immutable;

namespace Libvirtd.Drivers.Test;

/// <summary>Reading through layers, of which the first one lies above the others. What no layer has is zero.</summary>
internal static class LayerStack
{
    public static void Read(ImmutableArray<ContentLayer> layers, Span<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            (ContentLayer? layer, long end) = Find(layers, offset, offset + buffer.Length);
            Span<byte> part = buffer[..(int)(end - offset)];
            if (layer is null)
                part.Clear();
            else
                layer.Read(part, offset);
            buffer = buffer[part.Length..];
            offset = end;
        }
    }

    /// <summary>Whether there is data at an offset, and how far that goes, at most to <paramref name="end"/>.</summary>
    public static (bool IsData, long Until) MapAt(ImmutableArray<ContentLayer> layers, long offset, long end)
    {
        (ContentLayer? layer, long reach) = Find(layers, offset, end);
        if (layer is null || layer.IsZero)
            return (false, reach);
        long data = layer.NextData(offset, reach);
        return data > offset ? (false, data) : (true, layer.NextHole(offset, reach));
    }

    /// <summary>Where data begins at or after an offset; <paramref name="end"/> where none does.</summary>
    public static long NextData(ImmutableArray<ContentLayer> layers, long offset, long end) => Skip(layers, offset, end, isData: false);

    /// <summary>Where the data at an offset ends.</summary>
    public static long NextHole(ImmutableArray<ContentLayer> layers, long offset, long end) => Skip(layers, offset, end, isData: true);

    private static long Skip(ImmutableArray<ContentLayer> layers, long offset, long end, bool isData)
    {
        while (offset < end)
        {
            (bool found, long until) = MapAt(layers, offset, end);
            if (found != isData)
                break;
            offset = until;
        }

        return offset;
    }

    /// <summary>The layer that has a byte, null where none has, and how far that goes.</summary>
    private static (ContentLayer? Layer, long End) Find(ImmutableArray<ContentLayer> layers, long offset, long end)
    {
        foreach (ContentLayer layer in layers)
        {
            (bool isIn, long until) = layer.Present.At(offset);
            end = Math.Min(end, until);
            if (isIn)
                return (layer, end);
        }

        return (null, end);
    }
}
