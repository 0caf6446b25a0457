namespace Libvirtd.Drivers.Test;

/// <summary>
/// One in-memory hypervisor: what its parts share. The default one is shared by all connections to <c>test:///default</c> and ends with the last
/// of them; a file's is private to its connection.
/// </summary>
internal sealed partial class TestHost
{
    /// <summary>The virtual CPUs that a domain can have at most.</summary>
    public const int MostVcpus = 32;

    public TestHost(TimeProvider time, IdentitySource identities, TestNode node)
    {
        Time = time;
        Identities = identities;
        Node = node;
        Capabilities = CapabilitiesText.Of(node);
        Domains = new TestDomains(this);
    }

    /// <summary>The clock, real or virtual.</summary>
    public TimeProvider Time { get; }

    /// <summary>New uuids and addresses.</summary>
    public IdentitySource Identities { get; }

    /// <summary>Where all connections to this hypervisor listen.</summary>
    public EventHub Events { get; } = new();

    /// <summary>The machine that it pretends to be.</summary>
    public TestNode Node { get; }

    /// <summary>The capabilities document.</summary>
    public string Capabilities { get; }

    public TestDomains Domains { get; }

    /// <summary>Makes the host that a file describes. Its errors are those of what it holds.</summary>
    public static TestHost Load(TestFile file, TimeProvider time, IdentitySource identities)
    {
        TestHost host = new(time, identities, file.ReadNode());
        host.Domains.Load(file);
        return host;
    }
}
