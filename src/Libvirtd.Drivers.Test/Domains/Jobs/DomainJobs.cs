using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The one job that a domain can have at a time, and how the last one ended.</summary>
internal sealed class DomainJobs(TestDomain domain)
{
    private DomainJob? _current;
    private JobResult? _last;

    /// <summary>The job under way; null for none.</summary>
    public DomainJob? Current => Volatile.Read(ref _current);

    /// <summary>Begins a job.</summary>
    /// <exception cref="VirException">Another one is under way (VIR_ERR_OPERATION_TIMEOUT): upstream waits for it first, we say so at once.</exception>
    public DomainJob Begin(DomainJobOperation operation)
    {
        DomainJob job = new(operation, domain.Owner.Host.Time.GetTimestamp());
        if (Interlocked.CompareExchange(ref _current, job, null) is not { } other)
        {
            Volatile.Write(ref _last, null);
            return job;
        }

        throw Held(other);
    }

    /// <summary>Refuses a change that no job may be under way for.</summary>
    public void RequireNone() => Require(DomainChanges.Job);

    /// <summary>Refuses a change that the job under way does not let happen.</summary>
    /// <exception cref="VirException">VIR_ERR_OPERATION_TIMEOUT.</exception>
    public void Require(DomainChanges change)
    {
        if (Current is { } job && (Allowed(job.Operation) & change) == 0)
            throw Held(job);
    }

    /// <summary>The job has ended; how is remembered for virDomainGetJobStats, and told by the event of it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="about">The domain as it was while the job ran.</param>
    /// <param name="type">Completed, failed or cancelled.</param>
    /// <param name="error">Why it failed; null where it did not.</param>
    public void End(DomainJob job, DomainRef about, DomainJobType type, string? error = null)
    {
        if (Interlocked.CompareExchange(ref _current, null, job) != job)
            return;
        JobProgress progress = job.Progress();
        List<TypedParam> list = [.. progress.ToParams(job.Operation), new("success", type == DomainJobType.Completed)];
        if (error is not null)
            list.Add(new("errmsg", error));
        JobResult result = new(job.Operation, type, progress, [.. list]);
        Volatile.Write(ref _last, result);
        EventHub events = domain.Owner.Host.Events;
        // A guest's arrival is told by the domain's own events, the end of a deletion by those of its block jobs.
        if (events.HasListeners && job.Operation is not (DomainJobOperation.MigrationIn or DomainJobOperation.SnapshotDelete))
            events.Raise(new DomainJobCompletedEvent { Dom = about, Params = result.Params });
    }

    /// <summary>How the last job ended; null where none has, where that was told already, or where another has begun.</summary>
    /// <param name="keep">It may be asked for again.</param>
    public JobResult? TakeLast(bool keep) => keep ? Volatile.Read(ref _last) : Interlocked.Exchange(ref _last, null);

    private static DomainChanges Allowed(DomainJobOperation operation) => DomainChanges.Destroy | DomainChanges.Agent | operation switch
    {
        DomainJobOperation.MigrationOut => DomainChanges.Suspend,
        DomainJobOperation.Backup => DomainChanges.Suspend | DomainChanges.Modify,
        _ => DomainChanges.None,
    };

    /// <summary>Upstream names the function of its server that began the job.</summary>
    private static VirException Held(DomainJob job)
    {
        string function = job.Operation switch
        {
            DomainJobOperation.MigrationOut => "remoteDispatchDomainMigratePerform3Params",
            DomainJobOperation.MigrationIn => "remoteDispatchDomainMigratePrepare3Params",
            DomainJobOperation.Backup => "remoteDispatchDomainBackupBegin",
            DomainJobOperation.SnapshotDelete => "remoteDispatchDomainSnapshotDelete",
            _ => $"remoteDispatchDomain{job.Operation}",
        };
        return VirException.Of(ErrorCode.OperationTimeout, ErrorDomain.Test, $"cannot acquire state change lock (held by monitor={function})");
    }
}
