using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A base takes what the images above it hold, up to a top; the chain then goes on from the base.</summary>
/// <param name="Committed">The images from the top down to the one above the base.</param>
/// <param name="Base">The image that is written to.</param>
/// <param name="Parent">The image above the top; null where the top is the active one.</param>
/// <param name="BackingName">The name under which the parent is to know the base; null for its path.</param>
/// <param name="Delete">The committed files are to be removed.</param>
/// <param name="IsActive">The active image of a disk that goes on being written to: the job has two phases.</param>
internal sealed record CommitPlan(ImmutableArray<ChainImage> Committed, ChainImage Base, ChainImage? Parent, string? BackingName, bool Delete,
    bool IsActive) : BlockJobPlan
{
    public override DomainBlockJobType Type => IsActive ? DomainBlockJobType.ActiveCommit : DomainBlockJobType.Commit;

    public override bool IsTwoPhase => IsActive;

    public override DiskChain? Mirror => IsActive ? new DiskChain([Base], isTerminated: false) : null;

    public override ChainImage Written => Base;

    public override IEnumerable<string> Unwanted => Delete ? LocalPaths : [];

    private IEnumerable<string> LocalPaths => Committed.Where(static image => image is { Type: "file", Path: not null }).Select(static image => image.Path!);

    // A configured chain may begin further down than the running one, and then it loses what it has of the committed images.
    public override DiskChain? Finish(DiskChain chain)
    {
        int end = Base.Path is { } path ? chain.IndexOfPath(path) : -1;
        if (end < 0)
            return null;
        int start = 0;
        while (start < end && !Committed.Any(image => image.IsAt(chain.Images[start])))
            start++;
        return chain.Without(start, end);
    }

    public override void Settle(TestImages images)
    {
        ulong capacity = Math.Max(images.Get(Base).Capacity, images.Get(Committed[0]).Capacity);
        images.Contents.Lay(Base, Committed);
        images.Put(images.Merge(Base, Committed, capacity));
        if (Parent is not null)
            images.Put(images.Get(Parent) with { Backing = BackingName ?? Base.Path, BackingFormat = Base.Format });
        // Nobody names these files any more, but they are still there.
        foreach (string path in LocalPaths)
            images.Put(images.Get(path, null));
    }
}
