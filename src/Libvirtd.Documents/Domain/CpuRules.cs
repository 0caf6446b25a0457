using Libvirtd.Protocol;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Virtual CPUs, I/O threads and NUMA cells, as they depend on each other.</summary>
internal static class CpuRules
{
    /// <summary>More CPUs than this are not listed one by one.</summary>
    private const ulong MaxListed = NumberSet.Limit;

    public static void Apply(Node root, Node? raw, ErrorDomain domain)
    {
        Node vcpu = root.Child("vcpu")!;
        ulong count = DomainRules.Number(vcpu.Text);
        if (vcpu["cpuset"] is "")
            throw Fault.Unsupported(domain, $"Invalid value of 'cpuset': {raw?.Child("vcpu")?["cpuset"]}");
        CompleteStates(root, vcpu, count, domain);
        if (vcpu["current"] is { } current)
        {
            if (DomainRules.Number(current) > count)
                throw Fault.Unsupported(domain, "maximum vCPU count must not be less than current vCPU count");
            if (current == vcpu.Text)
                vcpu["current"] = null;
        }

        CompleteCells(root, count, domain);
        CompletePlacement(root, vcpu);
        CompletePages(root);
        CompletePins(root, count, domain);
        CompleteThreads(root);
    }

    private static void CompleteStates(Node root, Node vcpu, ulong count, ErrorDomain domain)
    {
        if (root.Child("vcpus") is not { } list)
            return;
        if (count > MaxListed)
            throw Fault.Unsupported(domain, $"no more than {MaxListed} vcpus can be listed");
        Node?[] given = new Node?[count];
        foreach (Node one in list.ChildList)
        {
            ulong id = DomainRules.Number(one["id"]);
            if (id >= count)
                throw Fault.Xml(domain, $"vcpu id '{id}' is out of range of maximum vcpu count");
            given[id] = one;
        }

        list.RemoveAll("vcpu");
        int online = 0;
        for (int id = 0; id < given.Length; id++)
        {
            Node state = given[id] ?? list.Add("vcpu");
            if (given[id] is not null)
                list.Add(state);
            state["id"] ??= ToText((ulong)id);
            state["enabled"] ??= "no";
            bool isOnline = state["enabled"] == "yes";
            online += isOnline ? 1 : 0;
            if (state["hotpluggable"] == "no" && !isOnline)
                throw Fault.Unsupported(domain, $"vcpu '{id}' is both offline and not hotpluggable");
            state["hotpluggable"] ??= isOnline ? "no" : "yes";
        }

        vcpu["current"] = ToText((ulong)online);
    }

    private static void CompleteCells(Node root, ulong count, ErrorDomain domain)
    {
        if (root.Find("cpu", "numa") is not { } numa)
        {
            if (count == 0)
                throw Fault.Internal(domain, "CPU IDs in <numa> exceed the <vcpu> count");
            return;
        }

        Node[] cells = numa.All("cell").ToArray();
        Node?[] ordered = new Node?[cells.Length];
        for (int i = 0; i < cells.Length; i++)
        {
            ulong id = cells[i]["id"] is { } given ? DomainRules.Number(given) : (ulong)i;
            if (id >= (ulong)cells.Length)
            {
                throw Fault.Xml(domain,
                    "Exactly one 'cell' element per guest NUMA cell allowed, non-contiguous ranges or ranges not starting from 0 are not allowed");
            }

            if (ordered[id] is not null)
                throw Fault.Xml(domain, $"Duplicate NUMA cell info for cell id '{id}'");
            cells[i]["id"] = ToText(id);
            ordered[id] = cells[i];
        }

        CompleteDistances(ordered!, domain);
        numa.RemoveAll("cell");
        ulong total = 0;
        int last = -1;
        foreach (Node? cell in ordered)
        {
            numa.Add(cell!);
            if (cell!["cpus"] is { } text && NumberSet.TryParse(text, out NumberSet? set))
            {
                last = Math.Max(last, set.Last);
                for (int i = 0; i <= set.Last; i++)
                    total += set.Contains(i) ? 1u : 0u;
            }
        }

        if (total > count)
            throw Fault.Internal(domain, "Number of CPUs in <numa> exceeds the <vcpu> count");
        if (last >= 0 && (ulong)last >= count)
            throw Fault.Internal(domain, "CPU IDs in <numa> exceed the <vcpu> count");
    }

