using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>The snapshot document. The domains inside it have a table of their own.</summary>
internal static class SnapshotSchema
{
    public static readonly string[] States =
        ["nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended", "disk-snapshot"];

    private static readonly ElementSchema s_disk = Element("disk")
        .Attr("name", missing: FaultText.Internal("missing name from disk snapshot element"))
        .Attr("snapshot", OneOf("no", "internal", "external", "manual"))
        .Attr("type", OneOf("file", "block", "dir", "network", "volume", "nvme", "vhostuser"), "file")
        .With(
            Flag("snapshotDeleteInProgress"),
            Element("driver").Attr("type", OneOf(StorageSchemas.Formats), bad: FaultText.Unsupported("unknown disk snapshot driver '{0}'"))
                .With(Element("metadata_cache").With(Sizes.Bytes("max_size", "./driver/metadata_cache/max_size"))),
            StorageSchemas.Source(ofDisk: false))
        .Many()
        .Then(FinishDisk);

    public static readonly ElementSchema Root = Element("domainsnapshot").With(
        Leaf("name"),
        Leaf("description"),
        Leaf("state", OneOf(States), FaultText.Unsupported("Invalid state '{0}' in domain snapshot XML")),
        Element("parent").With(Leaf("name")),
        Leaf("creationTime", Long, FaultText.Internal("missing creationTime from existing snapshot")),
        Element("memory").Attr("snapshot", OneOf("no", "internal", "external", "manual")).Attr("file"),
        Element("disks").With(s_disk))
        .Open();

    private static bool FinishDisk(in Scope scope)
    {
        Node disk = scope.Node;
        if (disk["type"] is "volume" or "dir")
            throw Fault.Xml(scope.Context.Domain, $"unsupported disk snapshot type '{disk["type"]}'");
        string? path = disk.Child("source") is { } source ? source["file"] ?? source["dev"] ?? source["name"] : null;
        if (disk["type"] is "file" or "block" && path is not null && !path.StartsWith('/'))
            throw Fault.Xml(scope.Context.Domain, $"disk snapshot image path '{path}' must be absolute");
        if (path is null && disk.Child("driver")?["type"] is null)
        {
            disk["type"] = null;
            disk.RemoveAll("driver");
            disk.RemoveAll("source");
            return true;
        }

        disk["snapshot"] ??= "external";
        return true;
    }
}
