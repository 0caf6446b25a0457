using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The devices of a host.</summary>
internal sealed partial class TestNodeDevices(TestHost host)
{
    // As upstream does: a new virtual host is a copy of the eleventh, and there is but one at a time.
    private const string Template = "scsi_host11";
    private const string VirtualHost = "scsi_host12";

    private readonly Lock _lock = new();
    private ImmutableSortedDictionary<string, TestNodeDevice> _table =
        ImmutableSortedDictionary<string, TestNodeDevice>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>All devices by name.</summary>
    public ImmutableSortedDictionary<string, TestNodeDevice> All => Volatile.Read(ref _table);

    /// <summary>Takes the devices of a file.</summary>
    public void Load(TestDocument host)
    {
        foreach (NodeDeviceDocument document in host.Devices)
        {
            TestNodeDevice device = new(document);
            lock (_lock)
                Publish(All.SetItem(device.Document.Name, device));
        }
    }

    /// <exception cref="VirException">VIR_ERR_NO_NODE_DEVICE.</exception>
    public TestNodeDevice Get(string name) => All.GetValueOrDefault(name)
        ?? throw VirException.Of(ErrorCode.NoNodeDevice, ErrorDomain.Test, $"no node device with matching name '{name}'");

    public NodeDeviceRef GetByWwn(string wwnn, string wwpn) => FindByWwn(wwnn, wwpn)?.Ref
        ?? throw VirException.Of(ErrorCode.NoNodeDevice, ErrorDomain.Test, $"no node device with matching wwnn '{wwnn}' and wwpn '{wwpn}'");

    /// <summary>Makes a virtual fibre channel host, or a mediated device that is not to last.</summary>
    public NodeDeviceRef CreateXml(string xml, bool validate)
    {
        NodeDeviceDocument document = NodeDeviceDocument.ParseNew(xml, new DocumentOptions { Validate = validate });
        if (document.Has("mdev"))
            return CreateMediated(document);
        Node channel = document.FibreChannel ?? throw VirException.Internal(ErrorDomain.Nodedev, "Device is not a fibre channel HBA");
        lock (_lock)
        {
            CheckParent(document);
            return CreateVirtualHost(channel.ChildText("wwnn")!, channel.ChildText("wwpn")!);
        }
    }

    /// <summary>Makes the virtual host with these names; a pool that needs one does so too.</summary>
    public NodeDeviceRef CreateVirtualHost(string wwnn, string wwpn)
    {
        lock (_lock)
        {
            TestNodeDevice device = new(Get(Template).Document.Copy(VirtualHost, wwnn, wwpn));
            Publish(All.SetItem(VirtualHost, device));
            Raise(VirtualHost, NodeDeviceEventLifecycleType.Created);
            return device.Ref;
        }
    }

    public void DestroyVirtualHost()
    {
        lock (_lock)
            Remove(Get(VirtualHost));
    }

    /// <summary>Removes a fibre channel host, or stops a mediated device. Of any other device upstream says that it is gone, and leaves it; so do we.</summary>
    public void Destroy(string name)
    {
        lock (_lock)
        {
            TestNodeDevice device = Get(name);
            if (device.IsMediated)
                Stop(device);
            else if (device.Document.FibreChannel is not null && device.Document.Parent is { } parent && All.ContainsKey(parent))
                Remove(device);
        }
    }

    private void CheckParent(NodeDeviceDocument document)
    {
        TestNodeDevice? parent;
        if (document.Parent is { } name)
            parent = All.GetValueOrDefault(name);
        else if (document.ParentWwnn is { } wwnn && document.ParentWwpn is { } wwpn)
            parent = FindByWwn(wwnn, wwpn);
        else if (document.ParentFabricWwn is { } fabric)
            parent = All.Values.FirstOrDefault(one => one.Document.FibreChannel?.ChildText("fabric_wwn") == fabric && one.Document.Has("vports"));
        else
            parent = All.Values.FirstOrDefault(static one => one.Document.Has("vports")) ?? throw VirException.Internal(ErrorDomain.Nodedev, "Could not find any vport capable device");
        if (parent is null)
            throw VirException.Internal(ErrorDomain.Nodedev, $"Could not find parent device for '{document.Name}'");
        if (!parent.Document.Has("vports"))
            throw VirException.Internal(ErrorDomain.Nodedev, $"Parent device {parent.Document.Name} is not capable of vport operations");
    }

    private TestNodeDevice? FindByWwn(string wwnn, string wwpn) => All.Values.FirstOrDefault(one =>
        one.Document.FibreChannel is { } channel && channel.ChildText("wwnn") == wwnn && channel.ChildText("wwpn") == wwpn);

    private void Remove(TestNodeDevice device)
    {
        Publish(All.Remove(device.Document.Name));
        Raise(device.Document.Name, NodeDeviceEventLifecycleType.Deleted);
    }

    private void Publish(ImmutableSortedDictionary<string, TestNodeDevice> table) => Volatile.Write(ref _table, table);

    private void Raise(string name, NodeDeviceEventLifecycleType type)
    {
        if (host.Events.HasListeners)
            host.Events.Raise(new NodeDeviceLifecycleEvent { Dev = new NodeDeviceRef { Name = name }, Event = (int)type, Detail = 0 });
    }
}
