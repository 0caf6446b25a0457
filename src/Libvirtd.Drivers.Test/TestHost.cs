namespace Libvirtd.Drivers.Test;

/// <summary>
/// One in-memory hypervisor: what its parts share. The default one is shared by all connections to <c>test:///default</c> and ends with the last
/// of them; a file's is private to its connection.
/// </summary>
internal sealed partial class TestHost(TimeProvider time, IdentitySource identities)
{
    /// <summary>The clock, real or virtual.</summary>
    public TimeProvider Time { get; } = time;

    /// <summary>New uuids and addresses.</summary>
    public IdentitySource Identities { get; } = identities;

    /// <summary>Where all connections to this hypervisor listen.</summary>
    public EventHub Events { get; } = new();
}
