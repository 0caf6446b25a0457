using System.Globalization;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>The names by which a running domain's devices are addressed, as QEMU's driver makes them. They are never part of a configuration.</summary>
internal static class DeviceAliases
{
    /// <summary>Names every device that has no name yet; a new one of a numbered kind comes after the highest number of its kind.</summary>
    public static void Assign(Node devices)
    {
        Dictionary<string, int> next = new(StringComparer.Ordinal);
        foreach (Node device in devices.ChildList)
        {
            if (device.Child("alias")?["name"] is { } name && PrefixOf(device) is { } prefix && name.StartsWith(prefix, StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                next[prefix] = Math.Max(next.GetValueOrDefault(prefix), number + 1);
            }
        }

        Node? firstPort = devices.Child("serial");
        Node? firstConsole = devices.Child("console");
        foreach (Node device in devices.ChildList)
        {
            if (device.Child("alias") is not null)
                continue;
            // The first console may be the first serial port under another name.
            string? name = device == firstConsole && firstPort is not null && device.Child("target")?["type"] == "serial"
                ? firstPort.Child("alias")?["name"]
                : NameOf(device, devices, next);
            if (name is null)
                continue;
            Node alias = device.Add("alias");
            alias["name"] = name;
            alias.Show = Show.Live;
        }
    }

    private static string? NameOf(Node device, Node devices, Dictionary<string, int> next)
    {
        switch (device.Name)
        {
            case "disk":
                return NameOfDisk(device, devices);
            case "controller":
                return NameOfController(device);
            default:
                if (PrefixOf(device) is not { } prefix)
                    return null;
                int number = next.GetValueOrDefault(prefix);
                next[prefix] = number + 1;
                return prefix + ToText((ulong)number);
        }
    }

    private static string NameOfDisk(Node disk, Node devices)
    {
        Node target = disk.Child("target")!;
        string bus = target["bus"] ?? "disk";
        if (DeviceRules.AddressOf(disk, "drive") is not { } place)
            return $"{bus}-disk{DiskName.ToIndex(target["dev"])}";
        bool hasTarget = bus == "scsi"
            && devices.All("controller").FirstOrDefault(one => one["type"] == "scsi" && one["index"] == place["controller"])?["model"] != "lsilogic";
        return $"{bus}{place["controller"]}-{place["bus"]}-{(hasTarget ? place["target"] + "-" : "")}{place["unit"]}";
    }

    private static string NameOfController(Node controller) => (controller["type"], controller["index"], controller["model"]) switch
    {
        ("pci", var index, "pcie-root") => $"pcie.{index}",
        ("pci", var index, _) => $"pci.{index}",
        ("usb" or "ide", "0", _) => controller["type"]!,
        var (type, index, _) => type + index,
    };

    /// <summary>What stands before the number in names of that kind of device; null where it has no such name.</summary>
    private static string? PrefixOf(Node device) => device.Name switch
    {
        "interface" => device["type"] == "hostdev" ? "hostdev" : "net",
        "filesystem" => "fs",
        "redirdev" => "redir",
        "memballoon" => "balloon",
        "memory" => device["model"] switch { "virtio-mem" => "virtiomem", "virtio-pmem" => "virtiopmem", "sgx-epc" => "epc", var model => model },
        "serial" or "parallel" or "console" or "channel" or "smartcard" or "input" or "tpm" or "sound" or "video" or "hostdev" or "hub"
            or "watchdog" or "rng" or "panic" or "shmem" or "iommu" or "vsock" => device.Name,
        _ => null,
    };
}
