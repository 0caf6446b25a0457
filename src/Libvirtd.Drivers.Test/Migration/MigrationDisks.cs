using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The contents of a guest's disks on their way. A block job copies each of them and then keeps both sides the same until the guest has left, so its
/// memory follows when all are ready.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="domain">The domain.</param>
/// <param name="request">What was asked for.</param>
internal sealed class MigrationDisks(TestHost host, TestDomain domain, MigrationRequest request)
{
    private readonly long _began = host.Time.GetTimestamp();
    private readonly TaskCompletionSource _ready = new();
    private ulong _total;
    private ulong _moved;
    private bool _isOver;
    private VirException? _error;

    /// <summary>Copies all disks. It ends when all are the same on both sides.</summary>
    /// <param name="rate">Bytes in a second for each; 0 for no limit.</param>
    /// <param name="cancel">Ends it in the middle.</param>
    /// <exception cref="VirException">A disk failed, or the guest has stopped (VIR_ERR_OPERATION_FAILED).</exception>
    public async Task CopyAsync(ulong rate, CancellationToken cancel)
    {
        using (DomainEdit edit = domain.Edit())
        {
            DomainDisk[] disks = [.. MigratedDisk.Select(edit.View.Definition.Document, request)];
            if (disks.Length == 0)
                return;
            foreach (DomainDisk disk in disks)
                Start(edit, disk, rate);
        }

        using CancellationTokenRegistration aborted = cancel.UnsafeRegister(_ => _ready.TrySetCanceled(cancel), null);
        await _ready.Task.ConfigureAwait(false);
    }

    /// <summary>Sets another limit, in bytes a second; 0 for none.</summary>
    public void SetRate(ulong rate)
    {
        using DomainEdit edit = domain.Edit();
        foreach (BlockJob job in JobsOf(edit.View))
            host.BlockJobs.SetSpeed(edit, job, rate);
    }

    /// <summary>Nothing is copied any more: the guest has left, or does not leave.</summary>
    public void End()
    {
        using DomainEdit edit = domain.Edit();
        if (_isOver)
            return;
        _moved = Moved(edit.View);
        _isOver = true;
        foreach (BlockJob job in JobsOf(edit.View))
            host.BlockJobs.Cancel(edit, job);
    }

    /// <summary>Whether the copies are still what they were when the memory began to move.</summary>
    /// <exception cref="VirException">A disk has failed meanwhile, or the guest has stopped (VIR_ERR_OPERATION_FAILED).</exception>
    public void RequireWhole()
    {
        if (Volatile.Read(ref _error) is { } error)
            throw error;
    }

    /// <summary>How far all has come.</summary>
    /// <param name="memory">How far the memory has come.</param>
    public JobProgress Progress(JobProgress memory)
    {
        ulong moved = _isOver ? _moved : Moved(domain.View);
        return memory with
        {
            Elapsed = host.Time.GetElapsedTime(_began),
            DiskTotal = _total,
            DiskProcessed = Math.Min(moved, _total),
        };
    }

    /// <summary>A disk is the same on both sides.</summary>
    /// <returns>What is to be done when the domain's edit has ended; null for nothing.</returns>
    public Action? DiskIsReady(DomainView view) =>
        JobsOf(view).TrueForAll(static job => job.Phase == BlockJobPhase.Ready) ? () => _ready.TrySetResult() : null;

    /// <summary>A disk's job has ended by itself.</summary>
    public void DiskHasEnded(BlockJob job, ConnectDomainEventBlockJobStatus status)
    {
        if (_isOver)
            return;
        string reason = job.Fault is { } fault ? $": {fault.Message}" : "";
        VirException error = VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test,
            status == ConnectDomainEventBlockJobStatus.Failed ? $"migration of disk {job.Target} failed{reason}" : "domain is no longer running");
        Volatile.Write(ref _error, error);
        // Whoever waits goes on when the domain's edit, which is held now, has ended.
        ThreadPool.UnsafeQueueUserWorkItem(static one => one.Ready.TrySetException(one.Error), (Ready: _ready, Error: error), preferLocal: false);
    }

    private void Start(DomainEdit edit, DomainDisk disk, ulong rate)
    {
        MigratedDisk moved = MigratedDisk.Of(host.Images, disk, request);
        _total += moved.Allocation;
        DiskChain chain = host.Images.ChainOf(disk.Node);
        MigrationCopyPlan plan = new(this, chain.Active) { Name = $"drive-{disk.Target}" };
        host.BlockJobs.Start(edit, edit.View, disk.Target, plan, moved.Allocation, rate, whole: moved.Capacity);
    }

    private ulong Moved(DomainView view)
    {
        ulong moved = 0;
        foreach (BlockJob job in JobsOf(view))
            moved += job.MovedAt(host.Time);
        return moved;
    }

    private List<BlockJob> JobsOf(DomainView view) =>
        [.. view.Blocks.Jobs.Values.Where(job => job.Plan is MigrationCopyPlan plan && plan.Disks == this)];
}

/// <summary>A disk's part of a migration. Nothing changes here: what is copied is at the destination.</summary>
/// <param name="Disks">The whole.</param>
/// <param name="Source">The active image.</param>
internal sealed record MigrationCopyPlan(MigrationDisks Disks, ChainImage Source) : BlockJobPlan
{
    public override DomainBlockJobType Type => DomainBlockJobType.Copy;

    public override bool IsTwoPhase => true;

    public override ChainImage Written => Source;

    public override DiskChain? Finish(DiskChain chain) => chain;

    public override void Settle(TestImages images)
    {
    }

    public override Action? BecameReady(DomainEdit edit) => Disks.DiskIsReady(edit.View);

    public override void Ended(BlockJob job, ConnectDomainEventBlockJobStatus status) => Disks.DiskHasEnded(job, status);
}
