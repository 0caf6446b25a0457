using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>What <c>virNodeGetInfo</c> answers.</summary>
public sealed record TestNodeInfo
{
    public string Model { get; init; } = "i686";

    public ulong MemoryKiB { get; init; } = 3 * 1024 * 1024;

    public uint Cpus { get; init; } = 16;

    public uint Mhz { get; init; } = 1400;

    public uint Nodes { get; init; } = 2;

    public uint Sockets { get; init; } = 2;

    public uint Cores { get; init; } = 2;

    public uint Threads { get; init; } = 2;
}

/// <summary>A domain of a test document, and the state that it begins in.</summary>
/// <param name="Document">The domain.</param>
/// <param name="RunState">A virDomainState: 1 runs, 3 is paused, 5 is off ...</param>
/// <param name="IsTransient">The domain has no persistent configuration.</param>
/// <param name="HasManagedSave">The domain is off and will resume from a saved state.</param>
/// <param name="Snapshots">Its snapshots.</param>
public sealed record TestDomain(DomainDocument Document, int RunState, bool IsTransient, bool HasManagedSave, IReadOnlyList<DomainSnapshotDocument> Snapshots);

/// <summary>A storage pool of a test document.</summary>
public sealed record TestPool(StoragePoolDocument Document, IReadOnlyList<StorageVolDocument> Volumes);

/// <summary>A user who may connect, with a password or without one.</summary>
public sealed record TestUser(string Name, string? Password);

/// <summary>How a test document is read.</summary>
public sealed class TestParseOptions
{
    public DomainParseOptions Domain { get; init; } = new() { ErrorDomain = ErrorDomain.Domain };

    public DocumentOptions Other { get; init; } = new();

    /// <summary>The prefix of interface names that are made up.</summary>
    public string InterfacePrefix { get; init; } = "testnet";

    /// <summary>Reads a file that the document names; its path is absolute, or relative to the working folder as the document's own was.</summary>
    public Func<string, string> ReadFile { get; init; } = File.ReadAllText;
}

/// <summary>A whole host in a text: what <c>test:///path/to/file.xml</c> opens, and what <c>test:///default</c> begins with.</summary>
public sealed class TestDocument
{
    /// <summary>Every pool of the test driver has this many bytes.</summary>
    public const ulong PoolCapacity = 100ul * 1024 * 1024 * 1024;

    private const string TestNamespace = "http://libvirt.org/schemas/domain/test/1.0";

    private TestDocument()
    {
    }

    public required TestNodeInfo Node { get; init; }

    /// <summary>NUMA cells: two for the default host, none for one from a file.</summary>
    public required IReadOnlyList<HostCell> Cells { get; init; }

    public required IReadOnlyList<TestDomain> Domains { get; init; }

    public required IReadOnlyList<NetworkDocument> Networks { get; init; }

    public required IReadOnlyList<InterfaceDocument> Interfaces { get; init; }

    public required IReadOnlyList<TestPool> Pools { get; init; }

    public required IReadOnlyList<NodeDeviceDocument> Devices { get; init; }

    public required IReadOnlyList<TestUser> Users { get; init; }

    /// <summary>What the host can do.</summary>
    public CapabilitiesDocument Capabilities => new()
    {
        Architecture = "i686",
        CpuFeatures = ["pae", "nonpae"],
        PageSizesKiB = [4, 8, 2048, 1024 * 1024],
        Cells = Cells,
        SecurityModels = [("testSecurity", "")],
        Guests = [.. ((string[])["hvm", "xen"]).Select(static os => new HostGuest(os, "i686", 32, "/usr/bin/test-hv", ["test"], ["pae", "nonpae"]))],
    };

    /// <summary>The host of <c>test:///default</c>.</summary>
    public static TestDocument Default(TestParseOptions? options = null)
    {
        using Stream resource = typeof(TestDocument).Assembly.GetManifestResourceStream("test-default.xml")!;
        using StreamReader reader = new(resource);
        return Parse(reader.ReadToEnd(), "(test-default)", options ?? new TestParseOptions(), DefaultCells());
    }

