using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The active image takes what those below it hold, down to a base or altogether.</summary>
/// <param name="Top">The active image.</param>
/// <param name="Between">The images that it takes in.</param>
/// <param name="Below">The image that stays below it; null for none.</param>
/// <param name="BackingName">The name under which it is to know that one; null for its path.</param>
internal sealed record PullPlan(ChainImage Top, ImmutableArray<ChainImage> Between, ChainImage? Below, string? BackingName) : BlockJobPlan
{
    public override DomainBlockJobType Type => DomainBlockJobType.Pull;

    public override ChainImage Written => Top;

    public override DiskChain? Finish(DiskChain chain)
    {
        if (!chain.Active.IsAt(Top))
            return null;
        if (Below is null)
            return chain.Cut(1);
        int below = chain.IndexOfPath(Below.Path!);
        return below < 1 ? null : chain.Without(1, below);
    }

    public override void Settle(TestImages images)
    {
        images.Contents.LayBelow(Top, Between);
        images.Put(images.Merge(Top, [Top, .. Between], images.Get(Top).Capacity) with
        {
            Backing = BackingName ?? Below?.Path,
            BackingFormat = Below?.Format,
        });
    }
}
