using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>One virtual network; its name and uuid stay.</summary>
internal sealed class TestNetwork(NetworkRef reference, NetworkView view)
{
    private NetworkView _view = view;

    public NetworkRef Ref { get; } = reference;

    /// <summary>What is known of it now.</summary>
    public NetworkView View
    {
        get => Volatile.Read(ref _view);
        set => Volatile.Write(ref _view, value);
    }

    /// <summary>Publishes a changed view. Only one at a time may.</summary>
    public void Change(Func<NetworkView, NetworkView> change) => View = change(View);
}

/// <summary>The virtual networks of a host.</summary>
internal sealed partial class TestNetworks(TestHost host)
{
    private readonly Lock _lock = new();
    private readonly ObjectTable<TestNetwork> _table = new();

    public TestNetwork[] All => _table.All;

    /// <summary>Takes the networks of a file: they run and last.</summary>
    public void Load(TestDocument host)
    {
        foreach (NetworkDocument document in host.Networks)
        {
            lock (_lock)
                Assign(document, live: false).Change(static view => view with { IsActive = true });
        }
    }

    /// <exception cref="VirException">VIR_ERR_NO_NETWORK.</exception>
    public TestNetwork Get(string name) =>
        _table.Find(name) ?? throw VirException.Of(ErrorCode.NoNetwork, ErrorDomain.Test, $"no network with matching name '{name}'");

    /// <exception cref="VirException">VIR_ERR_NO_NETWORK.</exception>
    public TestNetwork Get(Guid uuid) =>
        _table.Find(uuid) ?? throw VirException.Of(ErrorCode.NoNetwork, ErrorDomain.Test, $"no network with matching uuid '{uuid:D}'");

    public string[] Names(bool active) => _table.Names(one => one.View.IsActive == active, static one => one.Ref.Name);

    public int Count(bool active) => _table.Count(one => one.View.IsActive == active);

    public NetworkRef Define(string xml, bool validate)
    {
        NetworkDocument document = Parse(xml, validate);
        lock (_lock)
        {
            TestNetwork network = Assign(document, live: false);
            Raise(network, NetworkEventLifecycleType.Defined);
            return network.Ref;
        }
    }

    public NetworkRef CreateXml(string xml, bool validate)
    {
        NetworkDocument document = Parse(xml, validate);
        lock (_lock)
        {
            TestNetwork network = Assign(document, live: true);
            network.Change(static view => view with { IsActive = true });
            Raise(network, NetworkEventLifecycleType.Started);
            return network.Ref;
        }
    }

    public void Start(string name)
    {
        lock (_lock)
        {
            TestNetwork network = Get(name);
            if (network.View.IsActive)
                throw Invalid($"Network '{name}' is already running");
            network.Change(static view => view with { IsActive = true });
            Raise(network, NetworkEventLifecycleType.Started);
        }
    }

    /// <summary>Stops a network; one that was never defined is gone then. That it runs is not asked for.</summary>
    public void Stop(string name)
    {
        lock (_lock)
        {
            TestNetwork network = Get(name);
            network.Change(static view => view with { IsActive = false, Ports = view.Ports.Clear() });
            if (!network.View.IsPersistent)
                Remove(network);
            Raise(network, NetworkEventLifecycleType.Stopped);
        }
    }

    public void Undefine(string name)
    {
        lock (_lock)
        {
            TestNetwork network = Get(name);
            if (network.View.IsActive)
                throw Invalid($"Network '{name}' is still running");
            Remove(network);
            Raise(network, NetworkEventLifecycleType.Undefined);
        }
    }

    public void SetAutostart(string name, bool autostart)
    {
        lock (_lock)
            Get(name).Change(view => view with { IsAutostart = autostart });
    }

    /// <summary>Changes a part of a network: now, from its next start on, or both.</summary>
    public void Update(Guid uuid, NetworkUpdateFlags flags, Func<NetworkDocument, NetworkDocument> change)
    {
        lock (_lock)
        {
            TestNetwork network = Get(uuid);
            NetworkView view = network.View;
            if ((flags & (NetworkUpdateFlags.Live | NetworkUpdateFlags.Config)) == 0)
                flags |= view.IsActive ? NetworkUpdateFlags.Live : NetworkUpdateFlags.Config;
            CheckImpact(view, flags);
            // As upstream has it: from the first change of the configuration on, even one that fails, an active network has one of its own, for good.
            if (flags.HasFlag(NetworkUpdateFlags.Config) && view is { IsActive: true, IsPersistent: true, Next: null })
                network.View = view = view with { Next = view.Document };
            NetworkView next = view;
            if (flags.HasFlag(NetworkUpdateFlags.Live))
                next = next with { Document = change(view.Document) };
            if (flags.HasFlag(NetworkUpdateFlags.Config))
            {
                NetworkDocument lasting = change(view.Next ?? view.Document);
                next = view.IsActive ? next with { Next = lasting } : next with { Document = lasting };
            }

            network.View = next;
        }
    }

    private NetworkDocument Parse(string xml, bool validate) => NetworkDocument.Parse(xml, new DocumentOptions
    {
        Validate = validate,
        NewUuid = host.Identities.NextUuid,
        NewMac = () => host.Identities.NextMac(),
    });

    /// <summary>Finds or makes the network that a document is about. Under the lock.</summary>
    private TestNetwork Assign(NetworkDocument document, bool live)
    {
        if (_table.Find(document.Uuid) is { } known)
        {
            if (known.Ref.Name != document.Name)
                throw Failed($"network '{known.Ref.Name}' is already defined with uuid {document.Uuid:D}");
            if (live && known.View.IsActive)
                throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Network, $"network is already active as '{known.Ref.Name}'");
            known.Change(view => Replaced(view, document, live));
            return known;
        }

        if (_table.Find(document.Name) is { } other)
            throw Failed($"network '{document.Name}' already exists with uuid {other.Ref.Uuid:D}");
        TestNetwork made = new(new NetworkRef { Name = document.Name, Uuid = document.Uuid }, new NetworkView(document) { IsPersistent = !live });
        _table.Add(document.Name, document.Uuid, made);
        return made;
    }

    private static NetworkView Replaced(NetworkView view, NetworkDocument document, bool live)
    {
        if (live)
            return view with { Document = document, Next = view.IsPersistent ? view.Next ?? view.Document : view.Next };
        return view.IsActive || !view.IsPersistent
            ? view with { Next = document, IsPersistent = true }
            : view with { Document = document, Next = null, IsPersistent = true };
    }

    private void Remove(TestNetwork network) => _table.Remove(network.Ref.Name, network.Ref.Uuid, network);

    // Raised under the lock, so that listeners see events in the order of the changes; they do not block.
    private void Raise(TestNetwork network, NetworkEventLifecycleType type)
    {
        if (host.Events.HasListeners)
            host.Events.Raise(new NetworkLifecycleEvent { Net = network.Ref, Event = (int)type, Detail = 0 });
    }

    private static VirException Invalid(string detail) => VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, detail);

    private static VirException Failed(string detail) => VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Network, detail);
}
