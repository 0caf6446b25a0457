namespace Libvirtd.Documents;

/// <summary>Upstream's validation of a network interface.</summary>
internal static class InterfaceChecks
{
    public static void Apply(Node device, Whole whole)
    {
        string type = device["type"]!;
        string mac = device.Child("mac")!["address"]!;
        bool isVirtio = device.Child("model")?["type"] is "virtio" or "virtio-transitional" or "virtio-non-transitional";
        if (type != "ethernet" && (device.Child("source")?.Child("ip") ?? device.Child("source")?.Child("route")) is not null)
        {
            throw whole.Unsupported($"Invalid attempt to set network interface host-side IP route and/or address info on interface of type '{type}'. "
                + "This is only supported on interfaces of type 'ethernet'");
        }

        if (type != "ethernet" && device.Child("target")?["managed"] == "no")
            throw whole.Unsupported($"unmanaged target dev is not supported on interfaces of type '{type}'");
        CheckTeaming(device.Child("teaming"), whole);
        if (device.Child("port")?["isolated"] == "yes")
        {
            if (type is not ("network" or "bridge"))
                throw whole.Unsupported($"interface {mac} - <port isolated='yes'/> is not supported for network interfaces with type='{type}'");
            if (device.Child("virtualport")?["type"] is { } port)
                throw whole.Unsupported($"interface {mac} - <port isolated='yes'/> is not supported for network interfaces with virtualport type='{port}'");
        }

        if (!isVirtio)
            DeviceChecks.NoVirtioOptions(device.Child("driver"), whole);
        NewerChecks.Interface(device, whole);
        if (type != "vhostuser")
            return;
        if (!isVirtio)
        {
            throw whole.Internal("Wrong or no <model> 'type' attribute specified with <interface type='vhostuser'/>. "
                + "vhostuser requires the virtio-net* frontend");
        }

        Node? source = device.Child("source");
        if (source?["mode"] == "server" && source.Child("reconnect")?["enabled"] == "yes")
            throw whole.Unsupported("'reconnect' attribute unsupported 'server' mode for <interface type='vhostuser'>");
    }

    private static void CheckTeaming(Node? teaming, Whole whole)
    {
        if (teaming is null)
            return;
        if (teaming["type"] == "transient" && !teaming.Has("persistent"))
            throw whole.Unsupported("teaming persistent attribute must be set if teaming type is 'transient'");
        if (teaming["type"] == "persistent" && teaming.Has("persistent"))
            throw whole.Unsupported("teaming persistent attribute not allowed if teaming type is 'persistent'");
    }
}
