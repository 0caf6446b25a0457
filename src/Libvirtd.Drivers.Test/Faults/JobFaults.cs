namespace Libvirtd.Drivers.Test;

/// <summary>A block job that is to fail.</summary>
/// <param name="Percent">How far it comes first, 0 to 100: a copy that has come to 100 is ready for its pivot, and fails then.</param>
/// <param name="Message">Why it fails, as the job tells it.</param>
internal sealed record JobFault(double Percent, string Message);

/// <summary>Which of a host's next block jobs fail. Jobs ask when they start; a test may also name a disk whose running job is to fail.</summary>
internal sealed class JobFaults
{
    private const int Most = 1024;
    private readonly Lock _lock = new();
    private readonly List<(Guid Domain, string Disk, JobFault Fault)> _waiting = [];

    /// <summary>The next job on that disk of the domain fails.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="disk">The disk's target, such as vda; empty for whichever comes first.</param>
    /// <param name="fault">How.</param>
    public void Add(Guid domain, string disk, JobFault fault)
    {
        lock (_lock)
        {
            if (_waiting.Count == Most)
                throw new MonitorException($"{Most} block jobs wait to fail already");
            _waiting.Add((domain, disk, fault));
        }
    }

    /// <summary>The fault of the job that starts on that disk now; null where it is to do its work.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="disk">The disk's target, such as vda.</param>
    public JobFault? Take(Guid domain, string disk)
    {
        lock (_lock)
        {
            int index = _waiting.FindIndex(one => one.Domain == domain && (one.Disk.Length == 0 || one.Disk == disk));
            if (index < 0)
                return null;
            JobFault fault = _waiting[index].Fault;
            _waiting.RemoveAt(index);
            return fault;
        }
    }

    public void Clear()
    {
        lock (_lock)
            _waiting.Clear();
    }
}
