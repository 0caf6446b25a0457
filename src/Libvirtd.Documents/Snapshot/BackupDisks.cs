using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Makes a backup's list of disks the domain's.</summary>
internal static class BackupDisks
{
    /// <param name="root">The backup, changed in place.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="suffix">What a file without a name gets after its disk's.</param>
    /// <param name="fileOf">The path of the file that a disk is; null for one that is none. Only beside a file is another one's name made up.</param>
    /// <param name="errors">Whose error a bad list is.</param>
    public static void Align(Node root, DomainDocument domain, string suffix, Func<DomainDisk, string?> fileOf, ErrorDomain errors)
    {
        DomainDisk[] disks = [.. domain.Disks];
        if (disks.Length == 0)
            throw Fault.Unsupported(errors, "domain must have at least one disk to perform backup");
        string? incremental = root.ChildText("incremental");
        string store = root["mode"] == "pull" ? "scratch" : "target";
        Node list = root.Child("disks") ?? root.Add("disks");
        Node[] given = list.All("disk").ToArray();
        HashSet<string> named = new(StringComparer.Ordinal);
        foreach (Node one in given)
        {
            string name = one["name"]!;
            int index = Array.FindIndex(disks, disk => disk.Target == name);
            if (index < 0)
                throw Fault.Unsupported(errors, $"no disk named '{name}'");
            if (!named.Add(name))
                throw Fault.Unsupported(errors, $"disk '{name}' specified twice");
            if (one["backupmode"] == "incremental" && one["incremental"] is null && incremental is null)
                throw Fault.Unsupported(errors, $"'incremental' backup mode of disk '{name}' requires setting 'incremental' field for disk or backup");
            if (one["backup"] == "yes")
                AssignStore(one, disks[index], store, suffix, fileOf, errors);
        }

        foreach (DomainDisk disk in disks)
        {
            if (named.Contains(disk.Target))
                continue;
            Node added = list.Add("disk");
            added["name"] = disk.Target;
            added["backup"] = given.Length == 0 && disk.Source is not null && !disk.IsReadOnly ? "yes" : "no";
            if (added["backup"] == "yes")
                AssignStore(added, disk, store, suffix, fileOf, errors);
        }

        foreach (Node one in list.All("disk"))
        {
            if (one["backup"] != "yes")
                continue;
            one["backupmode"] ??= incremental is not null || one["incremental"] is not null ? "incremental" : "full";
            if (one["backupmode"] == "incremental")
                one["incremental"] ??= incremental;
        }
    }

    private static void AssignStore(Node one, DomainDisk disk, string store, string suffix, Func<DomainDisk, string?> fileOf, ErrorDomain errors)
    {
        if (disk.Source is null)
            throw Fault.Unsupported(errors, $"disk '{disk.Target}' has no media");
        if (one.Child(store) is { } given && (given["file"] ?? given["dev"]) is not null)
            return;
        string file = fileOf(disk) ?? throw Fault.Unsupported(errors, $"refusing to generate file name for disk '{disk.Target}'");
        one["type"] = "file";
        one.RemoveAll(store);
        one.Add(new Node(store, one.Schema?.FindChild(store)?.Resolve(new Node(store), one)))["file"] = $"{file}.{suffix}";
    }
}
