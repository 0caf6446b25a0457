using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>Two pools must not use one source.</summary>
internal static class StorageConflicts
{
    public static bool Conflict(StoragePoolDocument one, StoragePoolDocument other)
    {
        if (one.Name == other.Name)
            return false;
        Node a = one.Root.Child("source")!;
        Node b = other.Root.Child("source")!;
        bool same = one.Type == other.Type;
        return one.Type switch
        {
            "dir" => same && one.TargetPath == other.TargetPath,
            "gluster" => same && a.ChildText("name") == b.ChildText("name") && SameDirectory(a, b) && SameHost(a, b),
            "netfs" => same && SameDirectory(a, b) && SameHost(a, b),
            "scsi" => same && SameAdapter(a.Child("adapter"), b.Child("adapter")),
            "iscsi" => same && ShareDevice(a, b) && SameHost(a, b)
                && a.Find("initiator", "iqn")?["name"] == b.Find("initiator", "iqn")?["name"],
            "fs" or "logical" or "disk" or "zfs" => other.Type is "fs" or "logical" or "disk" or "zfs" && ShareDevice(a, b),
            "sheepdog" => same && SameHost(a, b),
            "mpath" => same,
            "vstorage" => same && a.ChildText("name") == b.ChildText("name"),
            _ => false,
        };
    }

    private static bool SameDirectory(Node a, Node b) => a.Child("dir")?["path"] == b.Child("dir")?["path"];

    private static bool SameHost(Node a, Node b) => a.Count("host") == 1 && b.Count("host") == 1
        && a.Child("host")!["name"] == b.Child("host")!["name"] && a.Child("host")!["port"] == b.Child("host")!["port"];

    private static bool ShareDevice(Node a, Node b)
    {
        HashSet<string?> devices = [.. a.All("device").Select(static device => device["path"])];
        return b.All("device").Any(device => devices.Contains(device["path"]));
    }

    private static bool SameAdapter(Node? a, Node? b)
    {
        if (a is null || b is null || a["type"] != b["type"])
            return false;
        if (a["type"] == "fc_host")
            return a["wwnn"] == b["wwnn"] && a["wwpn"] == b["wwpn"];
        return a["name"] is { } name && Number(name) is { } number && b["name"] is { } otherName && number == Number(otherName);
    }

    /// <summary>The number in <c>scsi_host5</c>, or <c>host5</c> as it was once written.</summary>
    private static string? Number(string name)
    {
        string rest = name.StartsWith("scsi_", StringComparison.Ordinal) ? name[5..] : name;
        return rest.StartsWith("host", StringComparison.Ordinal) ? rest[4..] : null;
    }
}
