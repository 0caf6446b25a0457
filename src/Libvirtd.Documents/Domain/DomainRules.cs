using Libvirtd.Protocol;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>What libvirt makes of a domain as a whole once its parts are read: defaults that depend on several of them, and checks across them.</summary>
internal static class DomainRules
{
    private static readonly string[] s_virtTypes =
    [
        "qemu", "kqemu", "kvm", "xen", "lxc", "uml", "openvz", "test", "vmware", "hyperv", "vbox", "phyp", "parallels", "bhyve", "vz", "hvf", "none",
    ];

    /// <summary>The first things that upstream looks at, in its order, so that a document with many faults gets the same error.</summary>
    public static void CheckHead(Node raw, DomainParseOptions options)
    {
        ErrorDomain domain = options.ErrorDomain;
        if (string.IsNullOrEmpty(raw.Child("name")?.Text))
            throw VirException.Of(ErrorCode.NoName, domain);
        if (raw.Child("uuid")?.Text is { Length: > 0 } uuid && DocumentText.NormaliseUuid(uuid) is null)
            throw Fault.Internal(domain, "malformed uuid element");
        if (raw.Count("genid") > 1)
            throw Fault.Xml(domain, "element 'genid' can only appear once");
        if (raw["type"] is not { Length: > 0 } type)
            throw Fault.Internal(domain, "missing domain type attribute");
        if (Array.IndexOf(s_virtTypes, type) < 0)
            throw Fault.Unsupported(domain, $"invalid domain type {type}");
        if (string.IsNullOrEmpty(raw.Find("os", "type")?.Text) && raw.Child("bootloader") is null)
            throw Fault.Xml(domain, "an os <type> must be specified");
        if (raw.Find("os", "type") is { } os)
            CheckOs(os, domain);
        if (raw.ChildText("name")!.Contains('/', StringComparison.Ordinal))
            throw Fault.Xml(domain, $"name {raw.ChildText("name")} cannot contain '/'");
        if (raw.Child("title")?.Text?.Contains('\n', StringComparison.Ordinal) == true)
            throw Fault.Xml(domain, "Domain title can't contain newlines");
        if (raw.Count("resource") > 1)
            throw Fault.Xml(domain, "only one resource element is supported");
        if (raw.Count("numatune") > 1)
            throw Fault.Xml(domain, "only one numatune is supported");
        if (raw.Find("numatune", "memnode") is not null && raw.Find("cpu", "numa", "cell") is null)
            throw Fault.Xml(domain, "Element 'memnode' is invalid without any guest NUMA cells");
        if (raw.Find("cpu", "numa") is { } numa && numa.Child("cell") is null)
            throw Fault.Xml(domain, "NUMA topology defined without NUMA cells");
        if (raw.Child("vcpu") is { } vcpu && string.IsNullOrEmpty(vcpu.Text))
            throw Fault.Xml(domain, "maximum vcpus count must be an integer");
        if (raw.Child("cputune")?.Count("emulatorsched") > 1)
            throw Fault.Xml(domain, "only one emulatorsched is supported");
        if (raw.Child("cputune")?.Count("emulatorpin") > 1)
            throw Fault.Xml(domain, "only one emulatorpin is supported");
        if (raw.Child("devices") is not { } devices)
            return;
        AtMostOne(devices, "watchdog", Fault.Internal(domain, "only a single watchdog device is supported"));
        AtMostOne(devices, "memballoon", Fault.Internal(domain, "only a single memory balloon device is supported"));
        AtMostOne(devices, "nvram", Fault.Internal(domain, "only a single nvram device is supported"));
        AtMostOne(devices, "redirfilter", Fault.Internal(domain, "only one set of redirection filter rule is supported"));
        AtMostOne(devices, "iommu", Fault.Xml(domain, "only a single IOMMU device is supported"));
        AtMostOne(devices, "vsock", Fault.Xml(domain, "only a single vsock device is supported"));
        if (devices.Count("tpm") > 2)
            throw Fault.Xml(domain, "a maximum of two TPM devices is supported, one of them being a TPM Proxy device");
    }

    /// <summary>Upstream looks for devices and tunings in all elements of that name: what a second one holds counts as well.</summary>
    public static void Merge(Node raw)
    {
        foreach (string name in (ReadOnlySpan<string>)["devices", "cputune", "iothreadids"])
        {
            if (raw.Count(name) < 2)
                continue;
            Node[] parts = [.. raw.All(name)];
            foreach (Node more in parts[1..])
            {
                foreach (Node child in more.ChildList)
                    parts[0].Append(child);
                raw.Remove(more);
            }
        }
    }

