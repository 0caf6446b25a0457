using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>CPUs of x86 by what they can do: a CPU is a set of features, and a model is the name of one.</summary>
internal static class X86Cpus
{
    // A feature that a model has and a CPU lacks counts more with each one.
    private const int FirstPenalty = 2;

    private static CpuMap Map => CpuMap.X86;

    /// <summary>The model and features that describe what all CPUs have.</summary>
    /// <param name="cpus">At least one; each has a model.</param>
    /// <param name="migratable">Leave out features that a guest with them could not be migrated.</param>
    public static CpuDocument Baseline(IReadOnlyList<CpuDocument> cpus, bool migratable)
    {
        SortedSet<int> common = Features(cpus[0], null);
        bool showVendor = cpus[0].Vendor is not null;
        string? vendor = cpus[0].Vendor;
        string? preferred = cpus[0].Model;
        RequireVendor(vendor);
        for (int i = 1; i < cpus.Count; i++)
        {
            CpuDocument cpu = cpus[i];
            if (cpu.Model != preferred)
                preferred = null;
            SortedSet<int> features = Features(cpu, null);
            string? own = Map.Find(cpu.Model!)!.Vendor;
            if (cpu.Vendor is not null && own is not null && cpu.Vendor != own)
                throw Failed($"CPU vendor {own} of model {cpu.Model} differs from vendor {cpu.Vendor}");
            showVendor &= cpu.Vendor is not null;
            if ((cpu.Vendor ?? own) is { } name)
            {
                if (vendor is null)
                    RequireVendor(name);
                else if (vendor != name)
                    throw Failed("CPU vendors do not match");
                vendor = name;
            }

            common.IntersectWith(features);
        }

        if (common.Count == 0)
            throw Failed("CPUs are incompatible");
        Description best = Describe(common, vendor, preferred);
        IEnumerable<(string Name, string Policy)> shown = best.Features.Where(feature => !migratable || Map.IsMigratable(feature.Name));
        return CpuDocument.ForGuest(best.Model.Name, isExact: best.Model.Name == preferred, showVendor ? vendor : null, shown);
    }

    /// <summary>The same CPU with all features of its model written out, by name.</summary>
    public static CpuDocument Expand(CpuDocument cpu)
    {
        CpuModel model = Map.Find(cpu.Model!) ?? throw VirException.Internal(ErrorDomain.Cpu, $"unknown CPU model {cpu.Model}");
        SortedDictionary<string, string> features = new(StringComparer.Ordinal);
        foreach (int feature in model.Features)
            features[Map.Name(feature)] = "require";
        foreach ((string name, string policy) in cpu.Features)
        {
            if (policy is "require" or "disable")
                features[name] = policy;
        }

        foreach (string name in model.Removed)
            features.TryAdd(name, "disable");
        return cpu.WithFeatures(features.Select(static one => (one.Key, one.Value)));
    }

    /// <summary>How a host's CPU compares with one that a guest wants; with an incompatible one comes the reason.</summary>
    public static (CpuComparison Result, string? Reason) Compare(CpuDocument host, CpuDocument cpu)
    {
        if (cpu.Architecture is { } arch && arch is not ("i686" or "x86_64"))
            return (CpuComparison.Incompatible, $"CPU arch {arch} does not match host arch");
        if (cpu.Vendor is { } vendor && vendor != host.Vendor)
            return (CpuComparison.Incompatible, $"host CPU vendor does not match required CPU vendor {vendor}");
        SortedSet<int> has = Features(host, null), force = Features(cpu, "force"), require = Features(cpu, "require"), optional = Features(cpu, "optional"),
            disable = Features(cpu, "disable"), forbid = Features(cpu, "forbid");
        forbid.IntersectWith(has);
        if (forbid.Count > 0)
            return (CpuComparison.Incompatible, $"Host CPU provides forbidden features: {Names(forbid)}");
        require.ExceptWith(force);
        require.ExceptWith(optional);
        require.ExceptWith(disable);
        SortedSet<int> missing = [.. require.Except(has)];
        if (missing.Count > 0)
            return (CpuComparison.Incompatible, $"Host CPU does not provide required features: {Names(missing)}");
        SortedSet<int> extra = [.. has.Except(optional).Except(require).Except(disable).Except(force)];
        if (extra.Count == 0)
            return (CpuComparison.Identical, null);
        return cpu is { IsHost: false, Match: "strict" }
            ? (CpuComparison.Incompatible, $"Host CPU does not strictly match guest CPU: Extra features: {Names(extra)}")
            : (CpuComparison.Superset, null);
    }

    /// <summary>The features of a CPU: with null all that it has in the end, otherwise those with one policy, among which its model's are required.</summary>
    private static SortedSet<int> Features(CpuDocument cpu, string? policy)
    {
        if (cpu.IsHost && policy is not (null or "require"))
            return [];
        SortedSet<int> features = [];
        if (cpu.Model is { } model && policy is (null or "require"))
            features.UnionWith((Map.Find(model) ?? throw VirException.Internal(ErrorDomain.Cpu, $"Unknown CPU model {model}")).Features);
        foreach ((string feature, string own) in cpu.Features)
        {
            if (policy is null ? own == "optional" : own != policy)
                continue;
            int number = Map.Number(feature);
            if (policy is null && own is ("disable" or "forbid"))
                features.Remove(number);
            else
                features.Add(number);
        }

        return features;
    }

    /// <summary>The model that says most about a set of features, and what is to be said beside it.</summary>
    private static Description Describe(SortedSet<int> features, string? vendor, string? preferred)
    {
        Description? best = null;
        for (int i = Map.Models.Count - 1; i >= 0; i--)
        {
            CpuModel model = Map.Models[i];
            if (model.IsOld || (vendor is not null && model.Vendor is not null && model.Vendor != vendor))
                continue;
            Description one = new(model, features);
            if (model.Name == preferred)
                return one;
            if (best is null || one.IsBetterThan(best))
                best = one;
        }

        return best!;
    }

    private static void RequireVendor(string? name)
    {
        if (name is not null && !Map.HasVendor(name))
            throw Failed($"Unknown CPU vendor {name}");
    }

    private static string Names(IEnumerable<int> features) => string.Join(", ", features.Select(Map.Name));

    private static VirException Failed(string detail) => VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Cpu, detail);

    private sealed class Description
    {
        private readonly int _cost;
        private readonly int _disabledCost;

        public Description(CpuModel model, SortedSet<int> features)
        {
            Model = model;
            foreach (int feature in features.Except(model.Features))
                Features.Add((Map.Name(feature), "require"));
            foreach (int feature in model.Features.Except(features).Order())
                Features.Add((Map.Name(feature), "disable"));
            foreach (string name in model.Removed)
            {
                if (!Features.Any(feature => feature.Name == name))
                    Features.Add((name, "disable"));
            }

            // Upstream's count ends too early: each disabled feature that it meets brings the end nearer.
            int enabled = Features.Count, penalty = FirstPenalty;
            for (int i = 0; i < enabled; i++)
            {
                if (Features[i].Policy != "disable")
                    continue;
                enabled--;
                _disabledCost += penalty++;
            }

            _cost = enabled + _disabledCost;
        }

        public CpuModel Model { get; }

        public List<(string Name, string Policy)> Features { get; } = [];

        public bool IsBetterThan(Description other) => _cost < other._cost || (_cost == other._cost && _disabledCost < other._disabledCost);
    }
}