    /// <summary>Reads a host from a file. Parts that say <c>file='...'</c> are read from there, relative to this file.</summary>
    public static TestDocument Load(string path, TestParseOptions? options = null)
    {
        options ??= new TestParseOptions();
        return Parse(ReadFile(path, options), path, options, []);
    }

    /// <summary>Reads a host from a text.</summary>
    /// <param name="xml">The text.</param>
    /// <param name="path">Where the text came from: errors name it, and files that it names are looked for beside it.</param>
    /// <param name="options">How parts are read.</param>
    public static TestDocument Parse(string xml, string path, TestParseOptions? options = null) => Parse(xml, path, options ?? new TestParseOptions(), []);

    private static TestDocument Parse(string xml, string path, TestParseOptions options, IReadOnlyList<HostCell> cells)
    {
        Node root = DocumentReader.Read(xml, path, ErrorDomain.None, "node");
        IEnumerable<Node> Parts(string name) => root.All(name).Where(static part => part.Namespace is null).Select(part => Resolve(part, path, options));
        return new TestDocument
        {
            Node = ReadNodeInfo(root),
            Cells = cells,
            Domains = [.. Parts("domain").Select(part => ReadDomain(part, path, options))],
            Networks = [.. Parts("network").Select(part => NetworkDocument.Parse(part, options.Other))],
            Interfaces = [.. Parts("interface").Select(part => InterfaceDocument.Parse(part, options.Other))],
            Pools = [.. Parts("pool").Select(part => ReadPool(part, path, options))],
            Devices = [.. Parts("device").Select(part => NodeDeviceDocument.Parse(part, options.Other, create: false))],
            Users = ReadUsers(root),
        };
    }

