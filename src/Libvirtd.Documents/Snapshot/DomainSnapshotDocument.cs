using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>How a driver wants a snapshot's document read.</summary>
public sealed class SnapshotParseOptions
{
    /// <summary>How the domains inside are read.</summary>
    public DomainParseOptions Domain { get; init; } = new();

    public ErrorDomain ErrorDomain { get; init; } = ErrorDomain.DomainSnapshot;

    /// <summary>The snapshot exists already: name, state, creation time and domain are in the text.</summary>
    public bool Redefine { get; init; }

    /// <summary>The caller asked for validation by the schema.</summary>
    public bool Validate { get; init; }

    /// <summary>Without memory: the domain is off, or only disks are taken.</summary>
    public bool Offline { get; init; }

    /// <summary>The text is a test driver's file: <c>&lt;active&gt;</c> says which snapshot is the current one.</summary>
    public bool Internal { get; init; }

    /// <summary>The moment of a new snapshot, in seconds since 1970; its name where it has none.</summary>
    public long Now { get; init; }

    internal ParseContext ToContext() => new() { Domain = ErrorDomain, Inactive = true, NewUuid = Domain.NewUuid, NewMac = Domain.NewMac };
}

/// <summary>A snapshot of a domain. Immutable; the <c>With</c> methods make changed copies.</summary>
public sealed class DomainSnapshotDocument : Document
{
    private DomainSnapshotDocument(Node root, DomainDocument? domain, DomainDocument? inactiveDomain, bool isCurrent)
        : base(root)
    {
        Domain = domain;
        InactiveDomain = inactiveDomain;
        IsCurrent = isCurrent;
    }

    public string Name => Root.ChildText("name")!;

    public string? Description => Root.ChildText("description");

    /// <summary>"running", "paused", "shutoff", "disk-snapshot" ...; null until the driver sets it.</summary>
    public string? State => Root.ChildText("state");

    /// <summary>The snapshot that this one was taken after.</summary>
    public string? ParentName => Root.Find("parent", "name")?.Text;

    /// <summary>Seconds since 1970.</summary>
    public long CreationTime => long.TryParse(Root.ChildText("creationTime"), out long time) ? time : 0;

    /// <summary>"no", "internal" or "external"; null where nothing is said.</summary>
    public string? MemoryLocation => Root.Child("memory")?["snapshot"];

    public string? MemoryFile => Root.Child("memory")?["file"];

    /// <summary>What is said of each disk: its name in the guest, or its source.</summary>
    public IEnumerable<Node> Disks => Root.Child("disks")?.All("disk") ?? [];

    /// <summary>The domain as it was.</summary>
    public DomainDocument? Domain { get; }

    /// <summary>The configuration of a domain that ran with another one.</summary>
    public DomainDocument? InactiveDomain { get; }

    /// <summary>Whether an internal text called this the current snapshot.</summary>
    public bool IsCurrent { get; }

    public static DomainSnapshotDocument Parse(string xml, SnapshotParseOptions? options = null)
    {
        options ??= new SnapshotParseOptions();
        return Parse(DocumentReader.Read(xml, "(domain_snapshot)", options.ErrorDomain, "domainsnapshot", options.Validate ? "domainsnapshot.rng" : null), options);
    }

    internal static DomainSnapshotDocument Parse(Node raw, SnapshotParseOptions options)
    {
        ErrorDomain domain = options.ErrorDomain;
        if (options.Redefine)
            CheckRedefined(raw, domain);
        Node root = DocumentNormaliser.ApplyRoot(SnapshotSchema.Root, raw, options.ToContext());
        bool offline = options.Offline;
        DomainDocument? inside = null;
        DomainDocument? inactive = null;
        if (options.Redefine)
        {
            offline = root.ChildText("state") is "shutoff" or "disk-snapshot";
            if (raw.Child("domain") is { } node && node["type"] is { Length: > 0 })
                inside = DomainDocument.Parse(node, options.Domain, check: false);
            if (raw.Child("inactiveDomain") is { } other)
                inactive = DomainDocument.Parse(other, options.Domain, check: false);
        }
        else
        {
            foreach (string name in (ReadOnlySpan<string>)["state", "parent", "creationTime"])
                root.RemoveAll(name);
            root.SetChildText("creationTime", Values.ToText(options.Now));
            if (root.Child("name") is null)
                root.SetChildText("name", Values.ToText(options.Now));
        }

        CompleteMemory(root, options, offline);
        return new DomainSnapshotDocument(root, inside, inactive, options.Internal && IsActive(raw, domain));
    }

    public override string Format(FormatFlags flags = FormatFlags.None) => Format(flags, withDomain: true);

