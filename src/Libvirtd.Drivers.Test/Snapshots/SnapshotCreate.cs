using Libvirtd.Documents;
using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainSnapshotCreateFlags;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestSnapshotDriver
{
    public override ValueTask<DomainSnapshotRef> CreateXml(CallContext call, DomainRef dom, string xmlDesc, Flags flags)
    {
        const Flags Known = Flags.Redefine | Flags.Current | Flags.Halt | Flags.Quiesce | Flags.Atomic | Flags.Live | Flags.Validate;
        FlagCheck.Require((uint)flags, (uint)Known, "testDomainSnapshotCreateXML");
        using DomainEdit edit = domains.Edit(dom);
        if (edit.View.Checkpoints.Count > 0)
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, "cannot create snapshot while checkpoint exists");
        if (!edit.View.IsPersistent && flags.HasFlag(Flags.Halt))
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, "cannot halt after transient domain snapshot");
        bool isRedefined = flags.HasFlag(Flags.Redefine);
        DomainSnapshotDocument document = domains.ParseSnapshot(xmlDesc, isRedefined);
        SnapshotTree tree = isRedefined ? Redefine(edit.View, document) : Add(edit.View, document);
        if (!isRedefined || flags.HasFlag(Flags.Current))
            tree = tree with { Current = document.Name };
        DomainView view = edit.View with { Snapshots = tree };
        bool halts = !isRedefined && flags.HasFlag(Flags.Halt) && view.IsActive;
        edit.Publish(halts ? view.Stop(DomainShutoffReason.FromSnapshot) : view);
        if (halts)
            edit.Raise(DomainEventType.Stopped, (int)DomainEventStoppedDetailType.FromSnapshot);
        return new(new DomainSnapshotRef { Name = document.Name, Dom = dom });
    }

    /// <summary>A snapshot of the domain as it is now, below the current one.</summary>
    private static SnapshotTree Add(DomainView view, DomainSnapshotDocument document)
    {
        foreach (Node disk in document.Disks)
        {
            if (disk["snapshot"] == "manual")
            {
                throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test,
                    "'manual' snapshot mode is not supported by the test driver");
            }
        }

        bool isExternal = document.MemoryLocation == SnapshotDisks.External;
        DomainSnapshotDocument complete = document.WithState(StateName(view.State)).WithDomain(view.Definition.Document);
        if (!isExternal)
            complete = complete.WithMemory(view.State == DomainState.Shutoff ? SnapshotDisks.No : SnapshotDisks.Internal);
        complete = SnapshotDisks.Align(complete, view.Definition.Document, isExternal ? SnapshotDisks.External : SnapshotDisks.Internal);
        return view.Snapshots.Add(new SnapshotDefinition(complete.WithParent(view.Snapshots.Current)));
    }

    /// <summary>A snapshot that was made elsewhere or earlier: the document is taken at its word.</summary>
    private static SnapshotTree Redefine(DomainView view, DomainSnapshotDocument document)
    {
        SnapshotTree tree = view.Snapshots;
        tree.CheckParent(document.Name, document.ParentName);
        SnapshotDefinition? existing = tree.Find(document.Name)?.Definition;
        SnapshotDefinition redefined = new(document);
        CheckRedefinition(view, redefined, existing);
        bool isExternal = redefined.State == SnapshotDefinition.DiskSnapshot || redefined.IsExternal;
        DomainDocument? domain = document.Domain ?? existing?.Document.Domain;
        DomainSnapshotDocument complete = SnapshotDisks.Align(document, domain, isExternal ? SnapshotDisks.External : SnapshotDisks.Internal);
        if (existing is null)
            return tree.Add(new SnapshotDefinition(complete));
        return tree.Replace(new SnapshotDefinition(document.Domain is null ? complete.WithDomain(domain, document.InactiveDomain) : complete));
    }

    private static void CheckRedefinition(DomainView view, SnapshotDefinition redefined, SnapshotDefinition? existing)
    {
        Guid uuid = view.Definition.Uuid;
        if (redefined.Document.Domain is { } domain && domain.Uuid != uuid)
            throw Refused($"definition for snapshot {redefined.Name} must use uuid {uuid:D}");
        if (existing is null)
            return;
        if (existing.IsOnline != redefined.IsOnline)
            throw Refused($"cannot change between online and offline snapshot state in snapshot {redefined.Name}");
        if ((existing.State == SnapshotDefinition.DiskSnapshot) != (redefined.State == SnapshotDefinition.DiskSnapshot))
            throw Refused($"cannot change between disk only and full system in snapshot {redefined.Name}");

        static VirException Refused(string detail) => VirException.Of(ErrorCode.InvalidArg, ErrorDomain.DomainSnapshot, detail);
    }

    private static string StateName(DomainState state) => state switch
    {
        DomainState.Running => SnapshotDefinition.Running,
        DomainState.Blocked => "blocked",
        DomainState.Paused => SnapshotDefinition.Paused,
        DomainState.Shutdown => "shutdown",
        DomainState.Shutoff => SnapshotDefinition.Shutoff,
        DomainState.Crashed => "crashed",
        DomainState.Pmsuspended => "pmsuspended",
        _ => "nostate",
    };
}
