using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// One in-memory hypervisor: what its parts share. The default one is shared by all connections to <c>test:///default</c> and ends with the last
/// of them; a file's is private to its connection.
/// </summary>
internal sealed partial class TestHost
{
    /// <summary>The virtual CPUs that a domain can have at most.</summary>
    public const int MostVcpus = 32;

    private TestHost(TestDocument document, TimeProvider time, IdentitySource identities, TestOptions options)
    {
        Options = options;
        Time = time;
        Identities = identities;
        Node = document.Node;
        Memory = new HostMemory(document.Cells);
        _capabilities = document.Capabilities;
        Faults = new HostFaults(this);
        Agents = new GuestAgents(this);
        Domains = new TestDomains(this);
        Networks = new TestNetworks(this);
        Interfaces = new TestInterfaces(this);
        NodeDevices = new TestNodeDevices(this);
        Storage = new TestStorage(this);
        Secrets = new TestSecrets(this);
        NwFilters = new TestNwFilters(this);
        Images = new TestImages(this);
        BlockJobs = new TestBlockJobs(this);
        Domains.Load(document);
        Networks.Load(document);
        Interfaces.Load(document);
        Storage.Load(document);
        NodeDevices.Load(document);
    }

    /// <summary>What the URI asked for.</summary>
    public TestOptions Options { get; }

    /// <summary>The clock: real, scaled, or virtual. All that takes its time waits by it, with <c>ConfigureAwait(false)</c>.</summary>
    public TimeProvider Time { get; }

    /// <summary>New uuids and addresses.</summary>
    public IdentitySource Identities { get; }

    /// <summary>Where all connections to this hypervisor listen.</summary>
    public EventHub Events { get; } = new();

    /// <summary>The figures of the machine that it pretends to be.</summary>
    public TestNodeInfo Node { get; }

    /// <summary>The CPUs that the machine could have.</summary>
    public int MostCpus => (int)Math.Min(Node.Nodes * Node.Sockets * Node.Cores * Node.Threads, NumberSet.Limit);

    /// <summary>What goes wrong by command.</summary>
    public HostFaults Faults { get; }

    /// <summary>Guests that come and go.</summary>
    public HostMigrations Migrations { get; } = new();

    /// <summary>Which guests' agents answer.</summary>
    public GuestAgents Agents { get; }

    public TestDomains Domains { get; }

    public TestNetworks Networks { get; }

    public TestInterfaces Interfaces { get; }

    public TestNodeDevices NodeDevices { get; }

    public TestStorage Storage { get; }

    public TestSecrets Secrets { get; }

    public TestNwFilters NwFilters { get; }

    public TestImages Images { get; }

    public TestBlockJobs BlockJobs { get; }

    /// <summary>A new host of <c>test:///default</c>.</summary>
    public static TestHost Default(TimeProvider time, IdentitySource identities) => Of(DefaultDocument(identities), time, identities);

    /// <summary>What <c>test:///default</c> begins with: the same whenever it is born, so it is read once.</summary>
    public static TestDocument DefaultDocument(IdentitySource identities) => TestDocument.Default(ParseOptions(identities));

    /// <summary>A new host that begins with what the document holds.</summary>
    public static TestHost Of(TestDocument document, TimeProvider time, IdentitySource identities, TestOptions? options = null) =>
        new(document, time, identities, options ?? new TestOptions());

    /// <summary>Reads the file that describes a host. Errors are those of the file and of all that it holds.</summary>
    public static TestDocument ReadDocument(string path, IdentitySource identities) => TestDocument.Load(path, ParseOptions(identities));

    private static TestParseOptions ParseOptions(IdentitySource identities) => new()
    {
        Domain = new DomainParseOptions { NewUuid = identities.NextUuid, NewMac = () => identities.NextMac() },
        Other = new DocumentOptions { NewUuid = identities.NextUuid, NewMac = () => identities.NextMac() },
    };
}
