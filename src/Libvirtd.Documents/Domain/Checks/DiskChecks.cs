using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Upstream's validation of a disk and of its chain of sources.</summary>
internal static class DiskChecks
{
    private static readonly string[] s_hardDiskNames = ["hd", "sd", "vd", "xvd", "ubd"];

    /// <summary>What a disk behind vhost-user cannot have, in the order in which upstream looks: where it stands, and what the error calls it.</summary>
    private static readonly (string? Element, string? Attribute, string Name)[] s_notVhostUser =
    [
        ("driver", "cache", "cache"), ("driver", "error_policy", "error_policy"), ("driver", "rerror_policy", "error_policy"), ("driver", "io", "io"),
        ("driver", "ioeventfd", "ioeventfd"), ("driver", "copy_on_read", "copy_on_read"), ("driver", "discard", "discard"),
        ("driver", "iothread", "iothread"), ("driver", "detect_zeroes", "detect_zeroes"), ("iotune", null, "iotune"),
        ("backingStore", null, "backingStore"), ("encryption", null, "encryption"), ("readonly", null, "readonly"), ("shareable", null, "shareable"),
        ("transient", null, "transient"), ("serial", null, "serial"), ("wwn", null, "wwn"), ("vendor", null, "vendor"), ("product", null, "product"),
        ("auth", null, "auth"), ("geometry", null, "geometry"), ("blockio", null, "blockio"),
    ];

    public static void Apply(Node disk, Whole whole)
    {
        Node target = disk.Child("target")!;
        string device = disk["device"]!;
        string name = target["dev"]!;
        CheckChain(disk, whole);
        CheckDevice(disk, device, whole);
        CheckIotune(disk.Child("iotune"), whole);
        CheckBus(disk, target, name, whole);
        if (disk["type"] == "nvme" && disk.Child("source")?["namespace"] == "0")
            throw whole.Unsupported("NVMe namespace can't be zero");
        if (disk["type"] == "vhostuser")
            CheckVhostUser(disk, target, whole);
        for (Node? link = disk; link is not null; link = link.Child("backingStore"))
            DeviceChecks.Labels(link.Child("source"), whole);
        CheckWords(disk, whole);
        CheckNames(disk, target, device, name, whole);
        NewerChecks.Disk(disk, whole);
    }

    private static void CheckChain(Node disk, Whole whole)
    {
        for (Node? link = disk; link is not null; link = link.Child("backingStore"))
        {
            Node? source = link.Child("source");
            if (link["type"] == "network" && (source?.Child("auth") ?? (link == disk ? disk.Child("auth") : null)) is { } auth)
                CheckAuth(source?["protocol"], auth, whole);
            Node? encryption = source?.Child("encryption") ?? (link == disk ? disk.Child("encryption") : null);
            if (encryption?["format"] == "luks" && encryption.Child("cipher") is not null)
                throw whole.Unsupported("supplying <cipher> for domain disk definition is unnecessary");
        }
    }

    private static void CheckAuth(string? protocol, Node auth, Whole whole)
    {
        if (protocol is "nbd" or "sheepdog" or "gluster" or "tftp" or "vxhs" or "nfs")
            throw whole.Unsupported($"authentication is not supported for protocol '{protocol}'");
        string? type = auth.Child("secret")?["type"];
        if (type is not ("none" or "volume" or "ceph" or "iscsi" or "tls" or "vtpm"))
            throw whole.Unsupported($"unknown secret type '{type ?? "<null>"}'");
        if ((protocol == "iscsi" && type != "iscsi") || (protocol == "rbd" && type != "ceph"))
            throw whole.Unsupported($"invalid secret type '{type}'");
    }

    private static void CheckDevice(Node disk, string device, Whole whole)
    {
        Node? source = disk.Child("source");
        if (disk["sgio"] == "unfiltered")
            throw whole.Unsupported("unfiltered sgio is no longer supported");
        if (device != "lun")
        {
            if (source?.Child("reservations") is not null)
                throw whole.Unsupported("<reservations/> allowed only for lun devices");
            if (disk.Has("rawio"))
                throw whole.Unsupported("rawio can be used only with device='lun'");
            if (disk.Has("sgio"))
                throw whole.Unsupported("sgio can be used only with device='lun'");
            return;
        }

        if (disk["type"] == "network" && source?["protocol"] is not "iscsi")
            throw whole.Unsupported($"disk device='lun' is not supported for protocol='{source?["protocol"]}'");
        if (disk["type"] is not ("block" or "network" or "volume") || source is null)
            throw whole.Unsupported("disk device='lun' is only valid for block type disk source");
        if (disk.Child("driver")?["type"] is not (null or "raw"))
            throw whole.Unsupported("disk device 'lun' must use 'raw' format");
        if (source?.Child("slices") is not null)
            throw whole.Unsupported("disk device 'lun' doesn't support storage slice");
        if ((source?.Child("encryption") ?? disk.Child("encryption"))?["format"] is not (null or "default"))
            throw whole.Unsupported("disk device 'lun' doesn't support encryption");
    }

