using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Makes a checkpoint's list of disks the domain's.</summary>
internal static class CheckpointDisks
{
    public static void Align(Node root, DomainDocument domain, ErrorDomain errors)
    {
        DomainDisk[] disks = [.. domain.Disks];
        Node list = root.Child("disks") ?? root.Add("disks");
        Node[] given = list.All("disk").ToArray();
        if (given.Length > disks.Length)
            throw Fault.Unsupported(errors, "too many disk checkpoint requests for domain");
        if (disks.Length == 0)
            throw Fault.Unsupported(errors, "domain must have at least one disk to perform checkpoints");
        Dictionary<string, Node> byTarget = new(StringComparer.Ordinal);
        foreach (Node one in given)
        {
            string name = one["name"]!;
            int index = Array.FindIndex(disks, disk => disk.Target == name || (name.StartsWith('/') && disk.Source == name));
            if (index < 0)
                throw Fault.Unsupported(errors, $"no disk named '{name}'");
            if (!byTarget.TryAdd(disks[index].Target, one))
                throw Fault.Unsupported(errors, $"disk '{name}' specified twice");
            if ((disks[index].Source is null || disks[index].IsReadOnly) && one["checkpoint"] != "no")
                throw Fault.Unsupported(errors, $"disk '{name}' is empty or readonly");
            one["name"] = disks[index].Target;
        }

        list.RemoveAll("disk");
        // A list that names a disk twice would not be read again.
        foreach (DomainDisk disk in disks.DistinctBy(static disk => disk.Target))
        {
            if (!byTarget.TryGetValue(disk.Target, out Node? one))
            {
                one = new Node("disk", list.Schema?.FindChild("disk"));
                one["name"] = disk.Target;
                one["checkpoint"] = given.Length == 0 && disk.Source is not null && !disk.IsReadOnly ? "bitmap" : "no";
            }

            list.Add(one);
            one["size"] = null;
            if (one["checkpoint"] == "bitmap")
                one["bitmap"] ??= root.ChildText("name");
        }
    }
}