    /// <summary>The document's text, with or without the domain in it.</summary>
    public string Format(FormatFlags flags, bool withDomain)
    {
        Node root = Root.Clone();
        if (withDomain && Domain is not null)
            root.Append(Domain.Root.Clone("domain"));
        if (withDomain && InactiveDomain is not null)
            root.Append(InactiveDomain.Root.Clone("inactiveDomain"));
        return DocumentWriter.Write(root, flags | FormatFlags.Inactive);
    }

    public DomainSnapshotDocument With(Action<Node> change) => new(Edited(change), Domain, InactiveDomain, IsCurrent);

    public DomainSnapshotDocument WithState(string state) => With(root => root.SetChildText("state", state));

    public DomainSnapshotDocument WithParent(string? parent) => With(root =>
    {
        root.RemoveAll("parent");
        if (parent is not null)
            root.Add("parent").SetChildText("name", parent);
    });

    public DomainSnapshotDocument WithDomain(DomainDocument? domain, DomainDocument? inactive = null) => new(Root, domain, inactive, IsCurrent);

    /// <summary>Puts another image in the place of a disk's overlay.</summary>
    public DomainSnapshotDocument WithOverlay(string target, string path, string format) => With(root =>
    {
        foreach (Node disk in root.Child("disks")?.All("disk") ?? [])
        {
            if (disk["name"] != target)
                continue;
            disk["type"] = "file";
            disk.GetOrAdd("driver")["type"] = format;
            disk.RemoveAll("source");
            disk.Add(new Node("source", StorageSchemas.Source(ofDisk: false).Resolve(disk, disk)))["file"] = path;
        }
    });

    public DomainSnapshotDocument WithMemory(string? location, string? file = null) => With(root => SetMemory(root, location, file));

    /// <summary>Makes the list of disks the domain's: every disk once, in its order, each with what happens to it.</summary>
    /// <param name="domain">The domain as it is snapshotted.</param>
    /// <param name="location">What happens to disks of which nothing is said: "internal" or "external".</param>
    /// <param name="isRegularFile">Tells whether a path is a file; by default the file system is asked.</param>
    public DomainSnapshotDocument WithAlignedDisks(DomainDocument domain, string location, Func<string, bool>? isRegularFile = null) =>
        With(root => SnapshotDisks.Align(root, domain, location, isRegularFile ?? File.Exists, ErrorDomain.DomainSnapshot));

    private static void CheckRedefined(Node raw, ErrorDomain domain)
    {
        if (string.IsNullOrEmpty(raw.ChildText("name")))
            throw Fault.Xml(domain, "a redefined snapshot must have a name");
        if (string.IsNullOrEmpty(raw.ChildText("creationTime")))
            throw Fault.Internal(domain, "missing creationTime from existing snapshot");
        if (string.IsNullOrEmpty(raw.ChildText("state")))
            throw Fault.Xml(domain, "missing state from existing snapshot");
        if (raw.ChildText("state") == "nostate")
            throw Fault.Unsupported(domain, "Invalid state 'nostate' in domain snapshot XML");
    }

    private static void CompleteMemory(Node root, SnapshotParseOptions options, bool offline)
    {
        ErrorDomain domain = options.ErrorDomain;
        string? file = root.Child("memory")?["file"];
        string? location = root.Child("memory")?["snapshot"];
        if (location == "manual")
            throw Fault.Xml(domain, "'manual' memory snapshot mode not supported");
        location ??= file is not null ? "external" : !options.Redefine ? null : offline ? "no" : "internal";
        if (file is not null && location != "external")
            throw Fault.Xml(domain, $"memory filename '{file}' requires external snapshot");
        if (file is null && location == "external")
            throw Fault.Xml(domain, "external memory snapshots require a filename");
        if (offline && location is not (null or "no"))
            throw Fault.Xml(domain, "memory state cannot be saved with offline or disk-only snapshot");
        if (file is not null && !file.StartsWith('/'))
            throw Fault.Xml(domain, $"memory snapshot file path ({file}) must be absolute");
        SetMemory(root, location, file);
    }

    private static void SetMemory(Node root, string? location, string? file)
    {
        root.RemoveAll("memory");
        if (location is null)
            return;
        Node memory = root.Add("memory");
        memory["snapshot"] = location;
        memory["file"] = file;
    }

    private static bool IsActive(Node raw, ErrorDomain domain) =>
        DocumentText.TryParseNumber(raw.ChildText("active") ?? "", 10, out Int128 active)
            ? active != 0
            : throw Fault.Internal(domain, "Could not find 'active' element");
}
