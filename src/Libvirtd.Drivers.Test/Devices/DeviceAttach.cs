using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.DeviceDescription;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// Which devices can be added to a domain. The rules are those of QEMU's driver: upstream's test driver adds none, and who tests a program
/// wants the answers of the real thing.
/// </summary>
internal static class DeviceAttach
{
    /// <summary>A configuration with one device more.</summary>
    public static DomainDocument ToConfig(DomainDocument domain, DeviceDescription device, DomainParseOptions options)
    {
        RequireCompatible(domain, device);
        RequireKnownInConfig(device);
        RequireNewInConfig(domain, device);
        return Add(domain, device, options);
    }

    /// <summary>A running domain's definition with one device more; all its devices have aliases.</summary>
    public static DomainDocument ToRunning(DomainDocument domain, DeviceDescription device, DomainParseOptions options)
    {
        RequireCompatible(domain, device);
        RequireHotplug(device);
        RequireNewInRunning(domain, device);
        return Add(domain.WithAliases(), device, options).WithAliases();
    }

    /// <summary>A drive with a removable medium that is there already gets the medium instead.</summary>
    public static Node? DriveFor(DomainDocument domain, DeviceDescription device) =>
        device.Kind == "disk" && device.Node["device"] is "cdrom" or "floppy" ? domain.FindDevice(device.Node) : null;

    private static DomainDocument Add(DomainDocument domain, DeviceDescription device, DomainParseOptions options)
    {
        if (device.Kind == "memory")
        {
            ulong size = DeviceMemory.SizeOf(device.Node);
            domain = domain.WithMaxMemory(domain.MaxMemoryKiB + size).WithCurrentMemory(domain.CurrentMemoryKiB + size);
        }

        return domain.WithDevice(device.Node, options);
    }

    private static void RequireCompatible(DomainDocument domain, DeviceDescription device)
    {
        if (IsUsb(device) && domain.Devices.Any(static one => one.Name == "controller" && one["type"] == "usb" && one["model"] == "none"))
            throw Error(ErrorCode.ConfigUnsupported, "Device configuration is not compatible: Domain has no USB bus support");
        if (device.Node.Child("boot")?["order"] is { } order)
        {
            if (domain.Root.Find("os", "boot") is not null)
                throw Error(ErrorCode.ConfigUnsupported, "per-device boot elements cannot be used together with os/boot elements");
            if (domain.Devices.Any(one => one.Child("boot")?["order"] == order))
                throw Error(ErrorCode.ConfigUnsupported, $"boot order {order} is already used by another device");
        }

        if (device.Kind == "memory")
            DeviceMemory.RequireRoom(domain, device.Node);
    }

    private static bool IsUsb(DeviceDescription device) => device.Kind switch
    {
        "disk" => device.Node.Child("target")?["bus"] == "usb",
        "input" or "redirdev" => device.Node["bus"] == "usb",
        "hostdev" => device.Node["mode"] == "subsystem" && device.Node["type"] == "usb",
        "hub" => device.Node["type"] == "usb",
        _ => false,
    };

    private static void RequireKnownInConfig(DeviceDescription device)
    {
        if (device.Kind is not ("disk" or "interface" or "sound" or "hostdev" or "lease" or "controller" or "filesystem" or "rng" or "memory"
            or "redirdev" or "shmem" or "watchdog" or "input" or "vsock") && !device.IsCharacter)
        {
            throw Error(ErrorCode.OperationUnsupported, $"persistent attach of device '{device.KindInErrors}' is not supported");
        }
    }

    private static void RequireNewInConfig(DomainDocument domain, DeviceDescription device)
    {
        if (device.IsCharacter)
        {
            RequireNewPort(domain, device);
            return;
        }

        switch (device.Kind)
        {
            case "disk" when device.Target is not null && domain.FindDevice(device.Node) is not null:
                throw Error(ErrorCode.OperationInvalid, $"target {device.Target} already exists");
            case "hostdev" or "shmem" or "watchdog" when domain.FindDevice(device.Node) is not null:
                throw Error(ErrorCode.OperationInvalid, "device is already in the domain configuration");
            case "watchdog" when device.Node["model"] != "i6300esb" && Has(domain, "watchdog", "model", device.Node["model"]):
                throw Error(ErrorCode.OperationInvalid, $"domain can only have one watchdog with model '{device.Node["model"]}'");
            case "lease" when domain.FindDevice(device.Node) is not null:
                throw Error(ErrorCode.OperationInvalid, $"{device.LeaseText} already exists");
            case "controller" when device.Node.Has("index") && domain.FindDevice(device.Node) is not null:
                throw Error(ErrorCode.OperationInvalid, $"controller index='{device.Node["index"]}' already exists");
            case "filesystem" when domain.FindDevice(device.Node) is not null:
                throw Error(ErrorCode.OperationInvalid, "Target already exists");
            case "vsock" when domain.Devices.Any(static one => one.Name == "vsock"):
                throw Error(ErrorCode.OperationInvalid, "domain already has a vsock device");
            default:
                break;
        }
    }

