using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What the devices of a running domain have moved so far: there is nothing to measure, so the figures are upstream's, which grow with the clock.</summary>
internal static class IoFigures
{
    /// <summary>A disk's figures.</summary>
    /// <param name="time">Microseconds since 1970.</param>
    public static DomainBlockStatsRet OfDisk(long time) => new()
    {
        RdReq = time / 10,
        RdBytes = time / 20,
        WrReq = time / 30,
        WrBytes = time / 40,
        Errs = time / 2000000,
    };

    /// <summary>An interface's figures.</summary>
    /// <param name="time">Microseconds since 1970.</param>
    public static DomainInterfaceStatsRet OfInterface(long time) => new()
    {
        RxBytes = time / 10,
        RxPackets = time / 100,
        RxErrs = time / 1000000,
        RxDrop = time / 2000000,
        TxBytes = time / 20,
        TxPackets = time / 110,
        TxErrs = time / 3000000,
        TxDrop = time / 4000000,
    };

    public static ulong ReadNanoseconds(long time) => (ulong)time * 2;

    public static ulong WriteNanoseconds(long time) => (ulong)time * 3;

    public static ulong Flushes(long time) => (ulong)time / 100000;

    public static ulong FlushNanoseconds(long time) => (ulong)time / 10;
}

/// <summary>What a guest says of its memory, as upstream has it.</summary>
internal static class MemoryFigures
{
    /// <summary>When the guest said it last: 1989-11-17.</summary>
    public const ulong LastUpdate = 627319920;
}
