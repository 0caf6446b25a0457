using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// Snapshots on their way out, one after the other. The bytes of each one's overlays are moved by block jobs, one for each disk, which together are the
/// domain's job. A snapshot goes in one instant, when all its jobs have moved all, and not at all when one fails or somebody aborts: then images,
/// chains and tree are what they were, but for the snapshots that had gone before. Everything happens under the domain's edit.
/// </summary>
internal sealed class SnapshotDeletion
{
    private readonly TestHost _host;
    private readonly TestDomain _domain;
    private readonly DomainRef _about;
    private readonly DomainJob _job;
    private readonly Queue<Step> _steps = [];
    private readonly ulong _total;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _done;
    private bool _isOver;

    /// <summary>Begins, and has ended already where no bytes are to be moved.</summary>
    /// <param name="host">The host.</param>
    /// <param name="edit">The domain's edit.</param>
    /// <param name="snapshots">The snapshots, each after those below it.</param>
    /// <exception cref="VirException">The domain has another job (VIR_ERR_OPERATION_TIMEOUT).</exception>
    public SnapshotDeletion(TestHost host, DomainEdit edit, IEnumerable<string> snapshots)
    {
        _host = host;
        _domain = edit.Domain;
        _about = edit.View.Ref;
        // Nobody changes the domain meanwhile, so what would happen now is what will happen.
        TestImages trial = host.Images.Fork();
        DomainView view = edit.View;
        foreach (string name in snapshots)
        {
            SnapshotMerge merge = new(trial, view, name);
            view = merge.View;
            _steps.Enqueue(new Step(name, [.. merge.Merged.GroupBy(static one => one.Target, static (target, all) => DiskMerge.Of(target, [.. all]))]));
        }

        _total = Sum(_steps.SelectMany(static step => step.Disks).Select(static disk => disk.Bytes));
        _job = _domain.Jobs.Begin(DomainJobOperation.SnapshotDelete);
        _job.NeedsGuest = edit.View.IsActive;
        _job.Progress = Progress;
        _job.OnAbort = _ => Abort();
        Continue(edit);
    }

    /// <summary>Ends when the last snapshot is gone, or with the reason why one is not.</summary>
    public Task Ended => _ended.Task;

    /// <summary>A disk's bytes are all moved. When this is so for all disks the snapshot goes.</summary>
    public void DiskIsReady(DomainEdit edit)
    {
        List<BlockJob> jobs = JobsOf(edit.View);
        if (jobs.Exists(static job => job.Phase != BlockJobPhase.Ready))
            return;
        if (jobs.Find(static job => job.Fault is not null) is { } faulty)
        {
            Fail(edit, VirException.Internal(ErrorDomain.Test,
                $"finishing block job failed while deleting disk '{faulty.Target}' snapshot: '{faulty.Fault!.Message}'"), faulty);
            return;
        }

        Forget(edit, jobs);
        Continue(edit);
    }

