using Microsoft.Extensions.Logging;

namespace Libvirtd.Rpc.Transport;

/// <summary>A few loops among which connections are dealt out in turn.</summary>
public sealed class EpollLoopGroup : IDisposable
{
    /// <summary>More loops than these have never paid: a loop answers a million calls a second.</summary>
    public const int MostByDefault = 4;

    private readonly EpollLoop[] _loops;
    private uint _next;

    /// <param name="count">How many loops, 1 to 64; 0: one for every two processors, at most <see cref="MostByDefault"/>.</param>
    /// <param name="logger">Where failures of handlers go.</param>
    /// <param name="busyPoll">How long each thread looks for more, at most, before it sleeps; zero: not at all.</param>
    public EpollLoopGroup(int count = 0, ILogger? logger = null, TimeSpan busyPoll = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 64);
        // Clients are mostly on the same machine, and drivers work beside us: loops on all processors make each other wait.
        if (count == 0) count = Math.Clamp(Environment.ProcessorCount / 2, 1, MostByDefault);
        _loops = new EpollLoop[count];
        for (int i = 0; i < count; i++) _loops[i] = new EpollLoop($"rpc-io-{i}", logger, busyPoll);
    }

    public int Count => _loops.Length;

    public EpollLoop this[int index] => _loops[index];

    /// <summary>The loop for the next connection.</summary>
    public EpollLoop Next() => _loops[(Interlocked.Increment(ref _next) - 1) % (uint)_loops.Length];

    public void Dispose()
    {
        foreach (EpollLoop loop in _loops) loop.Dispose();
    }
}
