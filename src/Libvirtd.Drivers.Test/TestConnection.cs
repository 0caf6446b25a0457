namespace Libvirtd.Drivers.Test;

/// <summary>A connection to a test host.</summary>
internal sealed class TestConnection : DriverConnection
{
    private readonly TestDriver _driver;
    private readonly HostFaults _faults;
    private readonly TestDomainDriver _domains;
    private readonly TestOptions? _sharedAs;
    private readonly TestHost _host;
    private bool _isClosed;

    /// <param name="driver">Whose connection it is.</param>
    /// <param name="host">The host.</param>
    /// <param name="uri">The URI that the client gave.</param>
    /// <param name="sharedAs">The options under which others share the host; null where it is this connection's own.</param>
    public TestConnection(TestDriver driver, TestHost host, string uri, TestOptions? sharedAs)
    {
        _driver = driver;
        _faults = host.Faults;
        host.Migrations.OpenPeer ??= driver.OpenPeerAsync;
        _host = host;
        _sharedAs = sharedAs;
        Uri = uri;
        Events = host.Events;
        Connect = new TestConnectDriver(host, uri);
        _domains = new TestDomainDriver(host.Domains);
        Snapshots = new TestSnapshotDriver(host.Domains);
        Checkpoints = new TestCheckpointDriver(host.Domains);
        Networks = new TestNetworkDriver(host.Networks);
        NetworkPorts = new TestNetworkPortDriver(host.Networks);
        StoragePools = new TestStoragePoolDriver(host.Storage);
        StorageVols = new TestStorageVolDriver(host.Storage);
        Interfaces = new TestInterfaceDriver(host.Interfaces);
        NodeDevices = new TestNodeDeviceDriver(host.NodeDevices);
        Secrets = new TestSecretDriver(host.Secrets);
        NwFilters = new TestNwFilterDriver(host.NwFilters);
        NwFilterBindings = new TestNwFilterBindingDriver(host.NwFilters);
        Qemu = new TestQemuDriver(host.Domains);
    }

    public override string Uri { get; }

    public override ConnectDriver Connect { get; }

    public override DomainDriver Domains => _domains;

    public override DomainSnapshotDriver Snapshots { get; }

    public override DomainCheckpointDriver Checkpoints { get; }

    public override NetworkDriver Networks { get; }

    public override NetworkPortDriver NetworkPorts { get; }

    public override StoragePoolDriver StoragePools { get; }

    public override StorageVolDriver StorageVols { get; }

    public override InterfaceDriver Interfaces { get; }

    public override NodeDeviceDriver NodeDevices { get; }

    public override SecretDriver Secrets { get; }

    public override NwFilterDriver NwFilters { get; }

    public override NwFilterBindingDriver NwFilterBindings { get; }

    public override QemuDriver Qemu { get; }

    public override CallInterceptor? Interceptor => _faults.Interceptor;

    /// <summary>All of migration but its first generation, and 5, which is for hypervisors that migrate by themselves.</summary>
    public override bool SupportsFeature(int feature) => feature is 3 or 4 or 6 or 7 or 11 or 12 or 13;

    public override bool HasEvents(EventKind kind) => true;

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isClosed, true))
            return default;
        _domains.EndMigrations();
        if (_sharedAs is { } options)
            _driver.ReleaseDefault(options);
        else
            _host.Dispose();
        return base.DisposeAsync();
    }
}
