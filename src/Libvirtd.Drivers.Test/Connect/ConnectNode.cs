using System.Text;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The machine's figures.</summary>
internal sealed partial class TestConnectDriver
{
    private const int ModelBytes = 32;

    public override ValueTask<NodeGetInfoRet> NodeGetInfo(CallContext call)
    {
        TestNodeInfo node = host.Node;
        byte[] model = new byte[ModelBytes];
        Encoding.UTF8.GetBytes(node.Model, model);
        return new(new NodeGetInfoRet
        {
            Model = model,
            Memory = node.MemoryKiB,
            Cpus = (int)node.Cpus,
            Mhz = (int)node.Mhz,
            Nodes = (int)node.Nodes,
            Sockets = (int)node.Sockets,
            Cores = (int)node.Cores,
            Threads = (int)node.Threads,
        });
    }

    public override ValueTask<NodeGetSecurityModelRet> NodeGetSecurityModel(CallContext call) =>
        new(new NodeGetSecurityModelRet { Model = "testSecurity\0"u8.ToArray(), Doi = "\0"u8.ToArray() });

    /// <summary>Upstream tells the whole memory of each cell here.</summary>
    public override ValueTask<ulong[]> NodeGetCellsFreeMemory(CallContext call, int startCell, int maxcells)
    {
        IReadOnlyList<HostCell> cells = host.Cells;
        if (startCell >= cells.Count)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, "Range exceeds available cells");
        int first = Math.Max(startCell, 0);
        ulong[] free = new ulong[Math.Max(Math.Min(maxcells, cells.Count - first), 0)];
        for (int i = 0; i < free.Length; i++)
            free[i] = cells[first + i].MemoryKiB;
        return new(free);
    }

    /// <summary>Half of each cell is free.</summary>
    public override ValueTask<ulong> NodeGetFreeMemory(CallContext call)
    {
        ulong free = 0;
        foreach (HostCell cell in host.Cells)
            free += cell.MemoryKiB / 2;
        return new(free);
    }

    public override ValueTask<NodeGetCpuStats[]> NodeGetCpuStats(CallContext call, int cpuNum, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeGetCPUStats");
        return new(
        [
            new NodeGetCpuStats { Field = "user", Value = 9797400000 },
            new NodeGetCpuStats { Field = "kernel", Value = 34678723400000 },
            new NodeGetCpuStats { Field = "idle", Value = 87264900000 },
            new NodeGetCpuStats { Field = "iowait", Value = 763600000 },
        ]);
    }

    /// <summary>Eight CPUs of which the first, third and fifth are on, whatever the machine is.</summary>
    public override ValueTask<NodeGetCpuMapRet> NodeGetCpuMap(CallContext call, int needMap, int needOnline, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeGetCPUMap");
        return new(new NodeGetCpuMapRet { Cpumap = needMap == 0 ? [] : [0x15], Online = needOnline == 0 ? 0 : 3u, Ret = 8 });
    }

    /// <summary>Invented counts: each is twice the last and seven more.</summary>
    public override ValueTask<ulong[]> NodeGetFreePages(CallContext call, uint[] pages, int startCell, uint cellCount, uint flags)
    {
        FlagCheck.Require(flags, 0, "testNodeGetFreePages");
        ulong[] counts = new ulong[pages.Length * (long)cellCount];
        int count = 6;
        for (int i = 0; i < counts.Length; i++)
        {
            count = unchecked(count * 2 + 7);
            counts[i] = unchecked((ulong)count);
        }

        return new(counts);
    }
}
