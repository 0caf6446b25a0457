using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Completes what a snapshot's document says of disks: each disk of the domain once, in the domain's order, with its place.</summary>
internal static class SnapshotDisks
{
    public const string No = "no";
    public const string Internal = "internal";
    public const string External = "external";

    /// <summary>The document with all disks.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="domain">The domain as the snapshot has it.</param>
    /// <param name="location">Where disks go of which nothing is said. Internal holds for all disks of a snapshot or for none.</param>
    public static DomainSnapshotDocument Align(DomainSnapshotDocument snapshot, DomainDocument? domain, string location)
    {
        if (domain is null)
            throw VirException.Internal(ErrorDomain.DomainSnapshot, "missing domain in snapshot");
        DomainDisk[] disks = [.. domain.Disks];
        Node[] asked = [.. snapshot.Disks];
        if (asked.Length > disks.Length)
            throw Unsupported("too many disk snapshot requests for domain");
        if (disks.Length == 0)
            return snapshot;
        Dictionary<string, Node> known = new(StringComparer.Ordinal);
        foreach (Node request in asked)
            Check(request, disks, location, known);
        return snapshot.With(root =>
        {
            root.RemoveAll("disks");
            Node all = root.Add("disks");
            foreach (DomainDisk disk in disks)
            {
                if (known.TryGetValue(disk.Target, out Node? request))
                {
                    all.Add(request);
                    continue;
                }

                Node added = all.Add("disk");
                added["name"] = disk.Target;
                added["snapshot"] = disk.Source is null && disk.Type is not "network" ? No : OwnLocation(disk) ?? location;
            }

            NameFiles(all, disks, snapshot.Name);
        });
    }

    private static void Check(Node request, DomainDisk[] disks, string location, Dictionary<string, Node> known)
    {
        string name = request["name"]!;
        int index = Array.FindIndex(disks, disk => disk.Target == name || (name.StartsWith('/') && disk.Source == name));
        if (index < 0)
            throw Unsupported($"no disk named '{name}'");
        DomainDisk disk = disks[index];
        Node aligned = request.Clone();
        if (!known.TryAdd(disk.Target, aligned))
            throw Unsupported($"disk '{name}' specified twice");
        bool isUniform = location == Internal;
        string? own = OwnLocation(disk);
        if (aligned["snapshot"] is not { } wanted)
            aligned["snapshot"] = own is not null && (!isUniform || own == No) ? own : location;
        else if (isUniform && wanted != location && !(wanted == No && own == No))
            throw Unsupported($"disk '{name}' must use snapshot mode '{location}'");
        if (aligned["snapshot"] != External && SourcePath(aligned) is { } path)
            throw Unsupported($"file '{path}' for disk '{name}' requires use of external snapshot mode");
        aligned["name"] = disk.Target;
    }

    /// <summary>What the domain says of the disk; one that is only read needs no snapshot.</summary>
    private static string? OwnLocation(DomainDisk disk) => disk.Node["snapshot"] ?? (disk.IsReadOnly ? No : null);

    private static string? SourcePath(Node disk) => disk.Child("source") is { } source ? source["file"] ?? source["dev"] ?? source["name"] : null;

    /// <summary>An external snapshot's new file stands beside the disk's: the snapshot's name replaces the suffix.</summary>
    private static void NameFiles(Node all, DomainDisk[] disks, string snapshot)
    {
        Dictionary<string, string> made = new(StringComparer.Ordinal);
        int index = 0;
        foreach (Node disk in all.Children)
        {
            string? source = disks[index++].Source;
            string name = disk["name"]!;
            if (disk["snapshot"] != External)
                continue;
            if (SourcePath(disk) is { } given)
            {
                made.TryAdd(given, name);
                continue;
            }

            if (disk["type"] is { } type and not "file")
                throw Unsupported($"cannot generate external snapshot name for disk '{name}' on a '{type}' device");
            if (source is null)
                throw Unsupported($"cannot generate external snapshot name for disk '{name}' without source");
            if (!File.Exists(source))
                throw Unsupported($"source for disk '{name}' is not a regular file; refusing to generate external snapshot name");
            string path = $"{WithoutSuffix(source)}.{snapshot}";
            if (!made.TryAdd(path, name))
            {
                throw Unsupported($"cannot generate external snapshot name for disk '{name}': collision with disk '{made[path]}'");
            }

            disk["type"] = "file";
            disk.GetOrAdd("source")["file"] = path;
        }
    }

    private static string WithoutSuffix(string path)
    {
        int dot = path.LastIndexOf('.');
        return dot > path.LastIndexOf('/') ? path[..dot] : path;
    }

    private static VirException Unsupported(string detail) => VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.DomainSnapshot, detail);
}
