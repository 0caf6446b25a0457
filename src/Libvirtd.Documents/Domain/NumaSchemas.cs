using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>The guest's NUMA cells, their memory-side caches, and the ways between them.</summary>
internal static class NumaSchemas
{
    public static ElementSchema Numa { get; } = Element("numa").With(
        Cell(),
        Element("interconnects").With(
            Link("latency").Attr("value", ULong, required: true),
            Link("bandwidth").Attr("value").Attr("unit").Then(static (in Scope scope) =>
            {
                scope.Node["value"] = ToText(Sizes.ParseKiB(scope.Raw["value"], scope.Raw["unit"], "./@value")
                    ?? throw Fault.Xml(ErrorDomain.Xml, "missing element or attribute './@value'"));
                scope.Node["unit"] = "KiB";
                return true;
            })));

    /// <summary>What the cells and the ways between them must be for each other.</summary>
    public static void Check(Node numa, ErrorDomain domain)
    {
        Node[] cells = [.. numa.All("cell")];
        foreach (Node cell in cells)
        {
            HashSet<string> levels = new(StringComparer.Ordinal);
            foreach (Node cache in cell.All("cache"))
            {
                if (DomainRules.Number(cache["level"]) > 3)
                    throw Fault.Xml(domain, "Ain't nobody heard of that much cache level");
                if (!levels.Add(cache["level"]!))
                    throw Fault.Xml(domain, $"Cache level '{cache["level"]}' already defined");
            }
        }

        List<Node> seen = [];
        foreach (Node link in numa.Child("interconnects")?.ChildList ?? [])
        {
            CheckLink(link, cells, domain);
            foreach (Node other in seen)
            {
                if (other.Name == link.Name && Same(other, link, "initiator", "target", "cache", "type"))
                    throw Fault.Xml(domain, "Duplicate info for NUMA latencies");
                if (link["initiator"] != link["target"] && link["initiator"] == other["target"] && link["target"] == other["initiator"])
                    throw Fault.Xml(domain, "Link already defined");
            }

            seen.Add(link);
        }
    }

    private static void CheckLink(Node link, Node[] cells, ErrorDomain domain)
    {
        ulong initiator = DomainRules.Number(link["initiator"]), target = DomainRules.Number(link["target"]);
        if (initiator >= (ulong)cells.Length)
            throw Fault.Xml(domain, "'initiator' refers to a non-existent NUMA node");
        if (target >= (ulong)cells.Length)
            throw Fault.Xml(domain, "'target' refers to a non-existent NUMA node");
        if (string.IsNullOrEmpty(cells[initiator]["cpus"]))
            throw Fault.Xml(domain, "NUMA nodes without CPUs can't be initiator");
        if (link["cache"] is { } level && !cells[target].All("cache").Any(cache => cache["level"] == level))
            throw Fault.Xml(domain, "'cache' refers to a non-existent NUMA node cache");
    }

    private static bool Same(Node one, Node other, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (one[name] != other[name])
                return false;
        }

        return true;
    }

    private static ElementSchema Link(string name) => Element(name)
        .Attr("initiator", UInt, required: true)
        .Attr("target", UInt, required: true)
        .Attr("cache", UIntOrZero)
        .Attr("type", OneOf("access", "read", "write"), required: true)
        .Many();

    /// <summary>A cell: its memory is an attribute with a unit of its own.</summary>
    private static ElementSchema Cell() => Element("cell")
        .Attr("id", UInt)
        .Attr("cpus", Bitmap)
        .Attr("memory")
        .Attr("unit", Any)
        .Attr("memAccess", OneOf("shared", "private"))
        .Attr("discard", YesNo)
        .With(
            Element("distances").With(Element("sibling").Attr("id", UInt, required: true).Attr("value", UInt, required: true).Many()),
            Cache())
        .Many()
        .Then(static (in Scope scope) =>
        {
            scope.Node["memory"] = ToText(Sizes.ParseKiB(scope.Raw["memory"], scope.Raw["unit"], "./@memory")
                ?? throw Fault.Xml(ErrorDomain.Xml, "missing element or attribute './@memory'"));
            scope.Node["unit"] = "KiB";
            if (scope.Node["cpus"] is "")
                scope.Node["cpus"] = null;
            return scope.Raw.Child("distances") is not null && scope.Node.Child("distances") is null
                ? throw Fault.Xml(scope.Context.Domain, "NUMA distances defined without siblings")
                : true;
        });

    private static ElementSchema Cache()
    {
        ElementSchema size = Element("size").Attr("value").Attr("unit");
        ElementSchema line = Element("line").Attr("value").Attr("unit");
        return Element("cache").Attr("level").Attr("associativity").Attr("policy").With(size, line).Many().Then((in Scope scope) =>
        {
            Node cache = scope.Node;
            string cell = scope.Parent?["id"] ?? "0";
            ErrorDomain domain = scope.Context.Domain;
            string level = cache["level"] ?? throw Fault.Xml(domain, $"Missing 'level' attribute in cache element for NUMA node {cell}");
            if (Positive.Normalise(level, out string? normal) != ValueResult.Ok)
                throw Fault.Xml(domain, $"Invalid 'level' attribute in cache element for NUMA node {cell}");
            cache["level"] = normal;
            string associativity = cache["associativity"]
                ?? throw Fault.Xml(domain, $"Missing 'associativity' attribute in cache element for NUMA node {cell}");
            if (associativity is not ("none" or "direct" or "full"))
                throw Fault.Xml(domain, $"Invalid cache associativity '{associativity}'");
            if (cache["policy"] is not ("none" or "writeback" or "writethrough"))
                throw Fault.Xml(domain, $"Invalid cache policy '{cache["policy"] ?? "(null)"}'");
            // The unit of a size is read from a place where nobody puts it: KiB and bytes it is.
            Complete(cache, size, Sizes.ParseKiB(scope.Raw.Child("size")?["value"], null, "./size/@value"), "KiB");
            Complete(cache, line, (uint?)Sizes.Parse(scope.Raw.Child("line")?["value"], null, 1, "./line/@value"), "B");
            return true;
        });
    }

    private static void Complete(Node cache, ElementSchema schema, ulong? value, string unit)
    {
        if (value is null)
            throw Fault.Xml(ErrorDomain.Xml, $"missing element or attribute './{schema.Name}/@value'");
        Node part = cache.GetOrAdd(schema.Name);
        part["value"] = ToText(value.Value);
        part["unit"] = unit;
        if (value == 0 && unit == "B")
            cache.Remove(part);
    }
}
