using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A new image takes what the disk holds, and the disk may go over to it.</summary>
/// <param name="Copied">The images whose contents are copied, the active one first.</param>
/// <param name="Destination">The new image, with what it has below it by itself.</param>
/// <param name="Inherits">The images below those copied stay below the new one.</param>
/// <param name="IsMade">The file was made for the copy: when the job ends before all is copied it is gone again.</param>
internal sealed record CopyPlan(ImmutableArray<ChainImage> Copied, DiskChain Destination, bool Inherits, bool IsMade) : BlockJobPlan
{
    public override DomainBlockJobType Type => DomainBlockJobType.Copy;

    public override bool IsTwoPhase => true;

    public override DiskChain? Mirror => Destination;

    public override ChainImage Written => Destination.Active;

    public override DiskChain? Finish(DiskChain chain)
    {
        if (!chain.Active.IsAt(Copied[0]))
            return null;
        if (!Inherits)
            return new DiskChain(Destination.Images, isTerminated: true);
        return chain.WithActive(Destination.Active);
    }

    public override void Settle(TestImages images) => Take(images, withBitmaps: true);

    // A copy that was ready is a copy of the disk as it was when the job ended: many make backups in this way. The disk's bitmaps stay with the disk.
    public override void Undo(TestImages images, bool isWhole)
    {
        if (isWhole)
            Take(images, withBitmaps: false);
        else if (IsMade && Written.Path is { } path)
            images.Remove(path);
    }

    private void Take(TestImages images, bool withBitmaps)
    {
        ImageFile source = images.Get(Copied[0]);
        ImageFile before = images.Get(Written);
        ImageFile file = images.Merge(Written, Copied, Math.Max(source.Capacity, before.Capacity));
        if (!withBitmaps)
            file = file with { Bitmaps = before.Bitmaps };
        ChainImage? below = Destination.Count > 1 ? Destination.Images[1] : null;
        if (!Inherits && file.BackingPath != below?.Path)
            file = file with { Backing = below?.Path, BackingFormat = below?.Format };
        images.Put(file);
        images.Contents.Copy(Copied, Written);
        if (source.Path.Length > 0)
            images.Put(source);
    }
}
