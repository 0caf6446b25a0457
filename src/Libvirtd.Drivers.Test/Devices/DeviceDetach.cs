using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.DeviceDescription;

namespace Libvirtd.Drivers.Test;

/// <summary>Which devices can be taken from a domain; the rules are those of QEMU's driver.</summary>
internal static class DeviceDetach
{
    /// <summary>A configuration without the device that is meant.</summary>
    public static DomainDocument FromConfig(DomainDocument domain, DeviceDescription device)
    {
        if (device.Kind is not ("disk" or "interface" or "sound" or "hostdev" or "lease" or "controller" or "filesystem" or "rng" or "memory"
            or "redirdev" or "shmem" or "watchdog" or "input" or "vsock") && !device.IsCharacter)
        {
            throw Error(ErrorCode.OperationUnsupported, $"persistent detach of device '{device.KindInErrors}' is not supported");
        }

        if (device.Kind == "console" && device.Node.Child("target")?["type"] is null or "serial")
            throw Error(ErrorCode.OperationInvalid, "detaching serial console is not supported");
        return Without(domain, device.FindIn(domain) ?? throw MissingInConfig(device));
    }

    /// <summary>A running domain's definition without the device that is meant, and the device itself.</summary>
    /// <param name="domain">The running domain; its devices have aliases.</param>
    /// <param name="device">The device that is meant.</param>
    public static (DomainDocument Domain, Node Device) FromRunning(DomainDocument domain, DeviceDescription device)
    {
        if (device.Kind is not ("disk" or "interface" or "hostdev" or "lease" or "controller" or "filesystem" or "rng" or "memory" or "redirdev"
            or "shmem" or "watchdog" or "input" or "vsock") && !device.IsCharacter)
        {
            throw Error(ErrorCode.OperationUnsupported, $"live detach of device '{device.KindInErrors}' is not supported");
        }

        if (device.Kind == "controller" && device.Node["type"] != "scsi")
            throw Error(ErrorCode.OperationUnsupported, $"'{device.Node["type"]}' controller cannot be hot unplugged.");
        Node found = device.FindIn(domain) ?? throw MissingInRunning(device);
        RequireUnplug(domain, found);
        return (Without(domain, found), found);
    }

    private static DomainDocument Without(DomainDocument domain, Node device)
    {
        if (device.Name == "memory")
            return DeviceMemory.Without(domain, device);
        // The first console may be the first serial port under another name: it goes with it.
        Node? console = domain.Devices.FirstOrDefault(static one => one.Name == "console");
        bool isPaired = device.Name == "serial" && console?.Child("target")?["type"] == "serial"
            && ReferenceEquals(device, domain.Devices.First(static one => one.Name == "serial"));
        return isPaired ? Without(domain, [console!, device]) : domain.WithoutDevice(device);
    }

    private static DomainDocument Without(DomainDocument domain, Node[] gone)
    {
        int[] places = [.. domain.Devices.Select(static (one, place) => (one, place)).Where(pair => gone.Contains(pair.one)).Select(static pair => pair.place)];
        return domain.With(root =>
        {
            Node devices = root.Child("devices")!;
            for (int i = places.Length - 1; i >= 0; i--)
                devices.Remove(devices.Children[places[i]]);
        });
    }

    private static void RequireUnplug(DomainDocument domain, Node device)
    {
        string? refusal = device.Name switch
        {
            "disk" => RefusalOfDisk(new DomainDisk(device)),
            "console" when domain.OsType == "hvm" && device.Child("target")?["type"] is null or "serial" =>
                "detaching of <console/> is unsupported. Try corresponding <serial/> instead",
            "watchdog" when device["model"] != "i6300esb" => $"hot unplug of watchdog of model {device["model"]} is not supported",
            "shmem" when device.Child("model")?["type"] is null or "ivshmem" => "live detach of shmem model 'ivshmem' is not supported",
            "input" when device["bus"] is not ("usb" or "virtio") => $"input device on bus '{device["bus"]}' cannot be detached",
            "filesystem" when device.Child("driver")?["type"] != "virtiofs" => "only virtiofs filesystems can be hotplugged",
            _ => null,
        };
        if (refusal is not null)
            throw Error(ErrorCode.OperationUnsupported, refusal);
        if (device.Name == "controller" && domain.Devices.Any(one => HangsOn(one, device["index"])))
            throw Error(ErrorCode.OperationFailed, "device cannot be detached: device is busy");
        if (device.Name == "hostdev" && device["mode"] != "subsystem")
            throw Error(ErrorCode.ConfigUnsupported, $"hot unplug is not supported for hostdev mode '{device["mode"]}'");
    }

