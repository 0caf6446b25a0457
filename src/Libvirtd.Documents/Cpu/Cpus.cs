using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>What <c>virConnectCompareCPU</c> answers, by the same numbers.</summary>
public enum CpuComparison
{
    Incompatible = 0,
    Identical = 1,
    Superset = 2,
}

/// <summary>CPUs by name and feature: what they have in common, how they compare.</summary>
public static class Cpus
{
    private static readonly string[] s_powerModels = ["POWER6", "POWER7", "POWER8", "POWER9", "POWER10", "POWERPC_e5500", "POWERPC_e6500"];

    private enum Family
    {
        X86,
        Power,
        Arm,
        S390,
    }

    /// <summary>Whether libvirt knows an architecture by this name.</summary>
    public static bool IsArchitecture(string name) => PlatformSchemas.Architectures.Contains(name);

    /// <summary>The models of an architecture by name; none where any name is taken.</summary>
    /// <exception cref="VirException">The architecture is unknown, or nothing is known of its CPUs.</exception>
    public static string[] ModelNames(string architecture)
    {
        if (!IsArchitecture(architecture))
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"cannot find architecture {architecture}");
        return FamilyOf(architecture) switch
        {
            Family.X86 => [.. CpuMap.X86.Models.Select(static model => model.Name)],
            Family.Power => [.. s_powerModels],
            _ => [],
        };
    }

    /// <summary>A CPU that all of these hosts can give to a guest.</summary>
    /// <param name="architecture">Null: that of the first.</param>
    /// <param name="cpus">CPUs with their models.</param>
    /// <param name="expand">Write out all features.</param>
    /// <param name="migratable">Leave out features that keep a guest from being migrated.</param>
    public static CpuDocument Baseline(string? architecture, IReadOnlyList<CpuDocument> cpus, bool expand, bool migratable)
    {
        if (cpus.Count == 0)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Cpu, "no CPUs given");
        for (int i = 0; i < cpus.Count; i++)
        {
            if (cpus[i].Model is null)
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Cpu, $"no CPU model specified at index {i}");
        }

        architecture ??= cpus[0].Architecture;
        switch (FamilyOf(architecture))
        {
            case Family.X86:
                CpuDocument common = X86Cpus.Baseline(cpus, migratable);
                return expand ? X86Cpus.Expand(common) : common;
            case Family.Power:
                return PowerBaseline(cpus);
            case Family.Arm:
                return CpuDocument.ForGuest(cpus[0].Model!, isExact: false, null, []);
            default:
                throw VirException.Of(ErrorCode.NoSupport, ErrorDomain.Cpu, $"cannot compute baseline CPU of {architecture} architecture");
        }
    }

    /// <summary>How a host's CPU of x86 compares with another host's, or with one that a guest wants.</summary>
    /// <param name="host">The host's.</param>
    /// <param name="cpu">The other.</param>
    /// <param name="failIncompatible">An incompatible CPU is an error that tells the reason (VIR_ERR_CPU_INCOMPATIBLE).</param>
    public static CpuComparison Compare(CpuDocument host, CpuDocument cpu, bool failIncompatible)
    {
        (CpuComparison result, string? reason) = X86Cpus.Compare(host, cpu);
        return result == CpuComparison.Incompatible && failIncompatible
            ? throw VirException.Of(ErrorCode.CpuIncompatible, ErrorDomain.Cpu, reason)
            : result;
    }

    /// <summary>The same CPU of x86 with all features of its model written out, by name.</summary>
    public static CpuDocument Expand(CpuDocument cpu) => X86Cpus.Expand(cpu);

    private static Family FamilyOf(string? architecture) => architecture switch
    {
        "i686" or "x86_64" => Family.X86,
        "ppc64" or "ppc64le" => Family.Power,
        "armv6l" or "armv7b" or "armv7l" or "aarch64" => Family.Arm,
        "s390" or "s390x" => Family.S390,
        null => throw VirException.Internal(ErrorDomain.Cpu, "undefined hardware architecture"),
        _ => throw VirException.Of(ErrorCode.NoSupport, ErrorDomain.Cpu, $"'{architecture}' architecture is not supported by CPU driver"),
    };

    /// <summary>Only the same model goes together.</summary>
    private static CpuDocument PowerBaseline(IReadOnlyList<CpuDocument> cpus)
    {
        string model = cpus[0].Model!;
        if (!s_powerModels.Contains(model))
            throw VirException.Internal(ErrorDomain.Cpu, $"Unknown CPU model {model}");
        string vendor = model.StartsWith("POWERPC", StringComparison.Ordinal) ? "Freescale" : "IBM";
        foreach (CpuDocument cpu in cpus)
        {
            if (cpu.Model != model)
                throw Failed("CPUs are incompatible");
            if (cpu.Vendor is not (null or "IBM" or "Freescale"))
                throw Failed($"Unknown CPU vendor {cpu.Vendor}");
            if (cpu.Vendor is { } own && own != vendor)
                throw Failed($"CPU vendor {vendor} of model {model} differs from vendor {own}");
        }

        return CpuDocument.ForGuest(model, isExact: true, null, []);
    }

    private static VirException Failed(string detail) => VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Cpu, detail);
}
