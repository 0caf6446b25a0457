using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Upstream's validation of a whole domain: what each part allows and the whole does not.</summary>
internal static class DomainChecks
{
    public static void Apply(Node root, ErrorDomain domain)
    {
        Node devices = root.Child("devices")!;
        Whole whole = new(root, devices, domain);
        DeviceChecks.Apply(whole);
        NewerChecks.Apply(whole);
        CheckAppId(root, domain);
        DiskRules.CheckNames(devices, domain);
        HostDeviceChecks.CheckAll(whole);
        CheckDriveAddresses(devices, domain);
        CheckAliases(devices, domain);
        CheckIommu(root, devices, domain);
        CheckHugePages(root, domain);
        CheckFirmware(root, domain);
        CheckTuning(root, domain);
        CheckNuma(root, domain);
        CheckLabels(root, domain);
        CheckSysinfo(root, domain);
    }

    private static void CheckAppId(Node root, ErrorDomain domain)
    {
        if (root.Find("resource", "fibrechannel")?["appid"] is not { } id)
            return;
        if (!DocumentText.IsPrintable(id))
            throw Fault.Xml(domain, "Fibre Channel 'appid' is not a printable string");
        if (id.Length > 128)
            throw VirException.Of(ErrorCode.InvalidArg, domain, "Fibre Channel 'appid' string length must be between [1, 128]");
    }

    private static void CheckIommu(Node root, Node devices, ErrorDomain domain)
    {
        if (devices.Child("iommu")?.Child("driver") is not { } driver)
            return;
        if (driver["intremap"] == "on" && root.Find("features", "ioapic")?["driver"] != "qemu")
            throw Fault.Unsupported(domain, "IOMMU interrupt remapping requires split I/O APIC (ioapic driver='qemu')");
        if (driver["eim"] == "on" && driver["intremap"] != "on")
            throw Fault.Unsupported(domain, "IOMMU eim requires interrupt remapping to be enabled");
    }

    private static void CheckHugePages(Node root, ErrorDomain domain)
    {
        List<(string? Size, NumberSet? Nodes)> pages = [];
        int cells = root.Find("cpu", "numa")?.Count("cell") ?? 0;
        foreach (Node page in root.Find("memoryBacking", "hugepages")?.ChildList ?? [])
        {
            NumberSet? nodes = page["nodeset"] is { } text && NumberSet.TryParse(text, out NumberSet? set) ? set : null;
            foreach ((string? size, NumberSet? others) in pages)
            {
                if (nodes is not null && others is not null && nodes.Overlaps(others))
                    throw Fault.Detail(domain, $"nodeset attribute of hugepages of sizes {page["size"]} and {size} intersect");
                if (nodes is null && others is null)
                    throw Fault.Detail(domain, $"two master hugepages detected: {page["size"]} and {size}");
            }

            pages.Add((page["size"], nodes));
            if (nodes is not null && nodes.Next(cells) is var missing and >= 0)
                throw Fault.Detail(domain, $"hugepages: node {missing} not found");
        }
    }

    private static void CheckFirmware(Node root, ErrorDomain domain)
    {
        Node os = root.Child("os")!;
        bool hasLoader = os.Child("loader") is not null || os.Child("nvram") is not null;
        if (os["firmware"] is { } firmware)
            CheckAutomatic(os, firmware, domain);
        if (!os.Has("firmware") && hasLoader && os.ChildText("loader") is null)
            throw Fault.Detail(domain, "no loader path specified and firmware auto selection disabled");
        if (root.Child("idmap") is { } map && (map.Child("uid") is null || map.Child("gid") is null))
            throw Fault.Unsupported(domain, "uid and gid should be mapped both");
        if (root.Find("cpu", "numa") is { } numa && numa.Child("cell") is null)
            throw Fault.Xml(domain, "NUMA topology defined without NUMA cells");
    }

