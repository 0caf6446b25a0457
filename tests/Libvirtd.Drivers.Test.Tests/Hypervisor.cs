using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>A host with one connection to it, and all events that it has raised, as text.</summary>
internal sealed class Hypervisor : IEventListener, IAsyncDisposable
{
    private readonly DriverConnection _connection;
    private readonly List<string> _events = [];

    private Hypervisor(DriverConnection connection)
    {
        _connection = connection;
        connection.Events.Add(this);
    }

    public static FakeCall Call => FakeCall.Instance;

    public DriverConnection Connection => _connection;

    public DomainDriver Domains => _connection.Domains;

    public DomainSnapshotDriver Snapshots => _connection.Snapshots;

    public DomainCheckpointDriver Checkpoints => _connection.Checkpoints;

    public ConnectDriver Connect => _connection.Connect;

    /// <summary>The domain of the default host.</summary>
    public DomainRef Test => Find("test");

    public static async Task<Hypervisor> OpenAsync(TestDriver? driver = null, string uri = "test:///default")
    {
        driver ??= new TestDriver(TimeProvider.System, new IdentitySource(1));
        ConnectRequest request = new(uri, ConnectUri.Parse(uri), IsReadOnly: false, ClientIdentity.Unknown);
        return new Hypervisor((await driver.OpenAsync(request, TestContext.Current.CancellationToken))!);
    }

    public static string Xml(string name, string? uuid = null, string more = "", string devices = "") =>
        $"""
        <domain type='test'><name>{name}</name>{(uuid is null ? "" : $"<uuid>{uuid}</uuid>")}<memory>1024</memory><vcpu>2</vcpu>
        <os><type>hvm</type></os>{more}<devices>{devices}</devices></domain>
        """;

    public DomainRef Find(string name) => Domains.LookupByName(Call, name).Result;

    public DomainRef Define(string name, string more = "", string devices = "") => Domains.DefineXml(Call, Xml(name, null, more, devices)).Result;

    public DomainRef Start(string name, string more = "") => Domains.CreateXml(Call, Xml(name, null, more), DomainCreateFlags.None).Result;

    public (DomainState State, int Reason) State(DomainRef dom)
    {
        DomainGetStateRet state = Domains.GetState(Call, dom, 0).Result;
        return ((DomainState)state.State, state.Reason);
    }

    public string DomainXml(DomainRef dom, DomainXmlFlags flags = DomainXmlFlags.None) => Domains.GetXmlDesc(Call, dom, flags).Result;

    /// <summary>Makes a snapshot.</summary>
    public DomainSnapshotRef Snap(DomainRef dom, string name, DomainSnapshotCreateFlags flags = 0) =>
        Snapshots.CreateXml(Call, dom, $"<domainsnapshot><name>{name}</name></domainsnapshot>", flags).Result;

    /// <summary>Makes a checkpoint.</summary>
    public DomainCheckpointRef Checkpoint(DomainRef dom, string name, DomainCheckpointCreateFlags flags = 0) =>
        Checkpoints.CreateXml(Call, dom, $"<domaincheckpoint><name>{name}</name></domaincheckpoint>", flags).Result;

    public string[] SnapshotNames(DomainRef dom, DomainSnapshotListFlags flags = 0) => Snapshots.ListNames(Call, dom, flags).Result;

    /// <summary>The events since the last look, such as <c>test Stopped 1</c>.</summary>
    public string[] TakeEvents()
    {
        string[] events = [.. _events];
        _events.Clear();
        return events;
    }

    public void OnEvent(DriverEvent raised) => _events.Add(raised switch
    {
        DomainLifecycleEvent lifecycle => $"{lifecycle.Dom.Name} {(DomainEventType)lifecycle.Event} {lifecycle.Detail}",
        DomainMetadataChangeEvent metadata => $"{metadata.Dom.Name} metadata {metadata.Type} {metadata.Nsuri}",
        DomainDeviceAddedEvent added => $"{added.Dom.Name} added {added.DevAlias}",
        DomainDeviceRemovedEvent removed => $"{removed.Dom.Name} removed {removed.DevAlias}",
        DomainTrayChangeEvent tray => $"{tray.Dom.Name} tray {tray.DevAlias} {tray.Reason}",
        DomainMonitorEvent monitor => monitor.Event,
        _ => raised.GetType().Name,
    });

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    /// <summary>What a call throws: its code and text.</summary>
    public static (ErrorCode Code, string Text) Fails(Action call)
    {
        VirException e = Assert.Throws<VirException>(call);
        return (e.Code, e.Message);
    }
}
