namespace Libvirtd.Documents;

/// <summary>What a hypervisor can give to a domain, as text. What stands here of devices is what a hypervisor in memory takes: every kind.</summary>
public sealed record DomainCapabilitiesDocument
{
    private static readonly string[] s_cpuModes = ["host-passthrough", "maximum", "host-model", "custom"];

    /// <summary>The emulator.</summary>
    public required string Path { get; init; }

    /// <summary>The domain's type, such as test.</summary>
    public required string DomainType { get; init; }

    public required string Architecture { get; init; }

    public required int MostVcpus { get; init; }

    /// <summary>The host's CPU, with its model.</summary>
    public required CpuDocument HostCpu { get; init; }

    public string Format()
    {
        Node root = new("domainCapabilities");
        Leaf(root, "path", Path);
        Leaf(root, "domain", DomainType);
        Leaf(root, "arch", Architecture);
        Add(root, "vcpu")["max"] = Values.ToText((ulong)MostVcpus);
        Supported(root, "iothreads", "yes");
        Supported(Supported(root, "os", "yes"), "loader", "no");
        AddCpu(Add(root, "cpu"));
        Supported(root, "memoryBacking", "no");
        Node devices = Add(root, "devices");
        Device(devices, "disk", ("diskDevice", ["disk", "cdrom", "floppy", "lun"]), ("bus", ["ide", "fdc", "scsi", "virtio", "usb", "sata"]));
        Device(devices, "graphics", ("type", ["sdl", "vnc", "spice"]));
        Device(devices, "video", ("modelType", ["vga", "cirrus", "vmvga", "qxl", "virtio", "none"]));
        Device(devices, "hostdev", ("mode", ["subsystem"]), ("startupPolicy", ["default", "mandatory", "requisite", "optional"]),
            ("subsysType", ["usb", "pci", "scsi"]));
        Device(devices, "rng", ("backendModel", ["random", "egd", "builtin"]));
        Device(devices, "filesystem", ("driverType", ["path", "handle"]));
        Node features = Add(root, "features");
        Supported(features, "gic", "no");
        Supported(features, "vmcoreinfo", "no");
        Supported(features, "genid", "yes");
        Supported(features, "backingStoreInput", "yes");
        Supported(features, "backup", "yes");
        Supported(features, "sev", "no");
        return DocumentWriter.Write(root);
    }

    public override string ToString() => Format();

    private void AddCpu(Node cpu)
    {
        foreach (string name in s_cpuModes)
        {
            Node mode = Add(cpu, "mode");
            mode["name"] = name;
            mode["supported"] = name is "host-model" or "custom" ? "yes" : "no";
            if (name == "host-model")
            {
                Leaf(mode, "model", HostCpu.Model!)["fallback"] = "forbid";
                if (HostCpu.Vendor is { } vendor)
                    Leaf(mode, "vendor", vendor);
            }
            else if (name == "custom")
            {
                foreach (CpuModel model in CpuMap.X86.Models)
                {
                    Node one = Leaf(mode, "model", model.Name);
                    one["usable"] = "yes";
                    one["vendor"] = model.Vendor ?? "unknown";
                }
            }
        }
    }

    private static void Device(Node devices, string name, params ReadOnlySpan<(string Name, string[] Values)> choices)
    {
        Node device = Supported(devices, name, "yes");
        foreach ((string choice, string[] values) in choices)
        {
            Node known = Add(device, "enum");
            known["name"] = choice;
            foreach (string value in values)
                Leaf(known, "value", value);
        }
    }

    private static Node Supported(Node parent, string name, string answer)
    {
        Node node = Add(parent, name);
        node["supported"] = answer;
        return node;
    }

    private static Node Leaf(Node parent, string name, string text)
    {
        Node node = Add(parent, name);
        node.Text = text;
        return node;
    }

    private static Node Add(Node parent, string name)
    {
        Node node = new(name);
        parent.Append(node);
        return node;
    }
}