    /// <summary>Firmware that is chosen automatically: what was chosen may stand there, as releases after 9.1 write it back.</summary>
    private static void CheckAutomatic(Node os, string firmware, ErrorDomain domain)
    {
        Node? loader = os.Child("loader"), nvram = os.Child("nvram");
        if (nvram is not null && firmware != "efi")
            throw Fault.Detail(domain, $"firmware type '{firmware}' does not support nvram");
        if (loader?["stateless"] == "yes" && nvram is not null)
            throw Fault.Detail(domain, "NVRAM is not permitted when loader is stateless");
        if (loader?["stateless"] == "no" && firmware != "efi")
            throw Fault.Detail(domain, "Only EFI firmware permits NVRAM");
    }

    private static void CheckTuning(Node root, ErrorDomain domain)
    {
        Unique(root.Child("blkiotune")?.All("device"), static device => device.ChildText("path"),
            path => Fault.Unsupported(domain, $"duplicate blkio device path '{path}'"));
        foreach (Node pool in (root.Child("iothreadids")?.ChildList ?? []).Append(root.Child("defaultiothread")!))
            CheckPool(pool, domain);
        Unique(root.Child("iothreadids")?.ChildList, static thread => thread["id"], id => Fault.Xml(domain, $"duplicate iothread id '{id}' found"));
        if (root.Child("cputune") is not { } tune)
            return;
        Unique(tune.All("vcpupin"), static pin => pin["vcpu"], cpu => Fault.Internal(domain, $"duplicate vcpupin for vcpu '{cpu}'"));
        foreach (Node part in tune.ChildList)
        {
            bool isPeriod = part.Name.EndsWith("period", StringComparison.Ordinal);
            if (!isPeriod && !part.Name.EndsWith("quota", StringComparison.Ordinal))
                continue;
            long value = long.TryParse(part.Text, out long number) ? number : 0;
            long most = isPeriod ? 1_000_000 : 17_592_186_044_415;
            if ((isPeriod || value > 0) && (value < 1000 || value > most))
                throw Fault.Unsupported(domain, $"Value of cputune '{part.Name}' must be in range [1000, {most}]");
        }

        Unique(tune.All("iothreadpin"), static pin => pin["iothread"], id => Fault.Internal(domain, $"duplicate iothreadpin for same iothread '{id}'"));
        foreach (Node pin in tune.All("iothreadpin"))
        {
            if (!HasThread(root, pin["iothread"]!))
                throw Fault.Unsupported(domain, $"Cannot find 'iothread' : {pin["iothread"]}");
        }

        foreach (Node scheduler in tune.All("iothreadsched"))
        {
            if (!HasThread(root, scheduler["iothreads"]!))
                throw Fault.Unsupported(domain, $"Cannot find 'iothread' : {scheduler["iothreads"]}");
        }

        foreach (Node scheduler in tune.All("vcpusched"))
        {
            if (DomainRules.Number(scheduler["vcpus"]) >= DomainRules.Number(root.ChildText("vcpu")))
                throw Fault.Unsupported(domain, $"vCPU '{scheduler["vcpus"]}' is not present in domain definition");
        }
    }

    /// <summary>A pool of threads has room for at least one.</summary>
    private static void CheckPool(Node? pool, ErrorDomain domain)
    {
        if (pool?["thread_pool_max"] == "0")
            throw Fault.Unsupported(domain, "thread_pool_max must be a positive integer");
        if (pool?["thread_pool_min"] is { } least && (pool["thread_pool_max"] is not { } most || DomainRules.Number(least) > DomainRules.Number(most)))
            throw Fault.Unsupported(domain, "thread_pool_min must be smaller or equal to thread_pool_max");
    }

    private static bool HasThread(Node root, string id)
    {
        if (root.Child("iothreadids") is { } ids)
            return ids.ChildList.Exists(thread => thread["id"] == id);
        ulong number = DomainRules.Number(id);
        return number > 0 && number <= DomainRules.Number(root.ChildText("iothreads"));
    }

