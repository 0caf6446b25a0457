using Microsoft.Extensions.Hosting;

namespace Libvirtd.Daemon.Hosting;

/// <summary>
/// Gives memory back after a burst. The collector keeps room for the next burst for as long as nothing is allocated, which for a daemon may be
/// days: once a second of work is followed by a second of rest, the heap is collected as a whole and what is free returns to the system, with the
/// pages of code that only the work needed. The start is such a burst.
/// </summary>
internal sealed class MemoryTrimmer(TimeProvider time) : IHostedService, IDisposable
{
    /// <summary>Less than this is rest.</summary>
    private const long RestBytes = 256 << 10;

    /// <summary>Less than this, allocated since the last time, is not worth a collection.</summary>
    private const long BurstBytes = 4 << 20;

    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    private ITimer? _timer;
    private long _seen;
    private long _trimmed;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _timer = time.CreateTimer(static self => ((MemoryTrimmer)self!).Look(GC.GetTotalAllocatedBytes()), this, s_period, s_period);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    /// <summary>One look; true: the heap was collected.</summary>
    /// <param name="allocated">Bytes allocated since the process began.</param>
    internal bool Look(long allocated)
    {
        bool rests = allocated - _seen < RestBytes;
        _seen = allocated;
        if (!rests || allocated - _trimmed < BurstBytes)
            return false;
        _trimmed = allocated;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        ProgramPages.Release();
        return true;
    }
}
