using System.Collections.Immutable;

namespace Libvirtd.Drivers.Test;

/// <summary>What is known of one run of a domain beyond its definition: it begins anew with each start.</summary>
internal sealed record RunView
{
    public static RunView Fresh { get; } = new();

    /// <summary>How I/O threads poll, where that was set; by their ids.</summary>
    public ImmutableSortedDictionary<uint, IoThreadPolling> Polling { get; init; } = ImmutableSortedDictionary<uint, IoThreadPolling>.Empty;

    /// <summary>The last measurement of how fast the guest writes to its memory; null where none was begun.</summary>
    public DirtyRate? DirtyRate { get; init; }

    /// <summary>The virtual CPUs that the guest does not use, though it has them.</summary>
    public ImmutableSortedSet<int> IdleVcpus { get; init; } = ImmutableSortedSet<int>.Empty;

    /// <summary>How many seconds the guest's agent is waited for; -2 is for ever, -1 as long as usual, 0 not at all.</summary>
    public int AgentTimeout { get; init; } = -1;
}

/// <summary>A measurement of how fast a guest writes to its memory.</summary>
/// <param name="StartSeconds">When it began, in seconds since 1970.</param>
/// <param name="PeriodSeconds">How long it takes.</param>
/// <param name="Mode">How it is done.</param>
internal sealed record DirtyRate(long StartSeconds, int PeriodSeconds, string Mode)
{
    public const string Sampling = "page-sampling";
    public const string Bitmap = "dirty-bitmap";
    public const string Ring = "dirty-ring";
}

/// <summary>How an I/O thread polls.</summary>
/// <param name="MaxNanoseconds">The longest time that it polls before it sleeps; 0 is none.</param>
/// <param name="Grow">By what factor the time grows; 0 is the hypervisor's own.</param>
/// <param name="Shrink">By what divisor the time shrinks; 0 is the hypervisor's own.</param>
internal sealed record IoThreadPolling(ulong MaxNanoseconds, uint Grow, uint Shrink)
{
    public static IoThreadPolling Default { get; } = new(32768, 0, 0);
}
