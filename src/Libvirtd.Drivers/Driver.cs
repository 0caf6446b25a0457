namespace Libvirtd.Drivers;

/// <summary>What a client asks to open.</summary>
/// <param name="Name">The URI as it came, without the parts that concern reaching the server.</param>
/// <param name="Uri">The parsed URI.</param>
/// <param name="IsReadOnly">The connection may not change anything.</param>
/// <param name="Identity">Who asks.</param>
public sealed record ConnectRequest(string Name, ConnectUri Uri, bool IsReadOnly, ClientIdentity Identity);

/// <summary>A driver: it answers for one or more URI schemes.</summary>
public abstract class Driver
{
    /// <summary>The driver's name as CONNECT_GET_TYPE tells it: <c>TEST</c>, <c>QEMU</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The URI that a client without one gets, or null when this driver does not offer itself.</summary>
    public virtual string? DefaultUri => null;

    /// <summary>Opens a connection. Null: the URI is not for this driver. Throws when it is, but cannot be opened.</summary>
    public abstract ValueTask<DriverConnection?> OpenAsync(ConnectRequest request, CancellationToken cancel);

    /// <summary>The domains of all connections by state, for the operator's figures. Asked every few seconds where somebody looks at these.</summary>
    public virtual IEnumerable<GuestCount> CountGuests() => [];

    /// <summary>The jobs that are under way on domains of all connections, for the operator's figures.</summary>
    public virtual int CountJobs() => 0;
}

/// <summary>
/// A connection that a driver has opened: one object for each kind of thing that it serves. Its members may be called from any number of threads
/// at once.
/// </summary>
public abstract class DriverConnection : IAsyncDisposable
{
    /// <summary>The canonical URI, for CONNECT_GET_URI.</summary>
    public abstract string Uri { get; }

    /// <summary>What stands in the way of this connection's calls; asked for each of them, null for none.</summary>
    public virtual CallInterceptor? Interceptor => null;

    /// <summary>Where the driver raises its events.</summary>
    public EventHub Events { get; protected init; } = new();

    public virtual ConnectDriver Connect { get; } = new Defaults.Connect();

    public virtual DomainDriver Domains { get; } = new Defaults.Domain();

    public virtual DomainSnapshotDriver Snapshots { get; } = new Defaults.DomainSnapshot();

    public virtual DomainCheckpointDriver Checkpoints { get; } = new Defaults.DomainCheckpoint();

    public virtual NetworkDriver Networks { get; } = new Defaults.Network();

    public virtual NetworkPortDriver NetworkPorts { get; } = new Defaults.NetworkPort();

    public virtual StoragePoolDriver StoragePools { get; } = new Defaults.StoragePool();

    public virtual StorageVolDriver StorageVols { get; } = new Defaults.StorageVol();

    public virtual NodeDeviceDriver NodeDevices { get; } = new Defaults.NodeDevice();

    public virtual InterfaceDriver Interfaces { get; } = new Defaults.Interface();

    public virtual SecretDriver Secrets { get; } = new Defaults.Secret();

    public virtual NwFilterDriver NwFilters { get; } = new Defaults.NwFilter();

    public virtual NwFilterBindingDriver NwFilterBindings { get; } = new Defaults.NwFilterBinding();

    public virtual QemuDriver Qemu { get; } = new Defaults.Qemu();

    public virtual LxcDriver Lxc { get; } = new Defaults.Lxc();

    /// <summary>Whether the driver has a feature of CONNECT_SUPPORTS_FEATURE that is the driver's to answer: 1 to 7, 11 to 13.</summary>
    public virtual bool SupportsFeature(int feature) => false;

    /// <summary>Whether events of a kind can be asked for; where not, registering for them answers VIR_ERR_NO_SUPPORT.</summary>
    public virtual bool HasEvents(EventKind kind) => false;

    /// <summary>Called once when the client has closed the connection or is gone, after its last call.</summary>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }

    // A kind that the driver does not serve answers "not supported" to everything.
    private static class Defaults
    {
        internal sealed class Connect : ConnectDriver;

        internal sealed class Domain : DomainDriver;

        internal sealed class DomainSnapshot : DomainSnapshotDriver;

        internal sealed class DomainCheckpoint : DomainCheckpointDriver;

        internal sealed class Network : NetworkDriver;

        internal sealed class NetworkPort : NetworkPortDriver;

        internal sealed class StoragePool : StoragePoolDriver;

        internal sealed class StorageVol : StorageVolDriver;

        internal sealed class NodeDevice : NodeDeviceDriver;

        internal sealed class Interface : InterfaceDriver;

        internal sealed class Secret : SecretDriver;

        internal sealed class NwFilter : NwFilterDriver;

        internal sealed class NwFilterBinding : NwFilterBindingDriver;

        internal sealed class Qemu : QemuDriver;

        internal sealed class Lxc : LxcDriver;
    }
}