    /// <summary>The element itself, or the root of the file that it names.</summary>
    private static Node Resolve(Node part, string path, TestParseOptions options)
    {
        if (part["file"] is not { } file)
            return part;
        string target = Path.IsPathRooted(file) ? file : Path.Join(Path.GetDirectoryName(path), file);
        string name = part.Name[(part.Name.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return DocumentReader.Read(ReadFile(target, options), target, ErrorDomain.None, name);
    }

    private static string ReadFile(string path, TestParseOptions options)
    {
        try
        {
            return options.ReadFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder reads as an empty file.
            return Directory.Exists(path)
                ? ""
                : throw VirException.Of(ErrorCode.XmlError, ErrorDomain.Xml, $"failed to parse xml document '{path}'");
        }
    }

    private static TestDomain ReadDomain(Node raw, string path, TestParseOptions options)
    {
        List<DomainSnapshotDocument> snapshots = [];
        SnapshotParseOptions snapshotOptions = new() { Domain = options.Domain, Redefine = true, Internal = true };
        bool transient = false, saved = false;
        int? state = null;
        foreach (Node child in raw.Children)
        {
            if (child.Namespace != TestNamespace)
                continue;
            switch (child.Name[(child.Name.IndexOf(':', StringComparison.Ordinal) + 1)..])
            {
                case "transient":
                    transient = true;
                    break;
                case "hasmanagedsave":
                    saved = true;
                    break;
                case "runstate" when child.Text is { Length: > 0 } text:
                    state ??= ReadState(text);
                    break;
                case "domainsnapshot":
                    snapshots.Add(DomainSnapshotDocument.Parse(Resolve(child, path, options), snapshotOptions));
                    break;
                default:
                    break;
            }
        }

        int runState = state ?? 1;
        if (transient && runState == 5)
            throw Fault.Xml(ErrorDomain.Test, "transient domain cannot have runstate 'shutoff'");
        if (saved && runState != 5)
            throw Fault.Xml(ErrorDomain.Test, "domain with managedsave data can only have runstate 'shutoff'");
        if (snapshots.Count(static snapshot => snapshot.IsCurrent) > 1)
            throw Fault.Internal(ErrorDomain.Test, "more than one snapshot claims to be active");
        DomainDocument document = DomainDocument.Parse(raw, options.Domain).WithInterfaceNames(options.InterfacePrefix);
        return new TestDomain(document, runState, transient, saved, snapshots);
    }

    private static int ReadState(string text)
    {
        if (!DocumentText.TryParseNumber(text, 10, out Int128 state) || state < 0)
            throw Fault.Xml(ErrorDomain.Test, "invalid runstate");
        return state < 8 ? (int)state : throw Fault.Xml(ErrorDomain.Test, $"runstate '{state}' out of range'");
    }

    private static TestPool ReadPool(Node raw, string path, TestParseOptions options)
    {
        StoragePoolDocument pool = StoragePoolDocument.Parse(raw, options.Other);
        List<StorageVolDocument> volumes = [];
        ulong allocation = 0;
        foreach (Node child in raw.All("volume"))
        {
            StorageVolDocument volume = StorageVolDocument.Parse(Resolve(child, path, options), pool, options.Other);
            if (volume.Path is null)
                volume = volume.WithPath($"{pool.TargetPath}/{volume.Name}");
            if (volume.Key is null)
                volume = volume.WithKey(volume.Path!);
            allocation += volume.Allocation;
            volumes.Add(volume);
        }

        return new TestPool(pool.WithSizes(PoolCapacity, allocation, PoolCapacity - allocation), volumes);
    }

    private static TestUser[] ReadUsers(Node root) =>
    [
        .. (root.Child("auth")?.All("user") ?? []).Select(static user => string.IsNullOrEmpty(user.Text)
            ? throw Fault.Xml(ErrorDomain.Test, "missing username in /node/auth/user field")
            : new TestUser(user.Text, user["password"])),
    ];

    private static TestNodeInfo ReadNodeInfo(Node root)
    {
        TestNodeInfo info = new();
        if (root.Child("cpu") is { } cpu)
        {
            info = info with
            {
                Nodes = ReadNumber(cpu, "nodes") ?? info.Nodes,
                Sockets = ReadNumber(cpu, "sockets") ?? info.Sockets,
                Cores = ReadNumber(cpu, "cores") ?? info.Cores,
                Threads = ReadNumber(cpu, "threads") ?? info.Threads,
                Mhz = ReadNumber(cpu, "mhz") ?? info.Mhz,
                Model = cpu.ChildText("model") is { Length: > 0 } model ? model : info.Model,
            };
            if (info.Model.Length > 31)
                throw Fault.Internal(ErrorDomain.Test, $"Model {info.Model} too big for destination");
            uint active = ReadNumber(cpu, "active") ?? uint.MaxValue;
            info = info with { Cpus = Math.Min(active, unchecked(info.Cores * info.Threads * info.Sockets * info.Nodes)) };
        }

        return root.ChildText("memory") is not { Length: > 0 } memory ? info
            : DocumentText.TryParseNumber(memory, 10, out Int128 size) && size >= 0 ? info with { MemoryKiB = (ulong)size }
            : throw Fault.Xml(ErrorDomain.Test, "invalid node memory value");
    }

    private static uint? ReadNumber(Node cpu, string name)
    {
        if (cpu.ChildText(name) is not { Length: > 0 } text)
            return null;
        return DocumentText.TryParseNumber(text, 10, out Int128 number) && number >= 0 && number <= uint.MaxValue
            ? (uint)number
            : throw Fault.Xml(ErrorDomain.Test, $"invalid node cpu {name} value");
    }

    /// <summary>Two cells of eight CPUs, the second with twice the memory and with pages of 8 KiB.</summary>
    private static HostCell[] DefaultCells() =>
    [
        .. Enumerable.Range(0, 2).Select(static cell =>
        {
            ulong memory = (ulong)(cell + 1) * 2048 * 1024;
            ulong page = cell == 1 ? 8u : 4u;
            return new HostCell(cell, memory, [new(page, memory / page), new(2048, 0), new(1024 * 1024, 0)],
                [.. Enumerable.Range(0, 8).Select(core => new HostCpu(cell * 8 + core, cell, 0, core, Values.ToText((ulong)(cell * 8 + core))))]);
        }),
    ];
}
