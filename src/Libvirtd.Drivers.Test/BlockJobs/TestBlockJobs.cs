using System.Collections.Concurrent;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// Runs the block jobs of a host's domains by the host's clock. A job's state is part of its domain's view; what lives here is the timer that looks
/// at it again when something is to happen. All changes are made under the domain's own edit, which nobody holds while he waits.
/// </summary>
internal sealed partial class TestBlockJobs(TestHost host) : IDisposable
{
    /// <summary>How long a job without a limit takes, if the URI does not say otherwise.</summary>
    public static readonly TimeSpan DefaultDuration = TimeSpan.FromSeconds(2);

    /// <summary>Clocks take no longer waits, and a look once a day costs nothing.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<long, JobTimer> _timers = new();
    private long _lastId;
    private bool _isDisposed;

    private TimeProvider Time => host.Time;

    private TestImages Images => host.Images;

    /// <summary>Begins a job on a disk that has none.</summary>
    /// <param name="edit">The domain's edit.</param>
    /// <param name="view">The domain as the job is to find it.</param>
    /// <param name="target">The disk.</param>
    /// <param name="plan">What the job does.</param>
    /// <param name="length">Bytes to move.</param>
    /// <param name="bandwidth">Bytes in a second at most; 0 for no limit.</param>
    /// <param name="whole">Bytes that a job without a limit moves in the time that the host's jobs take; null for those of this one.</param>
    public void Start(DomainEdit edit, DomainView view, string target, BlockJobPlan plan, ulong length, ulong bandwidth, ulong? whole = null)
    {
        BlockJob job = new()
        {
            Id = Interlocked.Increment(ref _lastId),
            Target = target,
            Plan = plan,
            IsLive = view.IsActive,
            Length = length,
            Bandwidth = bandwidth,
            Since = Time.GetTimestamp(),
            Fault = TakeFault(view.Definition.Uuid, target),
            FullDuration = plan.IsEndless ? TimeSpan.MaxValue : Part(host.Options.BlockJob, length, whole ?? length),
        };
        view = view with { Blocks = view.Blocks.With(job) };
        edit.Publish(Mirrored(view, job));
        Schedule(edit.Domain, job);
    }

    /// <summary>Changes how fast a job may go.</summary>
    public void SetSpeed(DomainEdit edit, BlockJob job, ulong bandwidth)
    {
        BlockJob changed = job.WithBandwidth(bandwidth, Time);
        edit.Publish(edit.View with { Blocks = edit.View.Blocks.With(changed) });
        if (changed.Phase == BlockJobPhase.Moving)
            Schedule(edit.Domain, changed);
    }

    /// <summary>Ends a job without effect.</summary>
    public void Cancel(DomainEdit edit, BlockJob job) => End(edit, job, ConnectDomainEventBlockJobStatus.Canceled);

    /// <summary>Ends a job, which has failed.</summary>
    public void Fail(DomainEdit edit, BlockJob job) => End(edit, job, ConnectDomainEventBlockJobStatus.Failed);

    /// <summary>Ends jobs at once that are ready, in a view of the domain with all that they have done.</summary>
    public void EndTogether(DomainEdit edit, DomainView view, IReadOnlyCollection<BlockJob> jobs)
    {
        foreach (BlockJob job in jobs)
        {
            Forget(job.Id);
            view = Unmirrored(view, job);
            view = view with { Blocks = view.Blocks.Without(job) };
        }

        edit.Publish(view);
        foreach (BlockJob job in jobs)
        {
            Raise(edit.View, job, ConnectDomainEventBlockJobStatus.Completed);
            Written(edit, job.Plan.Written);
            job.Plan.Ended(job with { Moved = job.Length }, ConnectDomainEventBlockJobStatus.Completed);
        }
    }