    private static void CheckNuma(Node root, ErrorDomain domain)
    {
        Node[] cells = root.Find("cpu", "numa")?.All("cell").ToArray() ?? [];
        foreach (Node node in root.Child("numatune")?.All("memnode") ?? [])
        {
            if (DomainRules.Number(node["cellid"]) >= (ulong)cells.Length)
                throw Fault.Xml(domain, "Argument 'cellid' in memnode element must correspond to existing guest's NUMA cell");
        }

        Unique(root.Child("numatune")?.All("memnode"), static node => node["cellid"], id => Fault.Xml(domain, $"Multiple memnode elements with cellid {id}"));
        if (root.Find("cpu", "numa") is { } numa)
            NumaSchemas.Check(numa, domain);
        List<NumberSet> seen = [];
        for (int i = 0; i < cells.Length; i++)
        {
            if (!NumberSet.TryParse(cells[i]["cpus"] ?? "", out NumberSet? cpus))
                cpus = new NumberSet();
            int other = seen.FindIndex(cpus.Overlaps);
            if (other >= 0)
                throw Fault.Unsupported(domain, $"NUMA cells {i} and {other} have overlapping vCPU ids");
            seen.Add(cpus);
        }
    }

    private static void CheckLabels(Node root, ErrorDomain domain)
    {
        Unique(root.All("seclabel"), static label => label["model"], model => Fault.Detail(domain, $"seclabel for model {model} is already provided"));
    }

    private static void CheckSysinfo(Node root, ErrorDomain domain)
    {
        foreach (Node info in root.All("sysinfo"))
        {
            string? date = Entry(info, "bios", "date");
            if (date is not null && !DateTime.TryParseExact(date, ["M/d/yyyy", "M/d/yy"], System.Globalization.CultureInfo.InvariantCulture,
                System.Globalization.DateTimeStyles.None, out _))
                throw Fault.Detail(domain, "Invalid BIOS 'date' format");
            if (Entry(info, "system", "uuid") is not { } text)
                continue;
            string uuid = DocumentText.NormaliseUuid(text) ?? throw Fault.Detail(domain, "malformed <sysinfo> uuid element");
            if (uuid != root.ChildText("uuid"))
                throw Fault.Detail(domain, "UUID mismatch between <uuid> and <sysinfo>");
        }
    }

    private static string? Entry(Node info, string block, string name) =>
        info.Child(block)?.ChildList.Find(entry => entry["name"] == name)?.Text;

    private static void CheckAliases(Node devices, ErrorDomain domain)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        Node? serial = devices.Child("serial");
        foreach (Node device in devices.ChildList)
        {
            if (device.Child("alias")?["name"] is not { } alias || !DeviceSchemas.IsUserAlias(alias) || seen.Add(alias))
                continue;
            // The first console may be the first serial port under another name.
            if (device.Name != "console" || serial?.Child("alias")?["name"] != alias)
                throw Fault.Unsupported(domain, $"non unique alias detected: {alias}");
        }
    }

    private static void CheckDriveAddresses(Node devices, ErrorDomain domain)
    {
        HashSet<(string?, string)> seen = [];
        List<Node> disks = [.. devices.All("disk")];
        for (int i = disks.Count - 1; i >= 0; i--)
        {
            if (DeviceRules.AddressOf(disks[i], "drive") is not { } place)
                continue;
            string text = $"controller='{place["controller"]}' bus='{place["bus"]}' target='{place["target"]}' unit='{place["unit"]}'";
            if (!seen.Add((disks[i].Child("target")!["bus"], text)))
                throw Fault.Unsupported(domain, $"Found duplicate drive address for disk with target name '{disks[i].Child("target")!["dev"]}' {text}");
        }
    }

    private static void Unique(IEnumerable<Node>? nodes, Func<Node, string?> key, Func<string, VirException> fault)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Node node in nodes ?? [])
        {
            if (key(node) is { } value && !seen.Add(value))
                throw fault(value);
        }
    }
}
