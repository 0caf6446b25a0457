using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Mediated devices: they are defined, started and stopped. By the rules of upstream's device driver, since its test driver has none.</summary>
internal sealed partial class TestNodeDevices
{
    /// <summary>Defines a mediated device, or what one is to be from its next start on.</summary>
    public NodeDeviceRef Define(string xml, bool validate)
    {
        NodeDeviceDocument document = NodeDeviceDocument.ParseNew(xml, new DocumentOptions { Validate = validate });
        if (!document.Has("mdev"))
            throw Unsupported();
        lock (_lock)
        {
            document = Complete(document, "define");
            TestNodeDevice? known = All.GetValueOrDefault(document.Name);
            TestNodeDevice next = known is null
                ? new TestNodeDevice(document) { IsActive = false, Config = document }
                : known with { Document = known.IsActive ? known.Document : document, Config = document };
            Set(next);
            Raise(next, known is null ? NodeDeviceEventLifecycleType.Defined : null);
            return next.Ref;
        }
    }

    /// <summary>A device that is not there is then unknown; one that is there stays until it is stopped.</summary>
    public void Undefine(string name)
    {
        lock (_lock)
        {
            TestNodeDevice device = Get(name);
            if (device.IsMediated && !device.IsPersistent)
                throw Invalid($"Node device '{name}' is not defined");
            if (!device.IsMediated)
                throw Unsupported();
            if (device.IsActive)
                Set(device with { Config = null, IsAutostart = false });
            else
                Publish(All.Remove(name));
            Raise(device, NodeDeviceEventLifecycleType.Undefined);
        }
    }

    public void Start(string name)
    {
        lock (_lock)
        {
            TestNodeDevice device = Get(name);
            if (device.IsActive)
                throw Invalid("Device is already active");
            CheckAvailable(device.Document);
            Set(device with { IsActive = true });
            Raise(device, NodeDeviceEventLifecycleType.Created);
        }
    }

