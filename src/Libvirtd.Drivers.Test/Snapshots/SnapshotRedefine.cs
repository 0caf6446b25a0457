using Libvirtd.Documents;
using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainSnapshotCreateFlags;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestSnapshotDriver
{
    /// <summary>A snapshot that was made elsewhere or earlier: the document is taken at its word.</summary>
    private SnapshotTree Redefine(DomainView view, DomainSnapshotDocument document, Flags flags)
    {
        SnapshotTree tree = view.Snapshots;
        tree.CheckParent(document.Name, document.ParentName);
        SnapshotDefinition? existing = tree.Find(document.Name)?.Definition;
        SnapshotDefinition redefined = new(document);
        CheckRedefinition(view, redefined, existing, flags);
        bool isExternal = redefined.State == SnapshotDefinition.DiskSnapshot || redefined.IsExternal;
        DomainDocument domain = document.Domain ?? existing?.Document.Domain
            ?? throw VirException.Internal(ErrorDomain.DomainSnapshot, "missing domain in snapshot");
        DomainSnapshotDocument complete =
            document.WithAlignedDisks(domain, isExternal ? SnapshotPlace.External : SnapshotPlace.Internal, Images.Exists);
        if (existing is null)
            tree = tree.Add(new SnapshotDefinition(complete));
        else
            tree = tree.Replace(new SnapshotDefinition(document.Domain is null ? complete.WithDomain(domain, document.InactiveDomain) : complete));
        return flags.HasFlag(Flags.Current) ? tree with { Current = document.Name } : tree;
    }

    private static void CheckRedefinition(DomainView view, SnapshotDefinition redefined, SnapshotDefinition? existing, Flags flags)
    {
        if (flags.HasFlag(Flags.DiskOnly) && redefined.State != SnapshotDefinition.DiskSnapshot)
            throw Refused($"disk-only flag for snapshot {redefined.Name} requires disk-snapshot state");
        Guid uuid = view.Definition.Uuid;
        if (redefined.Document.Domain is { } domain && domain.Uuid != uuid)
            throw Refused($"definition for snapshot {redefined.Name} must use uuid {uuid:D}");
        if (existing is null)
            return;
        if (existing.IsOnline != redefined.IsOnline)
            throw Refused($"cannot change between online and offline snapshot state in snapshot {redefined.Name}");
        if ((existing.State == SnapshotDefinition.DiskSnapshot) != (redefined.State == SnapshotDefinition.DiskSnapshot))
            throw Refused($"cannot change between disk only and full system in snapshot {redefined.Name}");
        if (existing.Document.Domain is { } before && redefined.Document.Domain is { } after)
            DomainAbi.RequireStable(before, after);

        static VirException Refused(string detail) => VirException.Of(ErrorCode.InvalidArg, ErrorDomain.DomainSnapshot, detail);
    }
}
