using System.Diagnostics;

namespace Libvirtd.Rpc.Transport;

/// <summary>
/// How long a loop looks again before it sleeps. To be woken costs tens of microseconds, which a client that asks one thing after another would
/// pay for each answer. So a loop whose waits turn out short looks a little longer each time, and one whose wait was long sleeps at once the
/// next time: an idle connection, or a slow client, costs nothing. One thread's.
/// </summary>
internal sealed class BusyPoll
{
    /// <summary>The first look is this part of the longest.</summary>
    private const int Steps = 8;

    private readonly long _most;

    /// <param name="most">The longest look; zero or less: never.</param>
    /// <param name="processors">With one alone, looking keeps from running what is looked for.</param>
    public BusyPoll(TimeSpan most, int processors) => _most = processors > 1 ? Math.Max(0, (long)(most.TotalSeconds * Stopwatch.Frequency)) : 0;

    /// <summary>How long to look before sleeping next time, as a difference of <see cref="Stopwatch"/>'s timestamps.</summary>
    public long Budget { get; private set; }

    /// <summary>Something came after a wait, be it awake or asleep.</summary>
    public void Waited(long duration) => Budget = duration > _most ? 0 : Math.Min(Math.Max(Budget * 2, _most / Steps), _most);
}
