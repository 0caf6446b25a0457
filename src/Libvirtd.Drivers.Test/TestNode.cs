namespace Libvirtd.Drivers.Test;

/// <summary>The machine that a host pretends to be.</summary>
internal sealed record TestNode
{
    /// <summary>The processor's model, at most 31 bytes.</summary>
    public string Model { get; init; } = "i686";

    /// <summary>Memory in KiB.</summary>
    public ulong Memory { get; init; } = 3 * 1024 * 1024;

    /// <summary>The CPUs that are on.</summary>
    public int Cpus { get; init; } = 16;

    public int Mhz { get; init; } = 1400;

    public int Nodes { get; init; } = 2;

    public int Sockets { get; init; } = 2;

    public int Cores { get; init; } = 2;

    public int Threads { get; init; } = 2;

    /// <summary>The NUMA cells; a host from a file has none.</summary>
    public IReadOnlyList<TestCell> Cells { get; init; } = [];

    /// <summary>The CPUs that there could be.</summary>
    public int MaxCpus => Nodes * Sockets * Cores * Threads;

    /// <summary>The machine of <c>test:///default</c>: two cells of eight CPUs.</summary>
    public static TestNode Default { get; } = new()
    {
        Cells = [new TestCell(0, 8, 2048 * 1024, 1024 * 1024), new TestCell(1, 8, 4096 * 1024, 2048 * 1024)],
    };
}

/// <summary>A NUMA cell.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Cpus">How many CPUs it has.</param>
/// <param name="Memory">Its memory in KiB.</param>
/// <param name="FreeMemory">What of it is free, in KiB.</param>
internal readonly record struct TestCell(int Id, int Cpus, ulong Memory, ulong FreeMemory);