    public void SetAutostart(string name, bool autostart)
    {
        lock (_lock)
        {
            TestNodeDevice device = Get(name);
            if (!device.IsMediated)
                throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Nodedev, "Unsupported device type");
            if (!device.IsPersistent)
                throw Invalid("cannot set autostart for transient device");
            Set(device with { IsAutostart = autostart });
        }
    }

    /// <summary>Gives a mediated device other attributes: now, from its next start on, or both. Its type, parent and uuid stay.</summary>
    public void Update(string name, string xml, NodeDeviceUpdateFlags flags)
    {
        NodeDeviceDocument wanted = NodeDeviceDocument.ParseNew(xml);
        lock (_lock)
        {
            TestNodeDevice device = Get(name);
            if (!device.IsMediated || wanted.Mediated is null)
                throw Unsupported();
            if ((flags & (NodeDeviceUpdateFlags.Live | NodeDeviceUpdateFlags.Config)) == 0)
                flags |= device.IsActive ? NodeDeviceUpdateFlags.Live : NodeDeviceUpdateFlags.Config;
            if (flags.HasFlag(NodeDeviceUpdateFlags.Live) && !device.IsActive)
                throw Invalid($"node device '{name}' is not active");
            if (flags.HasFlag(NodeDeviceUpdateFlags.Config) && !device.IsPersistent)
                throw Invalid("transient device cannot be updated persistently");
            CheckSame(device.Document, wanted);
            NodeDeviceDocument Changed(NodeDeviceDocument document) => document.With(root =>
            {
                Node part = root.All("capability").First(static one => one["type"] == "mdev");
                part.RemoveAll("attr");
                foreach (Node attribute in wanted.Mediated!.All("attr"))
                    part.Add(attribute.Clone());
            });
            TestNodeDevice next = device;
            if (flags.HasFlag(NodeDeviceUpdateFlags.Config))
                next = next with { Config = Changed(device.Config!), Document = device.IsActive ? device.Document : Changed(device.Document) };
            if (flags.HasFlag(NodeDeviceUpdateFlags.Live))
                next = next with { Document = Changed(device.Document) };
            Set(next);
            if (host.Events.HasListeners)
                host.Events.Raise(new NodeDeviceUpdateEvent { Dev = device.Ref });
        }
    }

    private NodeDeviceRef CreateMediated(NodeDeviceDocument document)
    {
        lock (_lock)
        {
            document = Complete(document, "create");
            if (All.ContainsKey(document.Name))
                throw VirException.Internal(ErrorDomain.Nodedev, $"Unable to create mediated device: Device {document.Mediated!.ChildText("uuid")} already exists");
            CheckAvailable(document);
            TestNodeDevice device = new(document);
            Set(device);
            Raise(device, NodeDeviceEventLifecycleType.Created);
            return device.Ref;
        }
    }

    /// <summary>Stops a mediated device; one that nobody defined is then unknown.</summary>
    private void Stop(TestNodeDevice device)
    {
        if (!device.IsActive)
            throw Invalid($"Device '{device.Document.Name}' is not active");
        if (device.IsPersistent)
            Set(device with { IsActive = false, Document = device.Config! });
        else
            Publish(All.Remove(device.Document.Name));
        Raise(device, NodeDeviceEventLifecycleType.Deleted);
    }

    /// <summary>A new device's uuid, and its name, which follows from it and the parent.</summary>
    private NodeDeviceDocument Complete(NodeDeviceDocument document, string verb)
    {
        string parent = document.Parent ?? throw VirException.Of(ErrorCode.XmlError, ErrorDomain.Nodedev, $"cannot {verb} a mediated device without a parent");
        TestNodeDevice owner = All.GetValueOrDefault(parent)
            ?? throw VirException.Of(ErrorCode.NoNodeDevice, ErrorDomain.Nodedev, $"no node device with matching name '{parent}'");
        string address = owner.Document.PciAddress is { } pci ? $"{pci.Domain:x4}:{pci.Bus:x2}:{pci.Slot:x2}.{pci.Function:x}" : parent;
        string uuid = document.Mediated!.ChildText("uuid") ?? host.Identities.NextUuid().ToString("D");
        string name = string.Concat($"mdev_{uuid}_{address}".Select(static c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
        return document.With(root =>
        {
            root.SetChildText("name", name);
            Node part = root.All("capability").First(static one => one["type"] == "mdev");
            part.SetChildText("uuid", uuid);
            part.SetChildText("parent_addr", address);
            if (part.Child("iommuGroup") is null)
                part.Add("iommuGroup")["number"] = "0";
        });
    }

    /// <summary>The parent must offer the type, and have instances of it left.</summary>
    private void CheckAvailable(NodeDeviceDocument document)
    {
        string type = document.Mediated!.Child("type")!["id"]!;
        int used = All.Values.Count(one => one.IsActive && one.IsMediated && one.Document.Parent == document.Parent && one.Document.Mediated!.Child("type")!["id"] == type);
        (string Id, uint Available)[] offered = [.. Get(document.Parent!).Document.MediatedTypes.Where(one => one.Id == type)];
        if (offered.Length == 0)
            throw VirException.Internal(ErrorDomain.Nodedev, $"Unable to start mediated device: Parent {document.Parent} does not support mdev type {type}");
        if (used >= offered[0].Available)
            throw VirException.Internal(ErrorDomain.Nodedev, $"Unable to start mediated device: No available instances of {type}");
    }

    private static void CheckSame(NodeDeviceDocument device, NodeDeviceDocument wanted)
    {
        string? type = wanted.Mediated!.Child("type")?["id"], uuid = wanted.Mediated.ChildText("uuid");
        string? fault = type != device.Mediated!.Child("type")!["id"] ? "type"
            : uuid is not null && uuid != device.Mediated.ChildText("uuid") ? "uuid"
            : wanted.Parent is { } parent && parent != device.Parent ? "parent"
            : null;
        if (fault is not null)
            throw VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Nodedev, $"changing the {fault} of node device '{device.Name}' is not supported");
    }

    private void Set(TestNodeDevice device) => Publish(All.SetItem(device.Document.Name, device));

    private void Raise(TestNodeDevice device, NodeDeviceEventLifecycleType? type)
    {
        if (type is { } known)
            Raise(device.Document.Name, known);
    }

    private static VirException Unsupported() => VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Nodedev, "Unsupported device type");

    private static VirException Invalid(string detail) => VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Nodedev, detail);
}
