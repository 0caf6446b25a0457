namespace Libvirtd.Documents;

/// <summary>Upstream's validation of a device of the host.</summary>
internal static class HostDeviceChecks
{
    public static void Apply(Node device, Whole whole)
    {
        string? type = device["mode"] == "subsystem" ? device["type"] : null;
        string? address = DeviceChecks.AddressType(device);
        switch (type)
        {
            case "pci" when address is not (null or "unassigned" or "pci"):
                throw whole.Internal("PCI host devices must use 'pci' or 'unassigned' address type");
            case "scsi" when address is not (null or "drive"):
                throw whole.Unsupported("SCSI host device must use 'drive' address type");
            case "scsi" when device["sgio"] == "unfiltered":
                throw whole.Unsupported("unfiltered sgio is no longer supported");
            case "scsi_host" when address is not (null or "pci" or "ccw"):
                throw whole.Unsupported("SCSI_host host device must use 'pci' or 'ccw' address type");
            case "usb" when address is not (null or "usb"):
                throw whole.Unsupported("USB host device must use 'usb' address type");
            default:
                break;
        }

        if (device.Child("teaming") is not { } teaming)
            return;
        if (teaming["type"] != "transient")
            throw whole.Unsupported("teaming hostdev devices must have type='transient'");
        if (!teaming.Has("persistent"))
            throw whole.Unsupported("missing required persistent attribute in hostdev teaming element");
        if (type != "pci")
            throw whole.Unsupported("teaming is only supported for pci hostdev devices");
    }

    /// <summary>No two of them are the same device, and only one of them draws the boot screen.</summary>
    public static void CheckAll(Whole whole)
    {
        Node[] devices = [.. whole.Devices.All("hostdev")];
        bool ramfb = false;
        for (int i = 0; i < devices.Length; i++)
        {
            for (int other = i + 1; other < devices.Length; other++)
            {
                if (IsSame(devices[i], devices[other]))
                    throw whole.Xml("Hostdev already exists in the domain configuration");
            }

            if (devices[i]["ramfb"] != "on")
                continue;
            if (ramfb)
                throw whole.Unsupported("Only one vgpu device can have 'ramfb' enabled");
            ramfb = true;
        }
    }

    private static bool IsSame(Node one, Node other)
    {
        if (one["mode"] != other["mode"] || one["type"] != other["type"])
            return false;
        if (one["mode"] == "capabilities")
            return one.Child("source")?.ChildList is [{ } name] && other.Child("source")?.ChildList is [{ } same] && name.Text == same.Text;
        Node? source = one.Child("source"), second = other.Child("source");
        if (source is null || second is null)
            return false;
        return one["type"] switch
        {
            "usb" => IsSameUsb(source, second),
            "scsi" when source["protocol"] != second["protocol"] => false,
            "scsi" when source.Has("protocol") => source["name"] == second["name"] && source.Child("host")?["name"] == second.Child("host")?["name"],
            "scsi" => SameAttributes(source.Child("adapter"), second.Child("adapter")) && SameAttributes(source.Child("address"), second.Child("address")),
            "scsi_host" => source["wwpn"] == second["wwpn"],
            _ => SameAttributes(source.Child("address"), second.Child("address")),
        };
    }

    /// <summary>By bus and device where both say it, and by product.</summary>
    private static bool IsSameUsb(Node one, Node other)
    {
        Node? address = one.Child("address"), second = other.Child("address");
        if (address is not null && second is not null)
            return SameAttributes(address, second);
        return address is null && second is null && SameAttributes(one.Child("vendor"), other.Child("vendor"))
            && SameAttributes(one.Child("product"), other.Child("product"));
    }

    private static bool SameAttributes(Node? one, Node? other) =>
        one is not null && other is not null && one.Attributes.SequenceEqual(other.Attributes);
}