    /// <summary>What QEMU cannot plug into a guest that runs.</summary>
    private static void RequireHotplug(DeviceDescription device)
    {
        Node node = device.Node;
        string? refusal = device.Kind switch
        {
            "disk" => RefusalOfDisk(node),
            "controller" => node["type"] == "scsi" ? null : $"'{node["type"]}' controller cannot be hot plugged.",
            "input" => node["bus"] is "usb" or "virtio" ? null : $"input device on bus '{node["bus"] ?? "default"}' cannot be hot plugged.",
            "watchdog" => node["model"] == "i6300esb" ? null : $"hotplug of watchdog model '{node["model"]}' is not supported",
            "shmem" => node.Child("model")?["type"] is "ivshmem-plain" or "ivshmem-doorbell"
                ? null
                : $"live attach of shmem model '{node.Child("model")?["type"] ?? "ivshmem"}' is not supported",
            "filesystem" => node.Child("driver")?["type"] == "virtiofs" ? null : "only virtiofs filesystems can be hotplugged",
            "console" => node.Child("target")?["type"] is null or "serial" ? "attaching serial console is not supported" : null,
            "interface" or "hostdev" or "lease" or "rng" or "memory" or "redirdev" or "vsock" or "serial" or "parallel" or "channel" => null,
            _ => $"live attach of device '{device.KindInErrors}' is not supported",
        };
        if (refusal is not null)
            throw Error(ErrorCode.OperationUnsupported, refusal);
        if (device.Kind == "hostdev" && node["mode"] != "subsystem")
            throw Error(ErrorCode.ConfigUnsupported, $"hotplug is not supported for hostdev mode '{node["mode"]}'");
    }

    private static string? RefusalOfDisk(Node disk)
    {
        string bus = disk.Child("target")?["bus"] ?? BusOf(disk);
        return disk["device"] == "floppy" ? "floppy device hotplug isn't supported"
            : disk["device"] == "cdrom" && bus == "virtio" ? "cdrom device with virtio bus isn't supported"
            : bus is "usb" or "virtio" or "scsi" ? null
            : $"disk bus '{bus}' cannot be hotplugged.";
    }

    /// <summary>The bus that a disk's name means where nothing else is said.</summary>
    private static string BusOf(Node disk) => disk.Child("target")?["dev"] switch
    {
        ['s', 'd', ..] => "scsi",
        ['v', 'd', ..] => "virtio",
        ['x', 'v', 'd', ..] => "xen",
        ['u', 'b', 'd', ..] => "uml",
        _ => "ide",
    };

    private static void RequireNewInRunning(DomainDocument domain, DeviceDescription device)
    {
        if (device.IsCharacter)
        {
            RequireNewPort(domain, device);
            return;
        }

        switch (device.Kind)
        {
            case "controller" when device.Node.Has("index") && domain.FindDevice(device.Node) is not null:
                throw Error(ErrorCode.OperationFailed, $"target {device.Node["type"]}:{device.Node["index"]} already exists");
            case "hostdev" when domain.FindDevice(device.Node) is not null:
                throw Error(ErrorCode.OperationFailed, "target host device is already in use by this domain");
            case "lease" when domain.FindDevice(device.Node) is not null:
                throw Error(ErrorCode.OperationInvalid, $"{device.LeaseText} already exists");
            case "vsock" when domain.Devices.Any(static one => one.Name == "vsock"):
                throw Error(ErrorCode.OperationUnsupported, "the domain already has a vsock device");
            default:
                break;
        }
    }

    private static void RequireNewPort(DomainDocument domain, DeviceDescription device)
    {
        Node? target = device.Node.Child("target");
        if (device.Kind == "console" && target?["type"] is null or "serial")
            throw Error(ErrorCode.OperationUnsupported, "attaching serial console is not supported");
        // A port without a number gets one that is free; channels are told apart by their names.
        bool isNamed = device.Kind == "channel" ? target?["name"] is not null : target?["port"] is not null;
        if (isNamed && domain.Devices.Any(one => one.Name == device.Kind && one.Child("target") is { } own && own["type"] == target!["type"]
            && own["name"] == target["name"] && own["port"] == target["port"] && own["address"] == target["address"]))
        {
            throw Error(ErrorCode.OperationInvalid, "chardev already exists");
        }
    }

    private static bool Has(DomainDocument domain, string kind, string attribute, string? value) =>
        domain.Devices.Any(one => one.Name == kind && one[attribute] == value);
}