    /// <summary>A disk's job has ended by itself: nothing becomes of the deletion.</summary>
    public void DiskHasEnded(BlockJob job, ConnectDomainEventBlockJobStatus status)
    {
        if (_isOver || status == ConnectDomainEventBlockJobStatus.Completed)
            return;
        using DomainEdit edit = _domain.Edit();
        if (status == ConnectDomainEventBlockJobStatus.Failed)
        {
            Fail(edit, VirException.Internal(ErrorDomain.Test,
                $"block commit failed while deleting disk '{job.Target}' snapshot: '{job.Fault?.Message ?? "Input/output error"}'"));
        }
        else
        {
            Fail(edit, VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, "domain is not running"));
        }
    }

    /// <summary>Goes on to the next snapshot whose bytes have to be moved.</summary>
    private void Continue(DomainEdit edit)
    {
        while (_steps.TryPeek(out Step? step) && step.Disks.Count == 0)
            Forget(edit, []);
        if (_steps.TryPeek(out Step? next))
        {
            foreach (DiskMerge disk in next.Disks)
                Start(edit, disk);
            return;
        }

        _isOver = true;
        _domain.Jobs.End(_job, _about, DomainJobType.Completed);
        _ended.SetResult();
    }

    private void Start(DomainEdit edit, DiskMerge disk)
    {
        DiskChain? chain = _host.Images.FindChain(edit.View.Definition.Document, disk.Target);
        int place = Math.Max(chain?.IndexOfPath(disk.Overlay.Path!) ?? 0, 0);
        SnapshotCommitPlan plan = new(this, disk) { Name = $"commit-{disk.Target}-{(chain is null ? "gone" : BlockJobPlan.NodeName(chain, place))}" };
        _host.BlockJobs.Start(edit, edit.View, disk.Target, plan, disk.Bytes, bandwidth: 0, whole: disk.Capacity);
    }

    /// <summary>The snapshot goes. Whether images are merged is decided anew: other domains may need them by now.</summary>
    private void Forget(DomainEdit edit, List<BlockJob> jobs)
    {
        Step step = _steps.Dequeue();
        InternalSnapshots.LetGo(_host.Images, edit.View, edit.View.Snapshots.Find(step.Snapshot)!.Definition);
        SnapshotMerge merge = new(_host.Images, edit.View, step.Snapshot);
        Volatile.Write(ref _done, Volatile.Read(ref _done) + Sum(step.Disks.Select(static disk => disk.Bytes)));
        _host.BlockJobs.EndTogether(edit, merge.View, jobs);
        _host.Images.RemoveLeftOver(merge.LeftOver.Where(path => !IsNamedAsMemory(path)));
    }

    private void Abort()
    {
        using DomainEdit edit = _domain.Edit();
        if (!_isOver)
            Fail(edit, VirException.Of(ErrorCode.OperationAborted, ErrorDomain.Test, "snapshot job: canceled by client"));
    }

    /// <summary>Ends what is under way.</summary>
    /// <param name="edit">The domain's edit.</param>
    /// <param name="error">Why.</param>
    /// <param name="faulty">The job whose fault it is, where it has not ended yet.</param>
    private void Fail(DomainEdit edit, VirException error, BlockJob? faulty = null)
    {
        _isOver = true;
        foreach (BlockJob job in JobsOf(edit.View))
        {
            if (job.Id == faulty?.Id)
                _host.BlockJobs.Fail(edit, job);
            else
                _host.BlockJobs.Cancel(edit, job);
        }

        DomainJobType type = error.Code == ErrorCode.OperationAborted ? DomainJobType.Cancelled : DomainJobType.Failed;
        _domain.Jobs.End(_job, _about, type, error.Message);
        _ended.SetException(error);
    }

    private List<BlockJob> JobsOf(DomainView view) =>
        [.. view.Blocks.Jobs.Values.Where(job => job.Plan is SnapshotCommitPlan plan && plan.Deletion == this)];

    private JobProgress Progress()
    {
        ulong moved = Math.Min(_total, Volatile.Read(ref _done) + Sum(JobsOf(_domain.View).Select(job => job.MovedAt(_host.Time))));
        return new JobProgress { Elapsed = _host.Time.GetElapsedTime(_job.Began), DiskTotal = _total, DiskProcessed = moved };
    }

    /// <summary>A snapshot of any domain keeps its memory in that file.</summary>
    private bool IsNamedAsMemory(string path) =>
        _host.Domains.All.Any(domain => domain.View.Snapshots.All.Any(node => node.Definition.Document.MemoryFile == path));

    private static ulong Sum(IEnumerable<ulong> bytes)
    {
        UInt128 sum = 0;
        foreach (ulong one in bytes)
            sum += one;
        return (ulong)UInt128.Min(sum, ulong.MaxValue);
    }

    /// <summary>A snapshot to delete, and what has to be moved for it.</summary>
    private sealed record Step(string Snapshot, IReadOnlyList<DiskMerge> Disks);
}

/// <summary>All that the end of a snapshot moves on one disk.</summary>
/// <param name="Target">The disk, such as vda.</param>
/// <param name="Overlay">The overlay that is merged, the first one where there are several.</param>
/// <param name="Below">The image that takes its bytes.</param>
/// <param name="Bytes">Bytes to move.</param>
/// <param name="Capacity">Bytes of the disk.</param>
/// <param name="IsActive">The domain writes to what is merged.</param>
internal sealed record DiskMerge(string Target, ChainImage Overlay, ChainImage Below, ulong Bytes, ulong Capacity, bool IsActive)
{
    public static DiskMerge Of(string target, MergedOverlay[] all)
    {
        ulong capacity = all.Max(static one => one.Capacity);
        UInt128 bytes = 0;
        foreach (MergedOverlay one in all)
            bytes += one.Bytes;
        return new DiskMerge(target, all[0].Overlay, all[0].Below, (ulong)UInt128.Min(bytes, ulong.MaxValue), capacity, Array.Exists(all, static one => one.IsActive));
    }
}
