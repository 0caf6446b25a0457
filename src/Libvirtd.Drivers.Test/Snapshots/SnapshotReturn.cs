using System.Globalization;
using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The disks with which a domain goes on when it returns to a snapshot. It never writes to an image that something keeps: it gets an overlay above
/// the images of an external snapshot, and a file of its own where an internal one lies inside an image that others read.
/// </summary>
internal sealed class SnapshotReturn
{
    private readonly TestImages _images;
    private readonly DomainView _view;
    private readonly SnapshotDefinition _snapshot;
    private readonly ImageHolders _others;
    private readonly long _now;
    private readonly Dictionary<string, ChainImage> _made = new(StringComparer.Ordinal);

    /// <summary>Makes the files.</summary>
    /// <param name="images">The host's images.</param>
    /// <param name="view">The domain as it is.</param>
    /// <param name="snapshot">Where it returns to. It holds a domain.</param>
    /// <param name="now">The moment in seconds since 1970: new files are named by it.</param>
    public SnapshotReturn(TestImages images, DomainView view, SnapshotDefinition snapshot, long now)
    {
        _images = images;
        _view = view;
        _snapshot = snapshot;
        _now = now;
        _others = ImageHolders.Of(images, view, snapshot.Name, withDefinitions: false);
        Document = snapshot.Document;
        bool isLeaf = view.Snapshots.Find(snapshot.Name)!.Children.IsEmpty;
        Domain = Named(Document.Domain!.WithChains(images, GoOn));
        InactiveDomain = Document.InactiveDomain is { } inactive ? Named(inactive.WithChains(images, GoOn)) : null;
        // What came after a snapshot without children is given up with this: its overlay is now the new one.
        foreach ((string target, ChainImage overlay) in _made)
        {
            if (isLeaf && snapshot.PlaceOf(target) == SnapshotPlace.External)
                Document = Document.WithOverlay(target, overlay.Path!, overlay.Format!);
        }

        DiskChain? GoOn(string target, DiskChain chain) => snapshot.PlaceOf(target) switch
        {
            SnapshotPlace.External => Above(target, chain),
            null or SnapshotPlace.Internal => Inside(target, chain),
            _ => Outside(target, chain),
        };
    }

    /// <summary>The snapshot's document, changed where its overlay is another one now.</summary>
    public DomainSnapshotDocument Document { get; }

    /// <summary>The domain that runs, or is to be run.</summary>
    public DomainDocument Domain { get; }

    /// <summary>What it is configured to be, where that differs.</summary>
    public DomainDocument? InactiveDomain { get; }

    /// <summary>A domain that was renamed since keeps its name.</summary>
    private DomainDocument Named(DomainDocument document) =>
        document.Name == _view.Definition.Name ? document : document.WithName(_view.Definition.Name);

    private DiskChain? Above(string target, DiskChain chain)
    {
        if (chain.Active is not { IsLocal: true, Path: { } path })
            return null;
        if (!_made.TryGetValue(target, out ChainImage? overlay))
        {
            overlay = ChainImage.OfFile(NewPath(path), SnapshotOverlay.Format);
            new SnapshotOverlay(target, overlay).Make(_images, chain.Active, reuse: false);
            _made.Add(target, overlay);
        }

        return chain.WithOverlay(overlay).WithoutIndexes();
    }

    private DiskChain? Inside(string target, DiskChain chain)
    {
        if (chain.Active is not { IsLocal: true, Path: { } path })
            return null;
        if (!_others.MustStay(path))
        {
            InternalSnapshots.Return(_images, _view, _snapshot, chain.Active);
            return null;
        }

        if (!_made.TryGetValue(target, out ChainImage? copy))
        {
            copy = ChainImage.OfFile(NewPath(path), chain.Active.Format);
            _images.Put(_images.Get(chain.Active) with { Path = copy.Path!, Backing = chain.Count > 1 ? chain.Images[1].Path : null, IsForSnapshot = true });
            InternalSnapshots.Return(_images, _view, _snapshot, chain.Active, copy);
            _made.Add(target, copy);
        }

        return chain.WithActive(copy).WithoutIndexes();
    }

    /// <summary>A disk that the snapshot left out stays as it is.</summary>
    private DiskChain? Outside(string target, DiskChain chain) => _images.FindChain(_view.Definition.Document, target) is { } now && now.Active.Path != chain.Active.Path
        ? now.WithoutIndexes()
        : null;

    /// <summary>A file beside the image that does not exist yet; the moment takes the place of the suffix.</summary>
    private string NewPath(string path)
    {
        int dot = path.LastIndexOf('.');
        string stem = dot > path.LastIndexOf('/') ? path[..dot] : path;
        string name = $"{stem}.{_now.ToString(CultureInfo.InvariantCulture)}";
        for (int i = 1; _images.Exists(name); i++)
            name = $"{stem}.{(_now + i).ToString(CultureInfo.InvariantCulture)}";
        return name;
    }
}
