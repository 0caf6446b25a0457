using System.Diagnostics.CodeAnalysis;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// A job that has a running domain for itself, such as a migration or a backup. It begins with <see cref="DomainJobs.Begin"/> and ends with
/// <see cref="DomainJobs.End"/>; its progress is asked for when somebody wants to know it, so nothing has to tick.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer: nothing is held; late callers may still cancel it.")]
internal sealed class DomainJob
{
    private readonly CancellationTokenSource _abort = new();
    private Func<JobProgress> _progress = static () => JobProgress.None;

    public DomainJob(DomainJobOperation operation, long began)
    {
        Operation = operation;
        Began = began;
    }

    public DomainJobOperation Operation { get; }

    /// <summary>A timestamp of the host's clock.</summary>
    public long Began { get; }

    /// <summary>It is about a guest that runs; otherwise it works on what a stopped domain has.</summary>
    public bool NeedsGuest { get; set; } = true;

    /// <summary>Ends when somebody aborts the job.</summary>
    public CancellationToken Aborted => _abort.Token;

    /// <summary>How far it has come now. Readers call it from any thread.</summary>
    public Func<JobProgress> Progress
    {
        get => Volatile.Read(ref _progress);
        set => Volatile.Write(ref _progress, value);
    }

    /// <summary>Why it cannot be aborted now; null where it can.</summary>
    public string? AbortRefusal { get; set; }

    /// <summary>Lets a migration's guest go on at its destination before all of its memory is there; null where that was not asked for.</summary>
    public Action? OnPostcopy { get; set; }

    /// <summary>Asked instead of <see cref="Aborted"/> being ended, where a job ends in a way of its own; gets the flags of virDomainAbortJobFlags.</summary>
    public Action<DomainAbortJobFlagsValues>? OnAbort { get; set; }

    /// <summary>What the tester, or a client, wants: the job ends soon.</summary>
    public void Abort() => _abort.Cancel();
}

/// <summary>How a job has ended.</summary>
/// <param name="Operation">What it did.</param>
/// <param name="Type">Completed, failed or cancelled.</param>
/// <param name="Progress">How far it came.</param>
/// <param name="Params">Its last statistics, with its outcome.</param>
internal sealed record JobResult(DomainJobOperation Operation, DomainJobType Type, JobProgress Progress, TypedParam[] Params);
