using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The machine's memory and its rest. Upstream's test driver has none of these calls: the texts are those of a real host.</summary>
internal sealed partial class TestConnectDriver
{
    private const ulong LeastSuspendSeconds = 60;

    /// <summary>Half of the memory is free, as <c>NodeGetFreeMemory</c> says; buffers and caches are invented parts of the rest.</summary>
    public override ValueTask<NodeGetMemoryStats[]> NodeGetMemoryStats(CallContext call, int cellNum, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeGetMemoryStats");
        IReadOnlyList<HostCell> cells = host.Cells;
        if (cellNum < -1 || cellNum >= cells.Count)
        {
            throw VirException.BadArgument(ErrorDomain.None, $"cellNum in virHostMemGetStats must be less than or equal to {cells.Count - 1}",
                "virHostMemGetStats", "cellNum");
        }

        if (cellNum >= 0)
        {
            ulong memory = cells[cellNum].MemoryKiB;
            return new([Stat(LibvirtConstants.NodeMemoryStatsTotal, memory), Stat(LibvirtConstants.NodeMemoryStatsFree, memory / 2)]);
        }

        ulong total = cells.Count > 0 ? cells.Aggregate(0ul, static (sum, cell) => sum + cell.MemoryKiB) : host.Node.MemoryKiB;
        return new(
        [
            Stat(LibvirtConstants.NodeMemoryStatsTotal, total),
            Stat(LibvirtConstants.NodeMemoryStatsFree, total / 2),
            Stat(LibvirtConstants.NodeMemoryStatsBuffers, total / 64),
            Stat(LibvirtConstants.NodeMemoryStatsCached, total / 8),
        ]);
    }

    public override ValueTask<TypedParam[]> NodeGetMemoryParameters(CallContext call, TypedParameterFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)TypedParameterFlags.Okay, "testNodeGetMemoryParameters");
        MemorySharing sharing = host.Memory.Sharing;
        return new(
        [
            new(LibvirtConstants.NodeMemorySharedPagesToScan, sharing.PagesToScan),
            new(LibvirtConstants.NodeMemorySharedSleepMillisecs, sharing.SleepMilliseconds),
            new(LibvirtConstants.NodeMemorySharedPagesShared, 0ul),
            new(LibvirtConstants.NodeMemorySharedPagesSharing, 0ul),
            new(LibvirtConstants.NodeMemorySharedPagesUnshared, 0ul),
            new(LibvirtConstants.NodeMemorySharedPagesVolatile, 0ul),
            new(LibvirtConstants.NodeMemorySharedFullScans, 0ul),
            new(LibvirtConstants.NodeMemorySharedMergeAcrossNodes, sharing.MergeAcrossNodes),
        ]);
    }

    public override ValueTask NodeSetMemoryParameters(CallContext call, TypedParam[] @params, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeSetMemoryParameters");
        TypedParamRules.Require(@params, TypedParameterType.Uint, LibvirtConstants.NodeMemorySharedPagesToScan,
            LibvirtConstants.NodeMemorySharedSleepMillisecs, LibvirtConstants.NodeMemorySharedMergeAcrossNodes);
        host.Memory.Share(sharing => new MemorySharing(
            @params.Find(LibvirtConstants.NodeMemorySharedPagesToScan)?.UInt ?? sharing.PagesToScan,
            @params.Find(LibvirtConstants.NodeMemorySharedSleepMillisecs)?.UInt ?? sharing.SleepMilliseconds,
            @params.Find(LibvirtConstants.NodeMemorySharedMergeAcrossNodes)?.UInt ?? sharing.MergeAcrossNodes));
        return default;
    }

    public override ValueTask<int> NodeAllocPages(CallContext call, uint[] pageSizes, ulong[] pageCounts, int startCell, uint cellCount,
        NodeAllocPagesFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)NodeAllocPagesFlags.Set, "testNodeAllocPages");
        return new(host.Memory.AllocatePages(pageSizes, pageCounts, startCell, cellCount, add: !flags.HasFlag(NodeAllocPagesFlags.Set)));
    }

    /// <summary>The machine has no such memory.</summary>
    public override ValueTask<TypedParam[]> NodeGetSevInfo(CallContext call, TypedParameterFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)TypedParameterFlags.Okay, "testNodeGetSEVInfo");
        throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, "the host does not support SEV guests");
    }

    /// <summary>Puts the machine to rest. Nobody notices, but that it cannot be sent to rest again before it wakes.</summary>
    public override ValueTask NodeSuspendForDuration(CallContext call, NodeSuspendTarget target, ulong duration, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeSuspendForDuration");
        if ((uint)target > (uint)NodeSuspendTarget.Hybrid)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, "Invalid suspend target");
        if (duration < LeastSuspendSeconds)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, "Suspend duration is too short");
        if (!host.TrySuspend(duration))
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.None, "Suspend operation already in progress");
        return default;
    }

    private static NodeGetMemoryStats Stat(string field, ulong value) => new() { Field = field, Value = value };
}
