using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Makes a snapshot's list of disks the domain's: every disk once, in the domain's order, each with what happens to it.</summary>
internal static class SnapshotDisks
{
    /// <param name="root">The snapshot, changed in place.</param>
    /// <param name="domain">The domain as it is snapshotted.</param>
    /// <param name="location">What happens to disks of which nothing is said: "internal" or "external".</param>
    /// <param name="isRegularFile">Tells whether a path is a file: only beside one is an overlay's name made up.</param>
    /// <param name="errors">Whose error a bad list is.</param>
    public static void Align(Node root, DomainDocument domain, string location, Func<string, bool> isRegularFile, ErrorDomain errors)
    {
        DomainDisk[] disks = [.. domain.Disks];
        Node? list = root.Child("disks");
        Node[] given = list?.All("disk").ToArray() ?? [];
        if (given.Length > disks.Length)
            throw Fault.Unsupported(errors, "too many disk snapshot requests for domain");
        if (disks.Length == 0)
            return;
        bool mustMatch = location == "internal";
        Dictionary<string, Node> byTarget = new(StringComparer.Ordinal);
        foreach (Node one in given)
        {
            string name = one["name"]!;
            int index = Array.FindIndex(disks, disk => disk.Target == name || (name.StartsWith('/') && disk.Source == name));
            if (index < 0)
                throw Fault.Unsupported(errors, $"no disk named '{name}'");
            if (!byTarget.TryAdd(disks[index].Target, one))
                throw Fault.Unsupported(errors, $"disk '{name}' specified twice");
            CompleteGiven(one, disks[index], location, mustMatch, errors);
        }

        list ??= root.Add("disks");
        list.RemoveAll("disk");
        // A list that names a disk twice would not be read again.
        disks = [.. disks.DistinctBy(static disk => disk.Target)];
        foreach (DomainDisk disk in disks)
        {
            if (byTarget.TryGetValue(disk.Target, out Node? one))
            {
                list.Add(one);
                continue;
            }

            one = list.Add("disk");
            one["name"] = disk.Target;
            one["snapshot"] = disk.Source is null && disk.Type != "network" ? "no" : LocationOf(disk) ?? location;
        }

        AssignNames(root, list, disks, isRegularFile, errors);
    }

    /// <summary>What the domain says of a disk; a disk that is only read is left alone.</summary>
    private static string? LocationOf(DomainDisk disk) => disk.Node["snapshot"] ?? (disk.IsReadOnly ? "no" : null);

    private static void CompleteGiven(Node one, DomainDisk disk, string location, bool mustMatch, ErrorDomain errors)
    {
        string? own = LocationOf(disk);
        if (one["snapshot"] is not { } wanted)
            one["snapshot"] = own is not null && (!mustMatch || own == "no") ? own : location;
        else if (mustMatch && wanted != location && !(wanted == "no" && (own == "no" || disk.Source is null)))
            throw Fault.Unsupported(errors, $"disk '{one["name"]}' must use snapshot mode '{location}'");
        if (PathOf(one) is { } path && one["snapshot"] != "external")
            throw Fault.Unsupported(errors, $"file '{path}' for disk '{one["name"]}' requires use of external snapshot mode");
        one["name"] = disk.Target;
    }

    private static string? PathOf(Node disk) => disk.Child("source") is { } source ? source["file"] ?? source["dev"] ?? source["name"] : null;

    /// <summary>An overlay without a name lies beside its base, with the snapshot's name as its suffix.</summary>
    private static void AssignNames(Node root, Node list, DomainDisk[] disks, Func<string, bool> isRegularFile, ErrorDomain errors)
    {
        Dictionary<string, string> made = new(StringComparer.Ordinal);
        for (int i = 0; i < disks.Length; i++)
        {
            Node one = list.ChildList[i];
            if (one["snapshot"] != "external")
                continue;
            string name = one["name"]!;
            if (PathOf(one) is { } path)
            {
                made.TryAdd(path, name);
                continue;
            }

            if ((one["type"] ?? "file") != "file")
                throw Fault.Unsupported(errors, $"cannot generate external snapshot name for disk '{name}' on a '{one["type"]}' device");
            if (disks[i].Source is not { } original)
                throw Fault.Unsupported(errors, $"cannot generate external snapshot name for disk '{name}' without source");
            if (!isRegularFile(original))
                throw Fault.Unsupported(errors, $"source for disk '{name}' is not a regular file; refusing to generate external snapshot name");
            int dot = original.LastIndexOf('.');
            string overlay = (dot > original.LastIndexOf('/') ? original[..dot] : original) + "." + root.ChildText("name");
            if (!made.TryAdd(overlay, name))
                throw Fault.Unsupported(errors, $"cannot generate external snapshot name for disk '{name}': collision with disk '{made[overlay]}'");
            one["type"] = "file";
            one.Add(new Node("source", StorageSchemas.Source(ofDisk: false).Resolve(one, one)))["file"] = overlay;
        }
    }
}
