using Libvirtd.Protocol;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Disks: their order, the bus that a name means, the address that follows from both.</summary>
internal static class DiskRules
{
    /// <summary>How errors print a disk without a source.</summary>
    public const string NoSource = "<null>";

    private const int ScsiUnits = 7;

    public static void Apply(Node devices, ErrorDomain domain)
    {
        Node[] disks = devices.All("disk").ToArray();
        Order(devices, disks);
        foreach (Node disk in disks)
            Complete(disk, domain);
    }

    public static Node NewAddress(string type, params ReadOnlySpan<(string Name, string Value)> parts)
    {
        Node address = new("address", DeviceSchemas.Address.Resolve(Raw(type), null));
        address.Append("type", type);
        foreach ((string name, string value) in parts)
            address.Append(name, value);
        return address;
    }

    /// <summary>The first place on a SCSI bus that no disk and no host device has.</summary>
    public static Node NextScsiAddress(Node devices)
    {
        HashSet<(string, string)> used = [];
        foreach (Node device in devices.ChildList)
        {
            bool isScsi = device.Name == "disk" ? device.Child("target")?["bus"] == "scsi" : device is { Name: "hostdev" } && device["type"] == "scsi";
            if (isScsi && DeviceRules.AddressOf(device, "drive") is { } place && place["bus"] == "0" && place["target"] == "0")
                used.Add((place["controller"]!, place["unit"]!));
        }

        for (int slot = 0; ; slot++)
        {
            string controller = ToText((ulong)(slot / ScsiUnits)), unit = ToText((ulong)(slot % ScsiUnits));
            if (!used.Contains((controller, unit)))
                return NewAddress("drive", ("controller", controller), ("bus", "0"), ("target", "0"), ("unit", unit));
        }
    }

    private static Node Raw(string type)
    {
        Node raw = new("address");
        raw.Append("type", type);
        return raw;
    }

    /// <summary>Disks of one bus stand together in the order of their names, where the first of them stood.</summary>
    private static void Order(Node devices, Node[] disks)
    {
        if (disks.Length < 2)
            return;
        List<(Node Disk, string? Bus, int Index)> ordered = [];
        foreach (Node disk in disks)
        {
            string? bus = disk.Child("target")?["bus"];
            int index = DiskName.ToIndex(disk.Child("target")?["dev"]);
            int place = -1;
            for (int i = ordered.Count - 1; i >= 0; i--)
            {
                if (ordered[i].Bus != bus)
                    continue;
                if (ordered[i].Index > index)
                    place = i;
                else if (place == -1)
                    place = i + 1;
            }

            ordered.Insert(place == -1 ? ordered.Count : place, (disk, bus, index));
        }

        devices.RemoveAll("disk");
        foreach ((Node disk, _, _) in ordered)
            devices.Add(disk);
    }

    private static void Complete(Node disk, ErrorDomain domain)
    {
        string device = disk["device"]!;
        if (disk.Child("target") is not { } target || target["dev"] is not { Length: > 0 } name)
        {
            throw VirException.Of(ErrorCode.NoTarget, domain, disk["type"] == "vhostvdpa" ? null : WordsFor(disk));
        }

        if (name.StartsWith("ioemu:", StringComparison.Ordinal))
            target["dev"] = name = name["ioemu:".Length..];
        target["bus"] ??= device == "floppy" ? "fdc"
            : name.StartsWith("sd", StringComparison.Ordinal) ? "scsi"
            : name.StartsWith("vd", StringComparison.Ordinal) ? "virtio"
            : name.StartsWith("xvd", StringComparison.Ordinal) ? "xen"
            : name.StartsWith("ubd", StringComparison.Ordinal) ? "uml"
            : "ide";
        if (device == "cdrom" && disk.Child("readonly") is null)
            disk.Add("readonly");
        if (disk["snapshot"] == "no" && disk.Child("readonly") is not null)
            disk["snapshot"] = null;
        if (disk["type"] == "vhostuser")
            disk["snapshot"] ??= "no";
        if (disk["type"] == "network" && disk.Child("source") is { } remote && remote["protocol"] == "iscsi"
            && remote["name"] is { } path && !path.Contains('/', StringComparison.Ordinal))
            remote["name"] = path + "/0";
        if (disk.Child("address") is null)
            AddAddress(disk, target, name, domain);
    }

    private static void AddAddress(Node disk, Node target, string name, ErrorDomain domain)
    {
        int index = DiskName.ToIndex(name);
        if (index < 0)
            throw Fault.Xml(domain, $"Unknown disk name '{name}' and no address specified");
        (int Controller, int Bus, int Unit)? place = target["bus"] switch
        {
            "scsi" => (index / ScsiUnits, 0, index % ScsiUnits),
            "ide" => (index / 4, index % 4 / 2, index % 2),
            "sata" => (index / 6, 0, index % 6),
            "fdc" => (index / 2, 0, index % 2),
            _ => null,
        };
        if (place is not { } at)
            return;
        disk.Add(NewAddress("drive", ("controller", ToText((ulong)at.Controller)), ("bus", ToText((ulong)at.Bus)), ("target", "0"),
            ("unit", ToText((ulong)at.Unit))));
    }

    /// <summary>A name in the guest belongs to one disk.</summary>
    public static void CheckNames(Node devices, ErrorDomain domain)
    {
        Dictionary<string, Node> seen = new(StringComparer.Ordinal);
        foreach (Node disk in devices.All("disk"))
        {
            string name = disk.Child("target")!["dev"]!;
            if (!seen.TryAdd(name, disk))
            {
                throw Fault.Xml(domain,
                    $"target '{name}' duplicated for disk sources '{SourceOf(seen[name])}' and '{SourceOf(disk)}'");
            }
        }
    }

    /// <summary>What an error calls a disk that has no name; null where it has no source either.</summary>
    private static string? WordsFor(Node disk)
    {
        Node? source = disk.Child("source");
        if (disk["type"] == "volume" && source?["pool"] is { } pool)
            return $"pool = '{pool}', volume = '{source["volume"]}'";
        string words = SourceOf(disk);
        if (disk["type"] == "network" && source?["protocol"] is "rbd" or "gluster")
            words = words[(words.IndexOf('/', StringComparison.Ordinal) + 1)..];
        return words == NoSource ? null : words;
    }

    internal static string SourceOf(Node disk) => disk.Child("source") is { } source
        ? source["file"] ?? source["dev"] ?? source["dir"] ?? source["name"] ?? source["volume"] ?? NoSource
        : NoSource;
}