    /// <summary>Completes and checks a domain whose parts have passed the schema.</summary>
    /// <param name="root">The domain, changed in place.</param>
    /// <param name="raw">The text's tree, for errors that quote it; null where there is none.</param>
    /// <param name="options">The driver's defaults.</param>
    /// <param name="check">Whether the whole is checked too; what is already stored is not, since it was.</param>
    public static void Apply(Node root, Node? raw, DomainParseOptions options, bool check = true)
    {
        if (root.Child("uuid") is null)
            root.SetChildText("uuid", UuidOf(root) ?? options.NewUuid().ToString("D"));
        CompleteOs(root, options);
        CpuRules.Apply(root, raw, options.ErrorDomain);
        CompleteMemory(root, options.ErrorDomain);
        DeviceRules.Apply(root, options);
        CompleteBoot(root, options.ErrorDomain);
        if (check)
            DomainChecks.Apply(root, options.ErrorDomain);
    }

    private static void CheckOs(Node os, ErrorDomain domain)
    {
        if (os.Text is { Length: > 0 } type && Array.IndexOf(PlatformSchemas.OsTypes, type) < 0)
            throw Fault.Unsupported(domain, $"unknown OS type '{type}'");
        if (os["arch"] is { Length: > 0 } arch && Array.IndexOf(PlatformSchemas.Architectures, arch) < 0)
            throw Fault.Unsupported(domain, $"Unknown architecture {arch}");
    }

    private static void AtMostOne(Node devices, string name, VirException fault)
    {
        if (devices.Count(name) > 1)
            throw fault;
    }

    private static void CompleteOs(Node root, DomainParseOptions options)
    {
        Node os = root.GetOrAdd("os");
        Node type = os.GetOrAdd("type");
        type.Text ??= "xen";
        if (type.Text == "linux" && root["type"] == "xen")
            type.Text = "xen";
        type["arch"] ??= options.DefaultArchitecture;
        if (type.Text == "xen" && root["type"] == "xen")
            type.Text = "linux";
        if (type.Text == "exe" && os.Child("init") is null)
            throw Fault.Xml(options.ErrorDomain, "init binary must be specified");
        if (root.Child("bootloader") is null)
        {
            root.RemoveAll("bootloader_args");
            return;
        }

        os.RemoveAll("boot");
        os.RemoveAll("bootmenu");
        os.RemoveAll("bios");
    }

    private static void CompleteMemory(Node root, ErrorDomain domain)
    {
        Node memory = root.GetOrAdd("memory");
        memory["unit"] ??= "KiB";
        ulong total = Number(memory.Text);
        ulong cells = 0;
        ulong modules = 0;
        foreach (Node cell in root.Find("cpu", "numa")?.ChildList ?? [])
            cells += cell.Name == "cell" ? Number(cell["memory"]) : 0;
        foreach (Node module in root.Child("devices")!.All("memory"))
            modules += Number(module.Find("target", "size")?.Text);
        if (total == 0 && cells > 0)
            total = cells + modules;
        else if (modules > total)
            throw Fault.Xml(domain, "Total size of memory devices exceeds the total memory size");
        if (total - modules == 0)
            throw Fault.Xml(domain, "Memory size must be specified via <memory> or in the <numa> configuration");
        memory.Text = ToText(total);
        Node current = root.GetOrAdd("currentMemory");
        current["unit"] ??= "KiB";
        ulong now = Number(current.Text);
        current.Text = ToText(now == 0 || now > total ? total : now);
        CheckMaximum(root, total, domain);
    }

    private static void CheckMaximum(Node root, ulong total, ErrorDomain domain)
    {
        if (root.Child("maxMemory") is not { } maximum)
            return;
        ulong most = Number(maximum.Text);
        if (most == 0 && !maximum.Has("slots"))
            root.Remove(maximum);
        else if (most == 0)
            throw Fault.Xml(domain, "both maximum memory size and memory slot count must be specified");
        else if (most < total)
            throw Fault.Xml(domain, "maximum memory size must be equal or greater than the actual memory size");
    }

    /// <summary>A domain boots from what its devices say, or else from what its os says, or else from a disk.</summary>
    private static void CompleteBoot(Node root, ErrorDomain domain)
    {
        Node os = root.Child("os")!;
        if (os.ChildText("type") != "hvm")
            return;
        HashSet<string> orders = new(StringComparer.Ordinal);
        foreach (Node device in root.Child("devices")!.ChildList)
        {
            if (device.Child("boot")?["order"] is { } order && !orders.Add(order))
                throw Fault.Unsupported(domain, $"boot order '{order}' used for more than one device");
        }

        bool fromOs = os.Child("boot") is not null;
        if (fromOs && orders.Count > 0)
            throw Fault.Unsupported(domain, "per-device boot elements cannot be used together with os/boot elements");
        if (!fromOs && orders.Count == 0 && root.Child("bootloader") is null)
            os.Add("boot")["dev"] = "hd";
    }

    /// <summary>A domain that only its SMBIOS tables give a uuid has that one.</summary>
    private static string? UuidOf(Node root) => root.All("sysinfo").Select(static info => info.Child("system")?.ChildList
        .Find(static entry => entry["name"] == "uuid")?.Text).OfType<string>().Select(DocumentText.NormaliseUuid).FirstOrDefault();

    internal static ulong Number(string? text) => ulong.TryParse(text, out ulong number) ? number : 0;
}