    /// <summary>Ends a job that is ready: the disk goes over to what was written.</summary>
    /// <exception cref="VirException">VIR_ERR_BLOCK_COPY_ACTIVE: it is not ready. VIR_ERR_OPERATION_FAILED: the chain is another one by now.</exception>
    public void Pivot(DomainEdit edit, BlockJob job)
    {
        if (job.Phase != BlockJobPhase.Ready)
            throw VirException.Of(ErrorCode.BlockCopyActive, ErrorDomain.Test, $"block job '{job.Plan.Name}' not ready for pivot yet");
        if (job.Fault is null && Complete(edit, job))
            return;
        string reason = job.Fault is { } fault ? $": {fault.Message}" : "";
        if (job.Fault is not null)
            End(edit, job, ConnectDomainEventBlockJobStatus.Failed);
        throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, $"block job '{job.Plan.Name}' failed while pivoting{reason}");
    }

    /// <summary>
    /// What a domain's next view is to say of its disks: a running one has numbers for its images, one that stops has no jobs any more.
    /// </summary>
    /// <exception cref="VirException">VIR_ERR_OPERATION_INVALID: a domain cannot start while a job works on what it is configured to run with.</exception>
    public DomainView Follow(DomainView? old, DomainView next)
    {
        if (next.IsActive && !next.IsGone && next.Definition.Id != (old?.Definition.Id ?? -1))
        {
            if (old is { IsActive: false } && old.Blocks.Jobs.Count > 0)
            {
                throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test,
                    $"cannot start domain '{next.Definition.Name}' while a block job works on its disk '{old.Blocks.Jobs.Keys.First()}'");
            }

            return (next with { Blocks = BlockState.Empty }).WithNumberedImages(Images, starts: true);
        }

        if (next.IsActive && !next.IsGone && !ReferenceEquals(next.Definition.Document, old?.Definition.Document))
            return next.WithNumberedImages(Images, starts: false);
        return HasLeft(old, next) ? next with { Blocks = BlockState.Empty } : next;
    }

    /// <summary>Tells that the jobs of a domain that has stopped, or is gone, are cancelled.</summary>
    public void Followed(DomainView old, DomainView next)
    {
        if (!HasLeft(old, next))
            return;
        foreach (BlockJob job in old.Blocks.Jobs.Values)
        {
            Forget(job.Id);
            job.Plan.Undo(Images, job.Phase == BlockJobPhase.Ready);
            Raise(old, job, ConnectDomainEventBlockJobStatus.Canceled);
            job.Plan.Ended(job with { Moved = job.MovedAt(Time) }, ConnectDomainEventBlockJobStatus.Canceled);
        }
    }

    public void Dispose()
    {
        Volatile.Write(ref _isDisposed, true);
        foreach (long id in _timers.Keys)
            Forget(id);
    }

    private static TimeSpan Part(TimeSpan time, ulong part, ulong whole) =>
        part >= whole ? time : TimeSpan.FromTicks((long)((UInt128)time.Ticks * part / whole));

    private static bool HasLeft(DomainView? old, DomainView next) =>
        old is not null && !ReferenceEquals(old.Blocks, BlockState.Empty) && ((old.IsActive && !next.IsActive) || next.IsGone);

    private static DomainView Mirrored(DomainView view, BlockJob job) => job is { IsLive: true, Plan.Mirror: { } mirror }
        ? view.WithMirror(job.Target, mirror, job.Type == DomainBlockJobType.Copy ? "copy" : "active-commit", job.Phase == BlockJobPhase.Ready)
        : view;

    /// <summary>The time has come to look at a job.</summary>
    private void Continue(JobTimer timer)
    {
        Action? afterwards = null;
        using (DomainEdit edit = timer.Domain.Edit())
        {
            if (edit.View.Blocks.Find(timer.Target) is not { } job || job.Id != timer.Id)
                Forget(timer.Id);
            else if (job.Phase != BlockJobPhase.Ready)
                afterwards = Continue(edit, job);
        }

        afterwards?.Invoke();
    }

    private Action? Continue(DomainEdit edit, BlockJob job)
    {
        if (job.Remaining(Time) > TimeSpan.Zero)
            Schedule(edit.Domain, job);
        else if (job.FailsOnTheWay)
            End(edit, job, ConnectDomainEventBlockJobStatus.Failed);
        else if (job.Plan.IsTwoPhase)
            return BecomeReady(edit, job);
        else
            Complete(edit, job);
        return null;
    }

    private Action? BecomeReady(DomainEdit edit, BlockJob job)
    {
        BlockJob ready = job with { Phase = BlockJobPhase.Ready, Moved = job.Length };
        edit.Publish(Mirrored(edit.View with { Blocks = edit.View.Blocks.With(ready) }, ready));
        if (job.Plan.TellsReady)
            Raise(edit.View, ready, ConnectDomainEventBlockJobStatus.Ready);
        return job.Plan.BecameReady(edit);
    }

    /// <summary>Makes the chain what the job was for. False, and the job has failed: the chain is not the one that it was about.</summary>
    private bool Complete(DomainEdit edit, BlockJob job)
    {
        DomainView view = edit.View;
        DomainDefinition definition = job.IsLive ? view.Definition : view.ConfigDefinition;
        if (definition.Document.DiskByTarget(job.Target) is not { } disk || job.Plan.Finish(Images.ChainOf(disk)) is not { } chain)
        {
            End(edit, job, ConnectDomainEventBlockJobStatus.Failed);
            return false;
        }

        job.Plan.Settle(Images);
        if (job.IsLive)
            view = Unmirrored(view, job).ChangeLiveChain(Images, job.Target, _ => chain);
        if (!job.IsLive || view.Pending is not null)
            view = view.ChangeConfigChain(Images, job.Target, configured => IsSameDisk(disk, configured, job) ? job.Plan.Finish(configured) : null);
        Forget(job.Id);
        edit.Publish(view with { Blocks = view.Blocks.Without(job) });
        foreach (string path in job.Plan.Unwanted)
        {
            if (!Images.IsUsed(path) && !Images.BackedBy(path).Any())
                Images.Remove(path);
        }

        Raise(edit.View, job, ConnectDomainEventBlockJobStatus.Completed);
        Written(edit, job.Plan.Written);
        job.Plan.Ended(job with { Moved = job.Length }, ConnectDomainEventBlockJobStatus.Completed);
        return true;
    }

    /// <summary>
    /// A disk of that name may be configured to be another one at the next start. What was committed is invalid wherever it stands, the other jobs
    /// matter only to a disk with the same active image.
    /// </summary>
    private bool IsSameDisk(Node disk, DiskChain configured, BlockJob job) =>
        job.Plan is CommitPlan || Images.ChainOf(disk).Active.IsAt(configured.Active);

    private static DomainView Unmirrored(DomainView view, BlockJob job) =>
        job is { IsLive: true, Plan.Mirror: not null } && view.Definition.Document.DiskByTarget(job.Target) is not null
            ? view.WithMirror(job.Target, null)
            : view;

    private void End(DomainEdit edit, BlockJob job, ConnectDomainEventBlockJobStatus status)
    {
        Forget(job.Id);
        DomainView view = Unmirrored(edit.View, job);
        edit.Publish(view with { Blocks = view.Blocks.Without(job) });
        job.Plan.Undo(Images, job.Phase == BlockJobPhase.Ready && status == ConnectDomainEventBlockJobStatus.Canceled);
        Raise(edit.View, job, status);
        job.Plan.Ended(job with { Moved = job.MovedAt(Time) }, status);
    }

    /// <summary>Raises both events: the elder one names the disk's file, and so is not for disks without one.</summary>
    private void Raise(DomainView view, BlockJob job, ConnectDomainEventBlockJobStatus status)
    {
        if (!host.Events.HasListeners)
            return;
        DomainDefinition definition = job.IsLive ? view.Definition : view.ConfigDefinition;
        if (definition.Document.DiskByTarget(job.Target) is { } disk && Images.ChainOf(disk).Active is { IsLocal: true, Path: { } path })
            host.Events.Raise(new DomainBlockJobEvent { Dom = view.Ref, Path = path, Type = (int)job.Type, Status = (int)status });
        host.Events.Raise(new DomainBlockJob2Event { Dom = view.Ref, Dst = job.Target, Type = (int)job.Type, Status = (int)status });
    }

    private void Schedule(TestDomain domain, BlockJob job)
    {
        if (Volatile.Read(ref _isDisposed) || job.Plan.IsEndless)
            return;
        TimeSpan wait = job.Remaining(Time);
        // Whole milliseconds, rounded up: the system's timers know nothing shorter, and would fire too early.
        wait = wait >= s_longestWait ? s_longestWait : TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));
        JobTimer timer = _timers.GetOrAdd(job.Id, static (_, made) => new JobTimer(made.Jobs, made.domain, made.job),
            (Jobs: this, domain, job));
        timer.Change(wait);
    }

    private void Forget(long id)
    {
        if (_timers.TryRemove(id, out JobTimer? timer))
            timer.Dispose();
    }

    private sealed class JobTimer : IDisposable
    {
        private readonly ITimer _timer;

        public JobTimer(TestBlockJobs jobs, TestDomain domain, BlockJob job)
        {
            Domain = domain;
            Target = job.Target;
            Id = job.Id;
            _timer = jobs.Time.CreateTimer(_ => jobs.Continue(this), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public TestDomain Domain { get; }

        public string Target { get; }

        public long Id { get; }

        public void Change(TimeSpan wait) => _timer.Change(wait, Timeout.InfiniteTimeSpan);

        public void Dispose() => _timer.Dispose();
    }
}
