using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>An overlay whose bytes go into the image below it.</summary>
/// <param name="Target">The disk, such as vda.</param>
/// <param name="Overlay">The overlay, which goes.</param>
/// <param name="Below">The image that takes its bytes.</param>
/// <param name="Bytes">Bytes to move.</param>
/// <param name="Capacity">Bytes of the disk.</param>
/// <param name="IsActive">The domain writes to the overlay.</param>
internal readonly record struct MergedOverlay(string Target, ChainImage Overlay, ChainImage Below, ulong Bytes, ulong Capacity, bool IsActive);

/// <summary>
/// What the end of a snapshot does to images. What an external one kept apart comes together again: its overlay goes into the image below, where
/// nobody else needs either as it is. Where somebody does, the images stay as they are and only the snapshot is forgotten; the deletion that makes it
/// possible merges them later.
/// </summary>
internal sealed class SnapshotMerge
{
    private readonly TestImages _images;
    private readonly string _snapshot;
    private readonly List<MergedOverlay> _merged = [];

    /// <summary>Merges.</summary>
    /// <param name="images">The host's images, or a fork of them to try it out.</param>
    /// <param name="view">The domain.</param>
    /// <param name="snapshot">The snapshot that ends.</param>
    public SnapshotMerge(TestImages images, DomainView view, string snapshot)
    {
        _images = images;
        _snapshot = snapshot;
        View = view;
        DomainSnapshotDocument document = view.Snapshots.Find(snapshot)!.Definition.Document;
        LeftOver = ImageHolders.Of(images, view, null).Files;
        foreach (SnapshotOverlay overlay in SnapshotOverlay.Of(document))
        {
            if (overlay.Image is not { IsLocal: true, Path: not null })
                continue;
            if (images.FindChain(document.Domain, overlay.Target)?.Active is not { Path: not null } below)
                continue;
            Merge(overlay.Target, overlay.Image, below);
            // After a revert the domain goes on above the same image in an overlay that no snapshot names.
            if (RevertOverlay(overlay.Target, below) is { } other)
            {
                Merge(overlay.Target, other, below);
                MergeLater(other);
            }

            MergeLater(overlay.Image);
        }

        MergeFree();
        if (document.MemoryFile is { } memory)
            LeftOver.Add(memory);
        View = View with { Snapshots = View.Snapshots.RemoveOne(View.Snapshots.Find(snapshot)!) };
    }

    /// <summary>The domain without the snapshot.</summary>
    public DomainView View { get; private set; }

    /// <summary>What was merged, in this order.</summary>
    public IReadOnlyList<MergedOverlay> Merged => _merged;

    /// <summary>Files that nobody may need any more.</summary>
    public HashSet<string> LeftOver { get; }

    /// <summary>Puts what an overlay holds into the image below it, if that can be, and takes it out of all chains of the domain.</summary>
    private void Merge(string target, ChainImage overlay, ChainImage below)
    {
        string from = overlay.Path!;
        string into = below.Path!;
        ImageHolders holders = ImageHolders.Of(_images, View, _snapshot);
        // An overlay that nobody reads belongs to a branch that was given up: its bytes are of no use to anyone.
        if (!holders.Hold(from) || !holders.CanCommit(from, into) || !Lies(holders, from, into))
            return;
        ImageFile top = _images.Get(overlay);
        bool isActive = _images.FindChain(View.Definition.Document, target)?.Active.Path == from;
        _merged.Add(new MergedOverlay(target, overlay, below, Math.Min(top.Allocation, top.Capacity), top.Capacity, isActive));
        _images.Contents.Lay(below, [overlay]);
        _images.Put(_images.Merge(below, [overlay], Math.Max(top.Capacity, _images.Get(below).Capacity)));
        foreach (ImageFile above in _images.BackedBy(from).ToList())
            _images.Put(above with { Backing = into, BackingFormat = below.Format });
        View = View.WithChains(_images, WithoutOverlay);
        SnapshotTree tree = View.Snapshots;
        foreach (SnapshotNode node in tree.All.ToList())
        {
            DomainSnapshotDocument document = node.Definition.Document;
            DomainDocument? domain = document.Domain?.WithChains(_images, WithoutOverlay);
            DomainDocument? inactive = document.InactiveDomain?.WithChains(_images, WithoutOverlay);
            if (!ReferenceEquals(domain, document.Domain) || !ReferenceEquals(inactive, document.InactiveDomain))
                tree = tree.Update([new SnapshotDefinition(document.WithDomain(domain, inactive))]);
        }

        View = View with { Snapshots = tree };
        if (overlay.Type == "file")
            _images.Remove(from);

        DiskChain? WithoutOverlay(string target, DiskChain chain)
        {
            int place = chain.IndexOfPath(from);
            if (place < 0)
                return null;
            // A document that names the overlay alone goes on with the image below it.
            return place + 1 < chain.Count ? chain.Without(place, place + 1) : chain.WithActive(below);
        }
    }

    /// <summary>Nobody may merge what is still there, since others need it as it is now.</summary>
    private void MergeLater(ChainImage overlay)
    {
        if (_images.Files.TryGetValue(overlay.Path!, out ImageFile? file) && file.IsForSnapshot)
            _images.Put(file with { MergesWhenFree = true });
    }

    /// <summary>Merges what earlier deletions could not.</summary>
    private void MergeFree()
    {
        foreach (string path in ImageHolders.Of(_images, View, _snapshot).Files)
        {
            if (!_images.Files.TryGetValue(path, out ImageFile? file) || !file.MergesWhenFree)
                continue;
            foreach (ImageHolder holder in ImageHolders.Of(_images, View, _snapshot).All)
            {
                int place = holder.Chain.IndexOfPath(path);
                if (place < 0 || place + 1 >= holder.Chain.Count)
                    continue;
                Merge(holder.Target, holder.Chain.Images[place], holder.Chain.Images[place + 1]);
                break;
            }
        }
    }

    private ChainImage? RevertOverlay(string target, ChainImage below)
    {
        DiskChain? chain = _images.FindChain(View.Definition.Document, target);
        int place = chain?.IndexOfPath(below.Path!) ?? -1;
        return place > 0 && chain!.Images[place - 1] is { IsLocal: true, Path: { } path } image && _images.Find(path) is { IsForSnapshot: true } ? image : null;
    }

    /// <summary>Whether the overlay lies right above the image, as a chain or the file itself says.</summary>
    private bool Lies(ImageHolders holders, string overlay, string below) =>
        _images.Find(overlay)?.BackingPath == below
        || holders.All.Any(holder => holder.Chain.IndexOfPath(overlay) is >= 0 and int place
            && place + 1 < holder.Chain.Count && holder.Chain.Images[place + 1].Path == below);
}
