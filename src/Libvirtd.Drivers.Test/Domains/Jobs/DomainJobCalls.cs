using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Watching and ending a domain's job.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask<DomainGetJobInfoRet> GetJobInfo(CallContext call, DomainRef dom)
    {
        DomainJob? job = ActiveJob(dom);
        return new(job is null ? JobProgress.None.ToInfo(DomainJobType.None) : job.Progress().ToInfo(DomainJobType.Unbounded));
    }

    public override ValueTask<DomainGetJobStatsRet> GetJobStats(CallContext call, DomainRef dom, DomainGetJobStatsFlags flags)
    {
        const DomainGetJobStatsFlags Known = DomainGetJobStatsFlags.Completed | DomainGetJobStatsFlags.KeepCompleted;
        FlagCheck.Require((uint)flags, (uint)Known, "testDomainGetJobStats");
        if (flags.HasFlag(DomainGetJobStatsFlags.Completed))
        {
            DomainJobs jobs = domains.Get(dom).Jobs;
            JobResult? last = jobs.Current is null ? jobs.TakeLast(flags.HasFlag(DomainGetJobStatsFlags.KeepCompleted)) : null;
            return new(Stats(last?.Type ?? DomainJobType.None, last?.Params ?? []));
        }

        return new(ActiveJob(dom) is { } job
            ? Stats(DomainJobType.Unbounded, job.Progress().ToParams(job.Operation))
            : Stats(DomainJobType.None, []));
    }

    public override ValueTask AbortJob(CallContext call, DomainRef dom) => AbortJobFlags(call, dom, 0);

    public override ValueTask AbortJobFlags(CallContext call, DomainRef dom, DomainAbortJobFlagsValues flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainAbortJobFlagsValues.Postcopy, "testDomainAbortJobFlags");
        DomainJob? job = domains.Get(dom).Jobs.Current;
        if (job is not { NeedsGuest: false })
            RequireActive(View(dom));
        bool wantsPostcopy = flags.HasFlag(DomainAbortJobFlagsValues.Postcopy);
        if (wantsPostcopy && View(dom) is not { State: DomainState.Paused, Reason: (int)DomainPausedReason.Postcopy })
            throw Invalid("current job is not outgoing migration in post-copy mode");
        if (job is null)
            throw Invalid("no job is active on the domain");
        if (job.Operation == DomainJobOperation.MigrationIn)
            throw Invalid("cannot abort incoming migration; use virDomainDestroy instead");
        if (job.AbortRefusal is { } refusal)
            throw Invalid(refusal);
        if (job.OnAbort is { } abort)
            abort(flags);
        else
            job.Abort();
        return default;
    }

    /// <summary>The job of a domain that runs, or works on what a stopped one has, and sends no statistics elsewhere.</summary>
    private DomainJob? ActiveJob(in DomainRef dom)
    {
        DomainJob? job = domains.Get(dom).Jobs.Current;
        if (job?.Operation == DomainJobOperation.MigrationIn)
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, "migration statistics are available only on the source host");
        if (job is not { NeedsGuest: false })
            ActiveView(dom);
        return job;
    }

    private static DomainGetJobStatsRet Stats(DomainJobType type, TypedParam[] list) => new() { Type = (int)type, Params = list };
}
