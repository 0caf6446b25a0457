using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Block jobs that fail because a tester wants them to.</summary>
internal sealed partial class TestBlockJobs
{
    /// <summary>The job on a disk fails now. False: there is none.</summary>
    public bool FailNow(DomainEdit edit, string target, JobFault fault)
    {
        if (edit.View.Blocks.Find(target) is not { } job)
            return false;
        Fail(edit, job with { Fault = fault });
        return true;
    }

    private JobFault? TakeFault(Guid domain, string target) => host.Faults.Jobs.Take(domain, target);
}
