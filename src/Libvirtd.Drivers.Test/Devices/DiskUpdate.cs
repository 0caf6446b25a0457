using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.DeviceDescription;

namespace Libvirtd.Drivers.Test;

/// <summary>What can be changed of a running guest's disk: the medium of a removable drive, and what only the host knows of.</summary>
internal static class DiskUpdate
{
    /// <summary>Fields of a disk that a guest sees: where each stands, and what upstream calls it.</summary>
    private static readonly (string Child, string? Attribute, string Field)[] s_fixed =
    [
        ("target", "tray", "tray"), ("target", "removable", "removable"),
        ("iotune/total_bytes_sec", null, "blkdeviotune total_bytes_sec"), ("iotune/read_bytes_sec", null, "blkdeviotune read_bytes_sec"),
        ("iotune/write_bytes_sec", null, "blkdeviotune write_bytes_sec"), ("iotune/total_iops_sec", null, "blkdeviotune total_iops_sec"),
        ("iotune/read_iops_sec", null, "blkdeviotune read_iops_sec"), ("iotune/write_iops_sec", null, "blkdeviotune write_iops_sec"),
        ("iotune/total_bytes_sec_max", null, "blkdeviotune total_bytes_sec_max"), ("iotune/read_bytes_sec_max", null, "blkdeviotune read_bytes_sec_max"),
        ("iotune/write_bytes_sec_max", null, "blkdeviotune write_bytes_sec_max"), ("iotune/total_iops_sec_max", null, "blkdeviotune total_iops_sec_max"),
        ("iotune/read_iops_sec_max", null, "blkdeviotune read_iops_sec_max"), ("iotune/write_iops_sec_max", null, "blkdeviotune write_iops_sec_max"),
        ("iotune/size_iops_sec", null, "blkdeviotune size_iops_sec"), ("iotune/group_name", null, "blkdeviotune group name"),
        ("serial", null, "serial"), ("wwn", null, "wwn"), ("vendor", null, "vendor"), ("product", null, "product"),
        ("driver", "cache", "cache"), ("driver", "error_policy", "error_policy"), ("driver", "rerror_policy", "rerror_policy"), ("driver", "io", "io"),
        ("driver", "ioeventfd", "ioeventfd"), ("driver", "event_idx", "event_idx"), ("driver", "copy_on_read", "copy_on_read"),
        ("boot", "order", "boot order"), ("driver", "discard", "discard"), ("driver", "iothread", "iothread"), ("backenddomain", "name", "backenddomain"),
    ];

    /// <summary>The disk after the change, and whether its medium is another one.</summary>
    public static (Node Disk, bool IsOtherMedium) Change(Node present, Node wanted)
    {
        RequirePossible(present, wanted);
        bool isOther = !IsSameMedium(present, wanted);
        if (isOther && wanted["device"] is not ("cdrom" or "floppy"))
            throw Error(ErrorCode.ConfigUnsupported, "disk source can be changed only in removable drives");
        Node next = isOther ? WithMedium(present, wanted) : present.Clone();
        next["snapshot"] = wanted["snapshot"];
        if (next.Child("source") is { } source)
            source["startupPolicy"] = wanted.Child("source")?["startupPolicy"];
        return (next, isOther);
    }

    /// <summary>The drive with the medium of another description.</summary>
    public static Node WithMedium(Node drive, Node other)
    {
        Node next = drive.Clone();
        next["type"] = other["type"];
        foreach (string part in (ReadOnlySpan<string>)["source", "backingStore", "auth", "encryption"])
        {
            next.RemoveAll(part);
            if (other.Child(part) is { } medium)
                next.Add(medium.Clone());
        }

        string? format = other.Child("driver")?["type"];
        if (format is not null || next.Child("driver") is not null)
            next.GetOrAdd("driver")["type"] = format;
        if (next.Child("target")!["tray"] == "open")
            next.Child("target")!["tray"] = null;
        return next;
    }

    private static void RequirePossible(Node present, Node wanted)
    {
        Require(wanted["device"] == present["device"], "device");
        string? bus = wanted.Child("target")?["bus"];
        Require(bus is null || bus == present.Child("target")?["bus"], "bus");
        foreach ((string child, string? attribute, string field) in s_fixed)
        {
            if (Value(wanted, child, attribute) is { } value)
                Require(value == Value(present, child, attribute), field);
        }

        if (wanted.Child("address") is { } address)
            Require(present.Child("address") is { } own && DocumentOf(own) == DocumentOf(address), "address");
        Require(wanted.Child("readonly") is null || present.Child("readonly") is not null, "readonly");
        Require(wanted.Child("shareable") is null || present.Child("shareable") is not null, "shared");
        Require(wanted.Child("transient") is null || present.Child("transient") is not null, "transient");
    }

    private static string? Value(Node disk, string child, string? attribute)
    {
        Node? node = disk;
        foreach (string name in child.Split('/'))
            node = node?.Child(name);
        return attribute is null ? node?.Text : node?[attribute];
    }

    private static bool IsSameMedium(Node present, Node wanted) =>
        (present["type"] == wanted["type"] || (present.Child("source") is null && wanted.Child("source") is null))
        && new DomainDisk(present).Source == new DomainDisk(wanted).Source
        && present.Child("source")?["protocol"] == wanted.Child("source")?["protocol"]
        && present.Child("source")?["pool"] == wanted.Child("source")?["pool"];

    private static string DocumentOf(Node address)
    {
        List<string> parts = [];
        foreach (ref readonly NodeAttribute attribute in address.Attributes)
            parts.Add($"{attribute.Name}={attribute.Value}");
        return string.Join(' ', parts);
    }

    private static void Require(bool isSame, string field)
    {
        if (!isSame)
            throw Error(ErrorCode.OperationUnsupported, $"cannot modify field '{field}' of the disk");
    }
}