    /// <summary>A total and its parts exclude each other.</summary>
    private static void CheckIotune(Node? tune, Whole whole)
    {
        foreach (string suffix in (ReadOnlySpan<string>)["bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max"])
        {
            bool total = tune?.Child("total_" + suffix) is not null;
            bool part = tune?.Child("read_" + suffix) is not null || tune?.Child("write_" + suffix) is not null;
            if (total && part)
                throw whole.Xml($"total and read/write {suffix} cannot be set at the same time");
        }
    }

    private static void CheckBus(Node disk, Node target, string name, Whole whole)
    {
        string? bus = target["bus"];
        Node? driver = disk.Child("driver");
        if (bus is "ide" or "fdc" or "scsi" or "sata" && DeviceChecks.AddressType(disk) is { } address and not "drive")
            throw whole.Unsupported($"Invalid address type '{address}' for the disk '{name}' with the bus type '{bus}'");
        if (bus == "virtio")
            return;
        if (disk["model"] is { } model)
            throw whole.Unsupported($"disk model '{model}' not supported for bus '{bus}'");
        if (driver?["queues"] is not null)
            throw whole.Unsupported("queues attribute in disk driver element is only supported by virtio-blk");
        if (driver?["queue_size"] is not null)
            throw whole.Unsupported("queue_size attribute in disk driver is only supported for virtio bus");
        if (driver?["event_idx"] is not null)
            throw whole.Unsupported("disk event_idx mode supported only for virtio bus");
        if (driver?["ioeventfd"] is not null)
            throw whole.Unsupported("disk ioeventfd mode supported only for virtio bus");
        DeviceChecks.NoVirtioOptions(driver, whole);
    }

    private static void CheckVhostUser(Node disk, Node target, Whole whole)
    {
        if (target["bus"] != "virtio")
            throw whole.Unsupported("vhostuser disk supports only virtio bus");
        if (disk["snapshot"] is not (null or "no"))
            throw whole.Unsupported("only snapshot=no is supported with vhostuser disk");
        foreach ((string? element, string? attribute, string name) in s_notVhostUser)
        {
            if (disk.Child(element!) is { } found && (attribute is null || found.Has(attribute)))
                throw whole.Unsupported($"{name} is not supported with vhostuser disk");
        }
    }

    private static void CheckWords(Node disk, Whole whole)
    {
        if (disk.Child("target")!.Has("tray") && disk["device"] is not ("floppy" or "cdrom"))
            throw whole.Unsupported("tray is only valid for cdrom and floppy");
        if (disk.ChildText("vendor") is { } vendor)
        {
            if (!DocumentText.IsPrintable(vendor))
                throw whole.Xml("disk vendor is not printable string");
            if (vendor.Length > 8)
                throw whole.Unsupported("disk vendor is more than 8 characters");
        }

        if (disk.ChildText("product") is { } product)
        {
            if (!DocumentText.IsPrintable(product))
                throw whole.Xml("disk product is not printable string");
            if (product.Length > 16)
                throw whole.Unsupported("disk product is more than 16 characters");
        }
    }

    private static void CheckNames(Node disk, Node target, string device, string name, Whole whole)
    {
        string? bus = target["bus"];
        if (device == "floppy" && bus != "fdc")
            throw whole.Internal($"Invalid bus type '{bus}' for floppy disk");
        if (device != "floppy" && bus == "fdc")
            throw whole.Internal($"Invalid bus type '{bus}' for disk");
        if (target.Has("removable") && bus is not ("usb" or "scsi"))
            throw whole.Xml("removable is only valid for usb disks");
        if (disk.Child("source")?["startupPolicy"] is { } policy)
        {
            if (disk["type"] is not ("file" or "block" or "dir" or "volume"))
                throw whole.Xml($"disk startupPolicy '{policy}' is not allowed for disk of '{disk["type"]}' type");
            if (policy == "requisite" && device is not ("cdrom" or "floppy"))
                throw whole.Xml("disk startupPolicy 'requisite' is allowed only for cdrom or floppy");
        }

        if (disk.ChildText("wwn") is { } wwn && (wwn.Length != 16 || !wwn.All(char.IsAsciiHexDigit)))
            throw Fault.Internal(ErrorDomain.None, $"Malformed wwn: {wwn}");
        if (device is "disk" or "lun" && !s_hardDiskNames.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
            throw whole.Internal($"Invalid harddisk device name: {name}");
        if (device == "floppy" && !name.StartsWith("fd", StringComparison.Ordinal))
            throw whole.Internal($"Invalid floppy device name: {name}");
        if (device == "disk" && IsEmpty(disk))
            throw VirException.Of(ErrorCode.NoSource, whole.Error, name);
    }

    /// <summary>A disk without anything behind it; only drives with removable media may be that.</summary>
    private static bool IsEmpty(Node disk)
    {
        Node? source = disk.Child("source");
        return disk["type"] switch
        {
            "network" => source?["protocol"] is null,
            "volume" => source?["pool"] is null,
            "nvme" or "vhostuser" => source is null,
            _ => DiskRules.SourceOf(disk) == DiskRules.NoSource && source?["fdgroup"] is null,
        };
    }
}
