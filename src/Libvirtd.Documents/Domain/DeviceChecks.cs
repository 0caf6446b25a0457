using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Upstream's validation of one device.</summary>
internal static class DeviceChecks
{
    public static void Apply(Node device, Node devices, bool hasNuma, ErrorDomain domain)
    {
        if (device.Child("address")?["type"] == "unassigned" && device.Name != "hostdev")
            throw Fault.Unsupported(domain, "address of type 'unassigned' is supported only for hostdevs");
        switch (device.Name)
        {
            case "disk":
                CheckDisk(device, domain);
                break;
            case "controller":
                if (device.Child("driver")?["iothread"] is not null && device["model"] is not ("virtio-scsi" or "virtio-transitional" or "virtio-non-transitional"))
                    throw Fault.Xml(domain, "'iothread' attribute only supported for virtio scsi controllers");
                break;
            case "serial" or "parallel" or "console" or "channel" or "redirdev" or "smartcard":
                CheckSource(device, domain);
                if (device.Name == "serial" && device.Child("target") is { } target && target["type"] == "isa-serial" && DomainRules.Number(target["port"]) > 3)
                    throw Fault.Internal(domain, "Maximum supported number of ISA serial ports is '4'");
                break;
            case "memory":
                if (device.Find("target", "node") is not null && devices.Count("memory") > 0 && !hasNuma)
                    throw Fault.Detail(domain, "can't add memory backend as guest has no NUMA nodes configured");
                break;
            case "video":
                CheckVideo(device, devices, domain);
                break;
            default:
                break;
        }
    }

    private static void CheckDisk(Node disk, ErrorDomain domain)
    {
        Node target = disk.Child("target")!;
        string? bus = target["bus"];
        if (disk["device"] == "disk" && disk["type"] is "file" or "block" or "dir" or "volume" && DiskRules.SourceOf(disk) == DiskRules.NoSource
            && disk.Child("source")?["fdgroup"] is null)
            throw VirException.Of(ErrorCode.NoSource, domain, target["dev"]);
        if (disk["device"] == "floppy" && bus != "fdc")
            throw Fault.Internal(domain, $"Invalid bus type '{bus}' for floppy disk");
        if (disk["device"] != "floppy" && bus == "fdc")
            throw Fault.Internal(domain, $"Invalid bus type '{bus}' for disk");
        if (disk["device"] == "lun" && disk["type"] is not ("block" or "network" or "volume"))
            throw Fault.Unsupported(domain, "disk device='lun' is only valid for block type disk source");
        if (bus is "ide" or "fdc" or "scsi" or "sata" && disk.Child("address")?["type"] is { } address and not "drive")
            throw Fault.Unsupported(domain, $"Invalid address type '{address}' for the disk '{target["dev"]}' with the bus type '{bus}'");
        if (bus != "virtio" && disk.Child("driver")?["queues"] is not null)
            throw Fault.Unsupported(domain, "queues attribute in disk driver element is only supported by virtio-blk");
        if (disk.ChildText("wwn") is { } wwn && (wwn.Length != 16 || !wwn.All(char.IsAsciiHexDigit)))
            throw Fault.Internal(ErrorDomain.None, $"Malformed wwn: {wwn}");
        if (disk.ChildText("vendor") is { Length: > 8 })
            throw Fault.Unsupported(domain, "disk vendor is more than 8 characters");
        if (disk.ChildText("product") is { Length: > 16 })
            throw Fault.Unsupported(domain, "disk product is more than 16 characters");
        if (disk.Child("iotune") is { } tune)
            CheckIotune(tune, domain);
    }

    /// <summary>A total and its parts exclude each other.</summary>
    private static void CheckIotune(Node tune, ErrorDomain domain)
    {
        foreach (string suffix in (ReadOnlySpan<string>)["bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max"])
        {
            bool total = tune.Child("total_" + suffix) is not null;
            bool part = tune.Child("read_" + suffix) is not null || tune.Child("write_" + suffix) is not null;
            if (total && part)
                throw Fault.Xml(domain, $"total and read/write {suffix} cannot be set at the same time");
        }
    }

    private static void CheckSource(Node device, ErrorDomain domain)
    {
        Node? source = device.Child("source");
        string? fault = device["type"] switch
        {
            "dev" or "file" or "pipe" when source?["path"] is null => "Missing source path attribute for char device",
            "nmdm" when source is not null && !source.Has("master") => "Missing master path attribute for nmdm device",
            "nmdm" when source is not null && !source.Has("slave") => "Missing slave path attribute for nmdm device",
            "tcp" when source?["host"] is null => "Missing source host attribute for char device",
            "tcp" when source?["service"] is null => "Missing source service attribute for char device",
            "udp" when !device.All("source").Any(static one => one["mode"] == "connect" && one.Has("service")) =>
                "Missing source service attribute for char device",
            "spiceport" when source?["channel"] is null => "Missing source channel attribute for char device",
            _ => null,
        };
        if (fault is not null)
            throw Fault.Internal(domain, fault);
    }

    private static void CheckVideo(Node video, Node devices, ErrorDomain domain)
    {
        Node model = video.Child("model")!;
        string type = model["type"]!;
        if (type == "none" && devices.Count("video") > 1)
            throw Fault.Unsupported(domain, "a 'none' video type must be the only video device defined for the domain");
        foreach (string name in (ReadOnlySpan<string>)["ram", "vram64", "vgamem"])
        {
            if (type != "qxl" && model.Has(name))
                throw Fault.Unsupported(domain, $"{name} attribute only supported for video type qxl");
        }
    }
}
