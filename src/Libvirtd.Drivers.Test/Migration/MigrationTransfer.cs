using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// A guest's memory on its way: one pass over all of it and, while the guest runs, passes over what it has changed meanwhile. It takes the host's time;
/// how far it has come follows from the clock.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "RunAsync ends the timer; one that never ran waits for nothing.")]
internal sealed class MigrationTransfer
{
    private const int DirtyPart = 10;
    private const int LivePasses = 3;
    private const ulong LongestWait = 20ul * 24 * 3600 * 1000;

    private readonly TimeProvider _time;
    private readonly TimeSpan _unlimited;
    private readonly Lock _lock = new();
    private readonly ulong[] _ends;
    private readonly long _began;
    private readonly ITimer _timer;
    private TaskCompletionSource? _reached;
    private ulong _end;
    private ulong _moved;
    private long _since;
    private ulong _rate;
    private bool _isCut;

    /// <summary>A transfer that begins now.</summary>
    /// <param name="time">The host's clock.</param>
    /// <param name="memory">Bytes.</param>
    /// <param name="isLive">The guest runs on meanwhile.</param>
    /// <param name="unlimited">How long the first pass takes without a limit.</param>
    /// <param name="rate">The most bytes in a second; 0 for no limit.</param>
    public MigrationTransfer(TimeProvider time, ulong memory, bool isLive, TimeSpan unlimited, ulong rate)
    {
        _time = time;
        _unlimited = unlimited;
        _rate = rate;
        _began = _since = time.GetTimestamp();
        Memory = memory;
        _ends = new ulong[isLive ? LivePasses : 1];
        ulong pass = memory;
        for (int i = 0; i < _ends.Length; i++)
        {
            _ends[i] = pass + (i == 0 ? 0 : _ends[i - 1]);
            pass /= DirtyPart;
        }

        // One timer, set under the lock: a change of speed and a clock that is moved by hand find it as it must be, whatever threads do meanwhile.
        _timer = time.CreateTimer(_ => Look(null), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public ulong Memory { get; }

    /// <summary>The rest goes after the guest: see <see cref="Cut"/>.</summary>
    public bool IsCut
    {
        get
        {
            lock (_lock)
                return _isCut;
        }
    }

    /// <summary>Sets another limit, in bytes a second; 0 for none.</summary>
    public void SetRate(ulong rate) => Look(() => _rate = rate);

    /// <summary>Ends the transfer now: the guest goes on at its destination, the rest of its memory follows it.</summary>
    public void Cut() => Look(() => _isCut = true);

    /// <summary>Waits until all is moved. Once.</summary>
    /// <param name="onPass">Told the number of each pass that begins, from 1.</param>
    /// <param name="cancel">Ends it in the middle.</param>
    public async Task RunAsync(Action<int> onPass, CancellationToken cancel)
    {
        await using ConfiguredAsyncDisposable timer = _timer.ConfigureAwait(false);
        for (int pass = 0; pass < _ends.Length; pass++)
        {
            cancel.ThrowIfCancellationRequested();
            if (IsCut)
                return;
            onPass(pass + 1);
            await UntilAsync(_ends[pass], cancel).ConfigureAwait(false);
        }
    }

    public JobProgress Progress()
    {
        lock (_lock)
        {
            ulong moved = Moved();
            int pass = Array.FindIndex(_ends, end => moved < end);
            ulong left = pass < 0 || _isCut ? 0 : _ends[pass] - moved;
            return new JobProgress
            {
                Elapsed = _time.GetElapsedTime(_began),
                MemoryTotal = Memory,
                MemoryProcessed = moved,
                MemoryRemaining = left,
                MemoryRate = _rate,
                Iteration = (ulong)(pass < 0 ? _ends.Length : pass + 1),
            };
        }
    }

    private async Task UntilAsync(ulong end, CancellationToken cancel)
    {
        TaskCompletionSource reached = new();
        lock (_lock)
        {
            if (IsAt(end))
                return;
            _end = end;
            _reached = reached;
            _timer.Change(Left(end), Timeout.InfiniteTimeSpan);
        }

        using CancellationTokenRegistration aborted = cancel.UnsafeRegister(_ => reached.TrySetCanceled(cancel), null);
        await reached.Task.ConfigureAwait(false);
    }

    /// <summary>Something is different: the rate, the time or what is wanted. Whoever waits goes on, or waits for as long as it takes now.</summary>
    private void Look(Action? change)
    {
        TaskCompletionSource? reached = null;
        lock (_lock)
        {
            if (change is not null)
            {
                _moved = Moved();
                _since = _time.GetTimestamp();
                change();
            }

            if (_reached is null)
                return;
            if (IsAt(_end))
                (reached, _reached) = (_reached, null);
            else
                _timer.Change(Left(_end), Timeout.InfiniteTimeSpan);
        }

        reached?.TrySetResult();
    }

    private bool IsAt(ulong end) => _isCut || Moved() >= end;

    private ulong Moved()
    {
        (ulong bytes, long ticks) = Speed();
        UInt128 moved = ticks == 0 ? _ends[^1] : _moved + (UInt128)bytes * (ulong)_time.GetElapsedTime(_since).Ticks / (ulong)ticks;
        return (ulong)UInt128.Min(moved, _ends[^1]);
    }

    private TimeSpan Left(ulong end)
    {
        (ulong bytes, long ticks) = Speed();
        UInt128 wait = ((UInt128)(end - Moved()) * (ulong)ticks + bytes - 1) / bytes;
        // A delay counts whole milliseconds, less would be none at all, and takes no more than some weeks: whoever waits looks again then.
        UInt128 milliseconds = (wait + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;
        return TimeSpan.FromMilliseconds((long)UInt128.Min(milliseconds, LongestWait));
    }

    /// <summary>Bytes in a number of ticks.</summary>
    private (ulong Bytes, long Ticks) Speed() => _rate > 0 ? (_rate, TimeSpan.TicksPerSecond) : (Math.Max(Memory, 1), _unlimited.Ticks);
}
