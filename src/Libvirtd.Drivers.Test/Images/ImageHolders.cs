using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What a holder needs of the active image of a chain that it names.</summary>
internal enum ImageNeed
{
    /// <summary>A domain writes to it.</summary>
    Written,

    /// <summary>An external snapshot: its bytes are the disk as it was.</summary>
    Frozen,

    /// <summary>An internal snapshot lies inside the file: the file must stay, whatever else becomes of its bytes.</summary>
    Inside,

    /// <summary>A snapshot that left the disk out: it only knows the name.</summary>
    Named,
}

/// <summary>A chain that a domain, or one of its snapshots, names.</summary>
internal readonly record struct ImageHolder(string Target, DiskChain Chain, ImageNeed Need);

/// <summary>All chains of one domain: those of its definitions and those of its snapshots.</summary>
internal sealed class ImageHolders
{
    private readonly TestImages _images;
    private readonly Guid _domain;
    private readonly HashSet<string> _overlays = new(StringComparer.Ordinal);

    private ImageHolders(TestImages images, DomainView view, string? without, ImmutableArray<ImageHolder> all)
    {
        _images = images;
        _domain = view.Definition.Uuid;
        All = all;
        foreach (SnapshotNode node in view.Snapshots.All.Where(node => node.Name != without))
            _overlays.UnionWith(SnapshotOverlay.Of(node.Definition.Document).Select(static one => one.Image.Path ?? ""));
    }

    public ImmutableArray<ImageHolder> All { get; }

    /// <summary>Who holds images in a view.</summary>
    /// <param name="images">The host's images.</param>
    /// <param name="view">The domain.</param>
    /// <param name="without">A snapshot that does not count; null for none.</param>
    /// <param name="withDefinitions">The definitions count, not only the snapshots.</param>
    public static ImageHolders Of(TestImages images, DomainView view, string? without, bool withDefinitions = true)
    {
        ImmutableArray<ImageHolder>.Builder all = ImmutableArray.CreateBuilder<ImageHolder>();
        if (withDefinitions)
        {
            Add(view.Definition.Document, static _ => ImageNeed.Written);
            Add(view.Pending?.Document, static _ => ImageNeed.Written);
        }

        foreach (SnapshotNode node in view.Snapshots.All)
        {
            if (node.Name == without)
                continue;
            DomainSnapshotDocument document = node.Definition.Document;
            ImageNeed NeedOf(string target) => node.Definition.PlaceOf(target) switch
            {
                SnapshotPlace.External => ImageNeed.Frozen,
                SnapshotPlace.Internal => ImageNeed.Inside,
                null when !node.Definition.IsExternal => ImageNeed.Inside,
                _ => ImageNeed.Named,
            };
            Add(document.Domain, NeedOf);
            Add(document.InactiveDomain, NeedOf);
        }

        return new ImageHolders(images, view, without, all.DrainToImmutable());

        void Add(DomainDocument? document, Func<string, ImageNeed> needOf)
        {
            foreach (DomainDisk disk in document?.Disks ?? [])
            {
                DiskChain chain = images.ChainOf(disk.Node);
                if (chain.Active.Path is not null)
                    all.Add(new ImageHolder(disk.Target, chain, needOf(disk.Target)));
            }
        }
    }

    /// <summary>All files that the domain or a snapshot of it names.</summary>
    public HashSet<string> Files =>
        [.. _overlays, .. All.SelectMany(static holder => holder.Chain.Images).Where(static image => image is { IsLocal: true, Path: not null }).Select(static image => image.Path!)];

    public bool Hold(string path) => All.Any(holder => holder.Chain.IndexOfPath(path) >= 0);

    /// <summary>
    /// Whether the bytes of an overlay may go into its base and the overlay away, without anybody noticing: each who reads the base reads it through
    /// this overlay, nobody keeps something inside the overlay, and nobody else knows either file.
    /// </summary>
    public bool CanCommit(string overlay, string into)
    {
        foreach (ImageHolder holder in All)
        {
            int place = holder.Chain.IndexOfPath(into);
            if (place == 0 && holder.Need is ImageNeed.Written or ImageNeed.Frozen)
                return false;
            if (place > 0 && holder.Chain.Images[place - 1].Path != overlay)
                return false;
            if (holder.Chain.Active.Path == overlay && holder.Need == ImageNeed.Inside)
                return false;
        }

        return !OthersWith(overlay).Any() && !OthersWith(into).Any()
            && _images.BackedBy(into).All(file => file.Path == overlay)
            && _images.BackedBy(overlay).All(file => Hold(file.Path) || _overlays.Contains(file.Path));
    }

    /// <summary>Whether writing to an image would change what somebody else reads through an overlay, or keeps as it was.</summary>
    public bool MustStay(string path) => NeedsBytes(path)
        || _images.BackedBy(path).Any()
        || OthersWith(path).Any(other => Of(_images, other.View, null).NeedsBytes(path));

    private bool NeedsBytes(string path)
    {
        foreach (ImageHolder holder in All)
        {
            int place = holder.Chain.IndexOfPath(path);
            if (place > 0 || (place == 0 && holder.Need == ImageNeed.Frozen))
                return true;
        }

        return false;
    }

    /// <summary>The other domains that need a file.</summary>
    private IEnumerable<TestDomain> OthersWith(string path) =>
        _images.UsersOf(path).Select(static use => use.Domain).Where(other => other.View.Definition.Uuid != _domain).Distinct();
}
