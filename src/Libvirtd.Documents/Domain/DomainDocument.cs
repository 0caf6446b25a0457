namespace Libvirtd.Documents;

/// <summary>A domain's configuration. Immutable; the <c>With</c> methods make changed copies.</summary>
public sealed class DomainDocument : Document
{
    private DomainDocument(Node root)
        : base(root)
    {
    }

    public string Name => Root.ChildText("name")!;

    public Guid Uuid => Guid.Parse(Root.ChildText("uuid")!);

    public string? Title => Root.ChildText("title");

    public string? Description => Root.ChildText("description");

    /// <summary>What runs inside: "hvm", "xen" ...</summary>
    public string OsType => Root.Find("os", "type")!.Text!;

    public string Architecture => Root.Find("os", "type")!["arch"]!;

    /// <summary>The kind of hypervisor: "test", "kvm" ...</summary>
    public string VirtType => Root["type"]!;

    /// <summary>The id in a live document that was read as such; null otherwise.</summary>
    public int? Id => int.TryParse(Root["id"], out int id) ? id : null;

    /// <summary>The memory at boot, in KiB.</summary>
    public ulong MaxMemoryKiB => DomainRules.Number(Root.ChildText("memory"));

    /// <summary>The balloon's target, in KiB.</summary>
    public ulong CurrentMemoryKiB => DomainRules.Number(Root.ChildText("currentMemory"));

    public uint MaxVcpus => (uint)DomainRules.Number(Root.ChildText("vcpu"));

    /// <summary>CPUs that are on.</summary>
    public uint Vcpus => Root.Child("vcpu")?["current"] is { } current ? (uint)DomainRules.Number(current) : MaxVcpus;

    public string OnPoweroff => Root.ChildText("on_poweroff") ?? "destroy";

    public string OnReboot => Root.ChildText("on_reboot") ?? "restart";

    public string OnCrash => Root.ChildText("on_crash") ?? "destroy";

    public IEnumerable<DomainDisk> Disks => Root.Child("devices")!.All("disk").Select(static node => new DomainDisk(node));

    public IEnumerable<DomainInterface> Interfaces => Root.Child("devices")!.All("interface").Select(static node => new DomainInterface(node));

    /// <summary>All devices, in output order.</summary>
    public IReadOnlyList<Node> Devices => Root.Child("devices")!.Children;

    /// <summary>Reads a domain's document. Errors are libvirt's own, as <see cref="Protocol.VirException"/>.</summary>
    public static DomainDocument Parse(string xml, DomainParseOptions? options = null)
    {
        options ??= new DomainParseOptions();
        return Parse(DocumentReader.Read(xml, options.Url, options.ErrorDomain, "domain", options.Validate ? "domain.rng" : null), options);
    }

    /// <summary>Reads a domain that stands inside another document; one that was stored there is not checked as a whole again.</summary>
    internal static DomainDocument Parse(Node raw, DomainParseOptions options, bool check = true)
    {
        DomainRules.Merge(raw);
        DomainRules.CheckHead(raw, options);
        Node root = DocumentNormaliser.ApplyRoot(DomainSchema.Root, raw, options.ToContext());
        DomainRules.Apply(root, raw, options, check);
        if (options.NamespaceFormat.Count > 0)
            DriverNamespaces.Keep(raw, root, options.NamespaceFormat);
        return new DomainDocument(root);
    }

    /// <summary>Reads the description of one device, as attaching and detaching get it. It is not completed yet: <see cref="WithDevice"/> does that.</summary>
    public static Node ParseDevice(string xml, DomainParseOptions? options = null)
    {
        options ??= new DomainParseOptions();
        Node raw = DocumentReader.Read(xml, "(device_definition)", options.ErrorDomain);
        ElementSchema? schema = raw.Name == "emulator" ? null : DomainSchema.Devices.FindChild(raw.Name);
        if (schema is null)
            throw Fault.Xml(options.ErrorDomain, $"unknown device type '{raw.Name}'");
        return (DocumentNormaliser.Apply(schema, raw, null, options.ToContext()) ?? new Node(raw.Name, schema)).Freeze();
    }

    /// <summary>A copy with one device more, or in the place of <paramref name="replaced"/>, completed and checked as a whole: addresses and controllers that
    /// it implies are added.</summary>
    public DomainDocument WithDevice(Node device, DomainParseOptions? options = null, Node? replaced = null)
    {
        Node root = Edited(copy =>
        {
            Node devices = copy.Child("devices")!;
            if (replaced is null)
                devices.Add(device.Clone());
            else
                devices.Replace(devices.Children[IndexOf(replaced)], device.Clone());
        });
        DomainRules.Apply(root, null, options ?? new DomainParseOptions());
        return new DomainDocument(root);
    }