    private static bool HangsOn(Node device, string? controller) => device.Child("address") is { } place && place["type"] == "drive"
        && place["controller"] == controller
        && (device.Name == "disk" ? device.Child("target")?["bus"] == "scsi" : device.Name == "hostdev" && device["type"] == "scsi");

    private static string? RefusalOfDisk(DomainDisk disk) => disk.Device switch
    {
        "disk" or "lun" => disk.Bus is "virtio" or "usb" or "scsi" ? null : "This type of disk cannot be hot unplugged",
        "cdrom" when disk.Bus is "usb" or "scsi" => null,
        _ => $"disk device type '{disk.Device}' cannot be detached",
    };

    private static VirException MissingInConfig(DeviceDescription device)
    {
        if (device.IsCharacter)
            return Error(ErrorCode.InvalidArg, "device not present in domain configuration");
        return device.Kind switch
        {
            "disk" => Missing($"no target device {device.Target}"),
            "lease" => Missing($"{device.LeaseText} does not exist"),
            "filesystem" => Missing("no matching filesystem device was found"),
            "rng" => Missing("no matching RNG device was found"),
            "memory" => Missing("matching memory device was not found"),
            "redirdev" => Missing("no matching redirdev was not found"),
            "shmem" => Missing("matching shmem device was not found"),
            "watchdog" => Missing("no matching watchdog was found"),
            "input" => Missing("matching input device not found"),
            "vsock" => Error(ErrorCode.OperationFailed, "matching vsock device not found"),
            _ => Missing("device not present in domain configuration"),
        };
    }

    private static VirException MissingInRunning(DeviceDescription device)
    {
        Node node = device.Node;
        if (device.IsCharacter)
            return Missing($"chr type '{device.Kind}' device not present in domain configuration");
        return device.Kind switch
        {
            "disk" => Missing($"disk {device.Target} not found"),
            "controller" => Missing($"controller {node["type"]}:{node["index"] ?? "-1"} not found"),
            "lease" => Error(ErrorCode.InvalidArg, $"{device.LeaseText} does not exist"),
            "filesystem" => Missing("matching filesystem not found"),
            "rng" => Missing($"model '{node.Child("backend")?["model"]}' RNG device not present in domain configuration"),
            "memory" => Missing($"model '{node["model"]}' memory device not present in the domain configuration"),
            "redirdev" => Error(ErrorCode.OperationInvalid, "no matching redirdev was not found"),
            "shmem" => Missing($"model '{node.Child("model")?["type"] ?? "ivshmem"}' shmem device not present in domain configuration"),
            "watchdog" => Error(ErrorCode.OperationInvalid, "no matching watchdog was found"),
            "input" => Missing("matching input device not found"),
            "vsock" => Missing("matching vsock device not found"),
            _ => Missing(HostDeviceText(node)),
        };
    }

    private static string HostDeviceText(Node device)
    {
        Node? source = device.Child("source");
        Node? address = source?.Child("address");
        return device["type"] switch
        {
            "pci" => $"host pci device {Hex(address?["domain"])}:{Hex(address?["bus"])}:{Hex(address?["slot"])}.{Hex(address?["function"])} not found",
            "usb" when address is not null => $"host usb device {address["bus"]?.PadLeft(3, '0')}.{address["device"]?.PadLeft(3, '0')} not found",
            "usb" => $"host usb device vendor={source?.Child("vendor")?["id"]} product={source?.Child("product")?["id"]} not found",
            "mdev" => $"mediated device '{address?["uuid"]}' not found",
            _ => "device not present in domain configuration",
        };
    }

    private static string? Hex(string? number) => number?.Replace("0x", "", StringComparison.Ordinal);

    private static VirException Missing(string detail) => Error(ErrorCode.DeviceMissing, detail);
}
