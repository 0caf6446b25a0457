using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>CPU models: their names, what CPUs have in common, and how they compare with the host's.</summary>
internal sealed partial class TestConnectDriver
{
    private const ConnectBaselineCpuFlags Expand = ConnectBaselineCpuFlags.ExpandFeatures;

    public override ValueTask<string[]> GetCpuModelNames(CallContext call, string arch, uint flags)
    {
        FlagCheck.Require(flags, 0, "testConnectGetCPUModelNames");
        return new(Cpus.ModelNames(arch));
    }

    public override ValueTask<string> BaselineCpu(CallContext call, string[] xmlCPUs, ConnectBaselineCpuFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)Expand, "testConnectBaselineCPU");
        return new(Baseline(null, Array.ConvertAll(xmlCPUs, static xml => CpuDocument.ParseHost(xml)), flags));
    }

    /// <summary>Upstream's test driver has no such call: the host's CPU is ours.</summary>
    public override ValueTask<int> CompareCpu(CallContext call, string xml, ConnectCompareCpuFlags flags)
    {
        CheckCompare(flags, "testConnectCompareCPU");
        return new(Compare(xml, flags));
    }

    public override ValueTask<int> CompareHypervisorCpu(CallContext call, string? emulator, string? arch, string? machine, string? virttype, string xmlCPU,
        ConnectCompareCpuFlags flags)
    {
        CheckCompare(flags, "testConnectCompareHypervisorCPU");
        _ = FindGuest(emulator, arch, machine, virttype);
        return new(Compare(xmlCPU, flags));
    }

    public override ValueTask<string> BaselineHypervisorCpu(CallContext call, string? emulator, string? arch, string? machine, string? virttype,
        string[] xmlCPUs, ConnectBaselineCpuFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Expand | ConnectBaselineCpuFlags.Migratable), "testConnectBaselineHypervisorCPU");
        HostGuest guest = FindGuest(emulator, arch, machine, virttype);
        return new(Baseline(guest.Architecture, Array.ConvertAll(xmlCPUs, static xml => CpuDocument.Parse(xml)), flags));
    }

    private static void CheckCompare(ConnectCompareCpuFlags flags, string function) =>
        FlagCheck.Require((uint)flags, (uint)(ConnectCompareCpuFlags.FailIncompatible | ConnectCompareCpuFlags.ValidateXml), function);

    private static string Baseline(string? arch, CpuDocument[] cpus, ConnectBaselineCpuFlags flags) => Cpus
        .Baseline(arch, cpus, flags.HasFlag(Expand), flags.HasFlag(ConnectBaselineCpuFlags.Migratable))
        .Format();

    private static int Compare(string xml, ConnectCompareCpuFlags flags)
    {
        CpuDocument cpu = CpuDocument.Parse(xml, new DocumentOptions { Validate = flags.HasFlag(ConnectCompareCpuFlags.ValidateXml) });
        return (int)Cpus.Compare(TestHost.Cpu, cpu, flags.HasFlag(ConnectCompareCpuFlags.FailIncompatible));
    }
}