    /// <summary>Distances hold both ways; a cell that has any is 10 from itself.</summary>
    private static void CompleteDistances(Node[] cells, ErrorDomain domain)
    {
        if (cells.Length > 128 || !Array.Exists(cells, static cell => cell.Child("distances") is not null))
            return;
        string?[,] matrix = new string?[cells.Length, cells.Length];
        for (int i = 0; i < cells.Length; i++)
        {
            foreach (Node sibling in cells[i].Child("distances")?.ChildList ?? [])
            {
                ulong other = DomainRules.Number(sibling["id"]);
                if (other >= (ulong)cells.Length)
                    throw Fault.Xml(domain, $"'sibling_id {other}' does not refer to a valid cell within NUMA 'cell id {i}'");
                ulong value = DomainRules.Number(sibling["value"]);
                if (value is < 10 or > 255 || (other == (ulong)i) != (value == 10))
                    throw Fault.Xml(domain, $"'value {value}' is invalid for 'sibling id {other}' under NUMA 'cell id {i}'");
                matrix[i, other] = sibling["value"];
                matrix[i, i] ??= "10";
                matrix[other, i] ??= sibling["value"];
                matrix[other, other] ??= "10";
            }
        }

        for (int i = 0; i < cells.Length; i++)
        {
            cells[i].RemoveAll("distances");
            Node distances = cells[i].Add("distances");
            for (int other = 0; other < cells.Length; other++)
            {
                if (matrix[i, other] is not { } distance)
                    continue;
                Node sibling = distances.Add("sibling");
                sibling["id"] = ToText((ulong)other);
                sibling["value"] = distance;
            }
        }
    }

    /// <summary>Memory that is placed automatically takes the CPUs with it, unless something pins them.</summary>
    private static void CompletePlacement(Node root, Node vcpu)
    {
        Node? tune = root.Child("cputune");
        bool pinned = vcpu.Has("cpuset") || tune?.Child("vcpupin") is not null || tune?.Child("emulatorpin") is not null || tune?.Child("iothreadpin") is not null;
        if (root.Find("numatune", "memory")?["placement"] == "auto" && !pinned)
            vcpu["placement"] = "auto";
        if (vcpu["placement"] != "auto" || root.Child("numatune") is not null)
            return;
        Node memory = root.Add("numatune").Add("memory");
        memory["mode"] = "strict";
        memory["placement"] = "auto";
    }

    /// <summary>Without NUMA cells, pages for cell 0 alone are pages for all.</summary>
    private static void CompletePages(Node root)
    {
        if (root.Find("cpu", "numa") is not null)
            return;
        foreach (Node page in root.Find("memoryBacking", "hugepages")?.ChildList ?? [])
        {
            if (page["nodeset"] == "0")
                page["nodeset"] = null;
        }
    }

    /// <summary>Pins stand in the order of their CPUs; those of CPUs that do not exist are dropped.</summary>
    private static void CompletePins(Node root, ulong count, ErrorDomain domain)
    {
        if (root.Child("cputune") is not { } tune)
            return;
        Node[] pins = tune.All("vcpupin").OrderBy(static pin => DomainRules.Number(pin["vcpu"])).ToArray();
        tune.RemoveAll("vcpupin");
        foreach (Node pin in pins)
        {
            if (DomainRules.Number(pin["vcpu"]) < count)
                tune.Add(pin);
        }

        SplitSchedulers(tune, "vcpusched", "vcpus", domain);
        SplitSchedulers(tune, "iothreadsched", "iothreads", domain);
        ResourceControl.Apply(tune, count, domain);
        if (tune.ChildList.Count == 0)
            root.Remove(tune);
    }

    /// <summary>One line for each CPU or thread, in their order.</summary>
    private static void SplitSchedulers(Node tune, string name, string members, ErrorDomain domain)
    {
        Node[] given = tune.All(name).ToArray();
        if (given.Length == 0)
            return;
        tune.RemoveAll(name);
        SortedDictionary<int, Node> split = [];
        foreach (Node one in given)
        {
            if (!NumberSet.TryParse(one[members]!, out NumberSet? set))
                continue;
            for (int i = 0; i <= set.Last; i++)
            {
                if (!set.Contains(i))
                    continue;
                Node copy = one.Clone();
                copy[members] = ToText((ulong)i);
                if (!split.TryAdd(i, copy))
                    throw Fault.Detail(domain, $"'{name}' attributes '{members}' must not overlap");
            }
        }

        foreach (Node one in split.Values)
            tune.Add(one);
    }

    private static void CompleteThreads(Node root)
    {
        Node? ids = root.Child("iothreadids");
        ulong listed = (ulong)(ids?.ChildList.Count ?? 0);
        ulong count = Math.Max(listed, DomainRules.Number(root.ChildText("iothreads")));
        if (count == 0)
            return;
        root.SetChildText("iothreads", ToText(count));
        if (ids is null || count > MaxListed)
            return;
        HashSet<string> used = new(StringComparer.Ordinal);
        foreach (Node one in ids.ChildList)
            used.Add(one["id"]!);
        for (ulong id = 1; (ulong)ids.ChildList.Count < count; id++)
        {
            if (used.Add(ToText(id)))
                ids.Add("iothread")["id"] = ToText(id);
        }
    }
}
