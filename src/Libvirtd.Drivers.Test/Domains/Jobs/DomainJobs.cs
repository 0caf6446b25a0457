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

        throw VirException.Of(ErrorCode.OperationTimeout, ErrorDomain.Test, $"cannot acquire state change lock (held by job={Describe(other.Operation)})");
    }

    /// <summary>Refuses a change that no job may be under way for.</summary>
    public void RequireNone()
    {
        if (Current is { } job)
            throw VirException.Of(ErrorCode.OperationTimeout, ErrorDomain.Test, $"cannot acquire state change lock (held by job={Describe(job.Operation)})");
    }

    /// <summary>Refuses a change of a domain that is on its way to another host, or from one.</summary>
    public void RequireNoMigration()
    {
        if (Current is { Operation: DomainJobOperation.MigrationOut or DomainJobOperation.MigrationIn })
            RequireNone();
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
        // A guest's arrival is told by the domain's own events.
        if (events.HasListeners && job.Operation != DomainJobOperation.MigrationIn)
            events.Raise(new DomainJobCompletedEvent { Dom = about, Params = result.Params });
    }

    /// <summary>How the last job ended; null where none has, where that was told already, or where another has begun.</summary>
    /// <param name="keep">It may be asked for again.</param>
    public JobResult? TakeLast(bool keep) => keep ? Volatile.Read(ref _last) : Interlocked.Exchange(ref _last, null);

    private static string Describe(DomainJobOperation operation) => operation switch
    {
        DomainJobOperation.MigrationOut => "migration out",
        DomainJobOperation.MigrationIn => "migration in",
        _ => operation.ToString().ToLowerInvariant(),
    };
}
