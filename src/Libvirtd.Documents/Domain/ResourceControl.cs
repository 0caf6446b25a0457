using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Shares of the host's caches and memory bandwidth: cachetune and memorytune, and what they mean for each other.</summary>
internal static class ResourceControl
{
    private static readonly string[] s_names = ["cachetune", "memorytune"];

    public static ElementSchema CacheTune { get; } = Group("cachetune").With(Cache(), Monitor().Attr("level", UInt, required: true).Attr("vcpus",
        missing: FaultText.Xml("Missing monitor attribute 'vcpus'")).Then(static (in Scope scope) => scope.Node["level"] == "0"
            ? throw Fault.Xml(scope.Context.Domain, "Invalid monitor cache level '0'")
            : true));

    public static ElementSchema MemoryTune { get; } = Group("memorytune").With(
        Element("node").Attr("id", UInt, required: true).Attr("bandwidth", UInt, required: true).Many(),
        Monitor().Attr("vcpus", missing: FaultText.Xml("Missing monitor attribute 'vcpus'")));

    /// <summary>Drops groups of CPUs that do not exist and those that say nothing; CPUs belong to one group.</summary>
    public static void Apply(Node tune, ulong vcpus, ErrorDomain domain)
    {
        List<NumberSet> groups = [];
        foreach (string name in s_names)
        {
            List<string> own = [];
            foreach (Node group in tune.All(name).ToArray())
            {
                NumberSet set = Members(group, $"{name} attribute", vcpus, domain);
                if (set.IsEmpty)
                {
                    tune.Remove(group);
                    continue;
                }

                string text = group["vcpus"] = set.ToString();
                CheckMonitors(group, set, vcpus, domain);
                CheckParts(group);
                if (group.ChildList.Count == 0)
                {
                    tune.Remove(group);
                    continue;
                }

                if (own.Contains(text))
                    throw Fault.Xml(domain, $"Identical vcpus in {name}s found");
                own.Add(text);
                if (groups.Exists(other => other.Overlaps(set) && other.ToString() != text))
                    throw Fault.Xml(domain, "Overlapping vcpus in resctrls");
                groups.Add(set);
                group["id"] = "vcpus_" + text;
            }
        }
    }

    private static ElementSchema Group(string name) => Element(name)
        .Attr("vcpus", missing: FaultText.Xml($"Missing {name} attribute 'vcpus'"))
        .Attr("id", show: Show.Live, when: static (in Scope scope) => false)
        .Many();

    private static ElementSchema Monitor() => Element("monitor").Many();

    private static ElementSchema Cache() => Element("cache")
        .Attr("id", UInt, required: true)
        .Attr("level", UInt, required: true)
        .Attr("type", OneOf("both", "code", "data"), required: true)
        .Attr("size")
        .Attr("unit")
        .Many()
        .Then(static (in Scope scope) =>
        {
            ulong bytes = Sizes.Parse(scope.Raw["size"], scope.Raw["unit"], 1024, "./@size")
                ?? throw Fault.Xml(ErrorDomain.Xml, "missing element or attribute './@size'");
            (ulong size, string unit) = Sizes.Pretty(bytes);
            scope.Node["size"] = ToText(size);
            scope.Node["unit"] = unit;
            return true;
        });

    /// <summary>The CPUs that an attribute names, as far as the domain has them.</summary>
    private static NumberSet Members(Node node, string what, ulong vcpus, ErrorDomain domain)
    {
        string text = node["vcpus"]!;
        if (!NumberSet.TryParse(text, out NumberSet? set))
            throw Fault.Xml(domain, $"Invalid {what} 'vcpus' value '{text}'");
        set.Truncate((int)Math.Min(vcpus, NumberSet.Limit));
        return set;
    }

    private static void CheckMonitors(Node group, NumberSet set, ulong vcpus, ErrorDomain domain)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Node monitor in group.All("monitor").ToArray())
        {
            NumberSet own = Members(monitor, "monitor attribute", vcpus, domain);
            if (own.IsEmpty)
            {
                group.Remove(monitor);
                continue;
            }

            if (!own.IsSubsetOf(set))
                throw VirException.Of(ErrorCode.InvalidArg, domain, "Monitor vcpus conflicts with allocation");
            string text = monitor["vcpus"] = own.ToString();
            if (!seen.Add(text))
                throw VirException.Of(ErrorCode.InvalidArg, domain, "Identical vcpus found in same type monitors");
        }
    }

    private static void CheckParts(Node group)
    {
        List<Node> caches = [];
        foreach (Node cache in group.All("cache"))
        {
            if (caches.Exists(other => other["level"] == cache["level"] && other["id"] == cache["id"]
                && (other["type"] == cache["type"] || other["type"] == "both" || cache["type"] == "both")))
            {
                throw Fault.Xml(ErrorDomain.Resctrl,
                    $"Colliding cache allocations for cache level '{cache["level"]}' id '{cache["id"]}', type '{cache["type"]}'");
            }

            caches.Add(cache);
        }

        HashSet<string> nodes = new(StringComparer.Ordinal);
        foreach (Node node in group.All("node"))
        {
            if (!nodes.Add(node["id"]!))
                throw Fault.Xml(ErrorDomain.Resctrl, $"Memory Bandwidth already defined for node {node["id"]}");
        }
    }
}