    /// <summary>A copy without the device, which is one of <see cref="Devices"/>.</summary>
    public DomainDocument WithoutDevice(Node device)
    {
        int index = IndexOf(device);
        return With(root =>
        {
            Node devices = root.Child("devices")!;
            devices.Remove(devices.Children[index]);
        });
    }

    /// <summary>A copy in which every device has the name by which a running domain's devices are addressed.</summary>
    public DomainDocument WithAliases() => With(static root => DeviceAliases.Assign(root.Child("devices")!));

    /// <summary>The device that a description of another kind than an interface means, by what tells devices of its kind apart. Null where there is none.</summary>
    public Node? FindDevice(Node like) => DeviceMatch.Find(Devices, like);

    /// <summary>The interface that a description means, by its MAC address, address and alias, as far as it names them.</summary>
    /// <param name="like">The description.</param>
    /// <param name="hasMac">The description names its MAC address; otherwise what stands there was made up when it was read.</param>
    /// <exception cref="Protocol.VirException">There is none (VIR_ERR_DEVICE_MISSING), or more than one (VIR_ERR_OPERATION_FAILED).</exception>
    public Node FindInterface(Node like, bool hasMac) => DeviceMatch.FindInterface(Devices, like, hasMac);

    /// <summary>The document's text.</summary>
    /// <param name="flags">Secrets, live parts ...</param>
    /// <param name="id">The id of the running domain; without one the text is that of an inactive domain.</param>
    public string Format(FormatFlags flags, int? id) => DocumentWriter.Write(Root, id is null ? flags | FormatFlags.Inactive : flags, id);

    public override string Format(FormatFlags flags = FormatFlags.None) => Format(flags, Id);

    /// <summary>The metadata element that belongs to a namespace, as its text, without that namespace; null where there is none.</summary>
    public string? Metadata(string uri)
    {
        Node? found = Root.Child("metadata")?.Children.FirstOrDefault(child => child.Namespace == uri);
        return found is null ? null : VerbatimWriter.ToText(VerbatimTree.WithoutNamespace(found, uri));
    }

    /// <summary>A copy that <paramref name="change"/> has changed. It works on the tree in libvirt's own terms; nothing checks it again.</summary>
    public DomainDocument With(Action<Node> change) => new(Edited(change));

    public DomainDocument WithName(string name) => With(root => root.SetChildText("name", name));

    public DomainDocument WithTitle(string? title) => With(root => root.SetChildText("title", title));

    public DomainDocument WithDescription(string? description) => With(root => root.SetChildText("description", description));

    public DomainDocument WithMaxMemory(ulong kib) => With(root => root.Child("memory")!.Text = Values.ToText(kib));

    public DomainDocument WithCurrentMemory(ulong kib) => With(root => root.Child("currentMemory")!.Text = Values.ToText(kib));

    /// <summary>Sets how many CPUs there can be, or how many are on.</summary>
    public DomainDocument WithVcpus(uint current, uint maximum) => With(root =>
    {
        Node vcpu = root.Child("vcpu")!;
        vcpu.Text = Values.ToText((ulong)maximum);
        vcpu["current"] = current == maximum ? null : Values.ToText((ulong)current);
        // Where they are listed one by one, the first ones are on.
        foreach (Node one in root.Child("vcpus")?.All("vcpu") ?? [])
            one["enabled"] = DomainRules.Number(one["id"]) < current ? "yes" : "no";
    });

    /// <summary>Puts, replaces or (with null) removes the metadata of a namespace.</summary>
    /// <param name="uri">The namespace.</param>
    /// <param name="key">The prefix that the element gets.</param>
    /// <param name="xml">The element's text, or null.</param>
    public DomainDocument WithMetadata(string uri, string? key, string? xml) => With(root => MetadataEditor.Set(root, uri, key, xml, Protocol.ErrorDomain.Domain));

    /// <summary>Gives each interface without a target name the next free one: the prefix and a number.</summary>
    public DomainDocument WithInterfaceNames(string prefix)
    {
        if (Interfaces.All(static one => one.TargetDevice is not null))
            return this;
        return With(root =>
        {
            Node devices = root.Child("devices")!;
            HashSet<string> used = [.. devices.All("interface").Select(static one => one.Child("target")?["dev"] ?? "")];
            ulong next = 0;
            foreach (Node one in devices.All("interface"))
            {
                if (one.Child("target")?["dev"] is not null)
                    continue;
                while (!used.Add(prefix + Values.ToText(next)))
                    next++;
                one.GetOrAdd("target")["dev"] = prefix + Values.ToText(next);
            }
        });
    }

    private int IndexOf(Node device)
    {
        for (int i = 0; i < Devices.Count; i++)
        {
            if (ReferenceEquals(Devices[i], device))
                return i;
        }

        throw new ArgumentException("not a device of this domain", nameof(device));
    }
}
