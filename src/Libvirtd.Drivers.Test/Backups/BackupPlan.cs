using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A disk's part of a backup: its bytes, as they were when it began, go into another file. The chain stays what it is.</summary>
/// <param name="Backup">The whole.</param>
/// <param name="Source">The disk's active image.</param>
/// <param name="Store">The file with the copy or, where a client reads it from a server, with what the guest overwrites meanwhile.</param>
internal sealed record BackupPlan(BackupJob Backup, ChainImage Source, ChainImage Store) : BlockJobPlan
{
    public override DomainBlockJobType Type => DomainBlockJobType.Backup;

    public override ChainImage Written => Store;

    public override bool IsEndless => Backup.IsPull;

    public override DiskChain? Finish(DiskChain chain) => chain;

    public override void Settle(TestImages images)
    {
        Backup.Store(images, Store);
        ImageFile source = images.Get(Source);
        ImageFile file = images.Get(Store);
        images.Put(file with { Capacity = source.Capacity, Allocation = Math.Max(file.Allocation, Math.Min(source.Capacity, Backup.LengthOf(Store))) });
    }

    public override void Ended(BlockJob job, ConnectDomainEventBlockJobStatus status) => Backup.Ended(job, status);
}
