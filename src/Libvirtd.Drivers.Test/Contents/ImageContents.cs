using System.Collections.Concurrent;
using System.Collections.Immutable;
using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The bytes of a host's images as guests see them, by path. A volume that is read as raw is its own bytes; any other image has what guests, or jobs,
/// have written to it, and what is not there is that of the image below.
/// </summary>
internal sealed class ImageContents(TestHost host) : IDisposable
{
    private readonly ConcurrentDictionary<string, VolumeContent> _contents = new(StringComparer.Ordinal);

    /// <summary>Nothing that is done here changes any bytes: it is a trial.</summary>
    public bool IsFork { get; init; }

    /// <summary>What was written to an image; null where nothing was.</summary>
    public VolumeContent? Find(ChainImage image)
    {
        if (image is not { IsLocal: true, Path: { } path })
            return null;
        return FindRaw(image) ?? _contents.GetValueOrDefault(path);
    }

    /// <summary>Where to write an image's bytes.</summary>
    /// <param name="image">An image with a path.</param>
    public VolumeContent Open(ChainImage image) => FindRaw(image) ?? _contents.GetOrAdd(image.Path!, static _ => VolumeContent.Overlay());

    /// <summary>Where a guest goes on to write what it has not written before.</summary>
    public long CursorOf(IEnumerable<ChainImage> images) => images.Max(image => Find(image)?.Cursor ?? 0);

    /// <summary>The bytes that were written to images.</summary>
    public ExtentSet WrittenTo(IEnumerable<ChainImage> images, long end)
    {
        ExtentSet all = ExtentSet.Empty;
        using ContentView view = new(Share(images), end);
        for (long offset = 0; offset < end;)
        {
            (bool isData, long until) = view.MapAt(offset, end);
            all = isData ? all.With(offset, until) : all;
            offset = until;
        }

        return all;
    }

    /// <summary>What the guest sees of a disk now, as long as somebody keeps it.</summary>
    /// <param name="chain">The disk's chain.</param>
    /// <param name="length">Bytes of the disk.</param>
    public ContentView Freeze(DiskChain chain, long length) => new(Share(chain.Images), length);

    /// <summary>An image takes what those above it have.</summary>
    /// <param name="into">The image.</param>
    /// <param name="above">The others, the uppermost first.</param>
    public void Lay(ChainImage into, ImmutableArray<ChainImage> above)
    {
        if (!IsFork && into.IsLocal && Share(above) is { IsEmpty: false } layers)
            Opened(into, above).Lay(layers);
    }

    /// <summary>An image takes what those below it have.</summary>
    /// <param name="into">The image.</param>
    /// <param name="below">The others, the uppermost first.</param>
    public void LayBelow(ChainImage into, ImmutableArray<ChainImage> below)
    {
        if (!IsFork && into.IsLocal && Share(below) is { IsEmpty: false } layers)
            Opened(into, below).LayBelow(layers);
    }

    /// <summary>An image has what others have, the uppermost first, and nothing of its own.</summary>
    public void Copy(ImmutableArray<ChainImage> from, ChainImage to)
    {
        if (IsFork)
            return;
        long cursor = CursorOf(from);
        Replace(to, Share(from));
        if (Find(to) is { } content)
            content.Cursor = cursor;
    }

    /// <summary>An image has what somebody has kept, and nothing of its own.</summary>
    public void Copy(ContentView from, ChainImage to) => Replace(to, from.Share());

    /// <summary>The file is gone, or begins anew.</summary>
    public void Forget(string path)
    {
        if (!IsFork && _contents.TryRemove(path, out VolumeContent? content))
            content.Release();
    }

    public void Dispose()
    {
        foreach (string path in _contents.Keys)
            Forget(path);
    }

    private VolumeContent Opened(ChainImage image, ImmutableArray<ChainImage> others)
    {
        VolumeContent content = Open(image);
        content.Cursor = Math.Max(content.Cursor, CursorOf(others));
        return content;
    }

    private VolumeContent? FindRaw(ChainImage image) =>
        host.Storage.FindVolume(image.Path!) is { } volume && (volume.IsRaw || image.Format is null or "raw") ? volume.Content : null;

    private void Replace(ChainImage image, ImmutableArray<ContentLayer> layers)
    {
        if (image is not { IsLocal: true, Path: { } path })
        {
            foreach (ContentLayer layer in layers)
                layer.Release();
            return;
        }

        if (FindRaw(image) is { } volume)
            volume.Clear();
        else
            Forget(path);
        if (!layers.IsEmpty)
            Open(image).Lay(layers);
    }

    private ImmutableArray<ContentLayer> Share(IEnumerable<ChainImage> images) =>
        [.. images.SelectMany(image => Find(image)?.Share() ?? [])];
}
