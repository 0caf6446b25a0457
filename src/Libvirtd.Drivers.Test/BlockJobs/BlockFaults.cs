using System.Collections.Concurrent;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Block jobs that fail because a tester wants them to.</summary>
internal sealed partial class TestBlockJobs
{
    private readonly ConcurrentDictionary<(Guid Domain, string Target), BlockJobFault> _faults = new();

    /// <summary>The next job on a disk fails on its way.</summary>
    public void FailNext(Guid domain, string target, BlockJobFault fault) => _faults[(domain, target)] = fault;

    /// <summary>The job on a disk fails now. False: there is none.</summary>
    public bool FailNow(DomainEdit edit, string target)
    {
        if (edit.View.Blocks.Find(target) is not { } job)
            return false;
        End(edit, job, ConnectDomainEventBlockJobStatus.Failed);
        return true;
    }

    private BlockJobFault? TakeFault(Guid domain, string target) => _faults.TryRemove((domain, target), out BlockJobFault? fault) ? fault : null;
}

/// <summary>How a block job is to fail.</summary>
/// <param name="Percent">How far it comes first, 0 to 100: one of two phases that has come to 100 is ready, and fails at its pivot.</param>
/// <param name="Message">Why it fails, as a failed pivot tells it.</param>
internal sealed record BlockJobFault(double Percent, string Message);
