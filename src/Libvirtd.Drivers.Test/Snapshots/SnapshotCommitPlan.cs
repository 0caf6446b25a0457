using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A disk's part of the deletion of a snapshot. It moves bytes, and then waits for the other disks: the deletion changes all chains at once.</summary>
/// <param name="Deletion">The whole.</param>
/// <param name="Disk">What is merged.</param>
internal sealed record SnapshotCommitPlan(SnapshotDeletion Deletion, DiskMerge Disk) : BlockJobPlan
{
    public override DomainBlockJobType Type => Disk.IsActive ? DomainBlockJobType.ActiveCommit : DomainBlockJobType.Commit;

    public override bool IsTwoPhase => true;

    // Only a job that a client could pivot tells that it is ready.
    public override bool TellsReady => Disk.IsActive;

    public override DiskChain? Mirror => Disk.IsActive ? new DiskChain([Disk.Below], isTerminated: false) : null;

    public override ChainImage Written => Disk.Below;

    public override DiskChain? Finish(DiskChain chain) => chain;

    public override void Settle(TestImages images)
    {
    }

    public override Action? BecameReady(DomainEdit edit)
    {
        Deletion.DiskIsReady(edit);
        return null;
    }

    public override void Ended(BlockJob job, ConnectDomainEventBlockJobStatus status) => Deletion.DiskHasEnded(job, status);
}
