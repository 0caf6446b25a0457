using Libvirtd.Documents;
using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainSnapshotCreateFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// Making snapshots. Internal ones, and memory in a file, are as in upstream's test driver; what that one refuses follows upstream's QEMU driver. An
/// external snapshot lays an overlay over each of its disks.
/// </summary>
internal sealed partial class TestSnapshotDriver
{
    private const Flags KnownToCreate = Flags.Redefine | Flags.Current | Flags.Halt | Flags.Quiesce | Flags.Atomic | Flags.Live | Flags.Validate;
    private const Flags BeyondToCreate = Flags.NoMetadata | Flags.DiskOnly | Flags.ReuseExt;

    private TestImages Images => domains.Host.Images;

    public override ValueTask<DomainSnapshotRef> CreateXml(CallContext call, DomainRef dom, string xmlDesc, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)KnownToCreate, "testDomainSnapshotCreateXML", beyond: (uint)BeyondToCreate);
        using DomainEdit edit = domains.Edit(dom, DomainChanges.Job);
        // Upstream's QEMU driver lets overlays be laid over disks with checkpoints; its test driver does not, which matters to trees of both alone.
        bool onlyOverlays = (flags & (Flags.NoMetadata | Flags.DiskOnly | Flags.Redefine)) == (Flags.NoMetadata | Flags.DiskOnly);
        if (edit.View.Checkpoints.Count > 0 && !onlyOverlays)
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, "cannot create snapshot while checkpoint exists");
        if (!edit.View.IsPersistent && flags.HasFlag(Flags.Halt))
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, "cannot halt after transient domain snapshot");
        DomainSnapshotDocument document = domains.ParseSnapshot(xmlDesc, flags);
        if (flags.HasFlag(Flags.Redefine))
            edit.Publish(edit.View with { Snapshots = Redefine(edit.View, document, flags) });
        else
            Make(edit, document, flags);
        return new(new DomainSnapshotRef { Name = document.Name, Dom = dom });
    }

    /// <summary>A snapshot of the domain as it is now, below the current one, which it replaces as such.</summary>
    private void Make(DomainEdit edit, DomainSnapshotDocument document, Flags flags)
    {
        DomainView view = edit.View;
        SnapshotDefinition made = new(Complete(view, document, flags).WithParent(view.Snapshots.Current));
        // Nothing is changed before all is known to be possible.
        SnapshotTree tree = flags.HasFlag(Flags.NoMetadata) ? view.Snapshots : view.Snapshots.Add(made) with { Current = made.Name };
        List<(SnapshotOverlay Overlay, ChainImage Below)> overlays = LayOverlays(view, made, flags.HasFlag(Flags.ReuseExt));
        KeepMemory(view, made.Document);
        InternalSnapshots.Keep(Images, view, made);
        // A running domain's configuration follows where it has the same disk.
        view = GoOnAbove(view, overlays);
        view = view with { Snapshots = tree };
        bool halts = flags.HasFlag(Flags.Halt) && view.IsActive;
        edit.Publish(halts ? view.Stop(DomainShutoffReason.FromSnapshot) : view);
        if (halts)
            edit.Raise(DomainEventType.Stopped, (int)DomainEventStoppedDetailType.FromSnapshot);
    }

    /// <summary>The document with state, memory, disks and the domain as it is.</summary>
    private DomainSnapshotDocument Complete(DomainView view, DomainSnapshotDocument document, Flags flags)
    {
        DomainDocument domain = DomainCopy.Of(view.Definition.Document);
        foreach (Node disk in document.Disks)
        {
            if (disk["snapshot"] == "manual")
            {
                throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test,
                    "'manual' snapshot mode is not supported by the test driver");
            }
        }

        bool isDiskOnly = flags.HasFlag(Flags.DiskOnly);
        bool isExternal = isDiskOnly || document.MemoryLocation == SnapshotPlace.External;
        DomainSnapshotDocument complete = document
            .WithState(isDiskOnly && view.IsActive ? SnapshotDefinition.DiskSnapshot : StateName(view.State))
            .WithDomain(WithoutNumbers(domain), isExternal ? OtherConfiguration(view) : null);
        if (isDiskOnly)
            complete = complete.WithMemory(SnapshotPlace.No);
        else if (!isExternal)
            complete = complete.WithMemory(view.State == DomainState.Shutoff ? SnapshotPlace.No : SnapshotPlace.Internal);
        complete = complete.WithAlignedDisks(view.Definition.Document, isExternal ? SnapshotPlace.External : SnapshotPlace.Internal, Images.Exists);
        return isDiskOnly ? CheckDiskOnly(view, complete) : complete;
    }

    /// <summary>The domain without what only its present life has: numbers of images, and copies that are being made.</summary>
    private DomainDocument WithoutNumbers(DomainDocument document)
    {
        DomainDocument kept = document.WithChains(Images, static (_, chain) => chain.LastIndex == 0 ? null : chain.WithoutIndexes());
        return !kept.Disks.Any(static disk => disk.Node.Child("mirror") is not null) ? kept : kept.With(static root =>
        {
            foreach (Node disk in root.Child("devices")!.All("disk"))
                disk.RemoveAll("mirror");
        });
    }

    /// <summary>What the domain is configured to be, where it runs as something else.</summary>
    private static DomainDocument? OtherConfiguration(DomainView view) =>
        view is { IsActive: true, Pending: { } pending } && pending.Text(DomainXmlFlags.Inactive) != view.Definition.Text(DomainXmlFlags.Inactive)
            ? pending.Document
            : null;

    private static DomainSnapshotDocument CheckDiskOnly(DomainView view, DomainSnapshotDocument document)
    {
        bool hasExternal = false;
        bool hasInternal = false;
        foreach (Node disk in document.Disks)
        {
            hasExternal |= disk["snapshot"] == SnapshotPlace.External;
            hasInternal |= disk["snapshot"] == SnapshotPlace.Internal;
            if (view.IsActive && disk["snapshot"] == SnapshotPlace.Internal)
                throw Unsupported($"active qemu domains require external disk snapshots; disk {disk["name"]} requested internal");
        }

        if (!hasExternal && !hasInternal)
            throw Unsupported("nothing selected for snapshot");
        if (!hasExternal)
            throw Unsupported("disk-only snapshots require at least one disk to be selected for snapshot");
        if (hasInternal)
            throw Unsupported("mixing internal and external targets for a snapshot is not yet supported");
        return document.With(static root =>
        {
            foreach (Node disk in root.Child("disks")!.All("disk"))
            {
                if (disk["snapshot"] == SnapshotPlace.External && disk.Child("driver") is null)
                    disk.GetOrAdd("driver")["type"] = SnapshotOverlay.Format;
            }
        });
    }

    /// <summary>Makes the overlays of a snapshot, once it is sure that all can be made.</summary>
    private List<(SnapshotOverlay Overlay, ChainImage Below)> LayOverlays(DomainView view, SnapshotDefinition snapshot, bool reuse)
    {
        List<(SnapshotOverlay Overlay, ChainImage Below)> wanted = [];
        foreach (SnapshotOverlay overlay in SnapshotOverlay.Of(snapshot.Document))
        {
            view.Blocks.RequireIdle(overlay.Target);
            VolumeSource.RequireVolumes(Host, view.Definition.Document.DiskByTarget(overlay.Target)!);
            DiskChain chain = Images.FindChain(view.Definition.Document, overlay.Target)!;
            overlay.Check(Images, chain, reuse);
            wanted.Add((overlay, chain.Active));
        }

        foreach ((SnapshotOverlay overlay, ChainImage below) in wanted)
            overlay.Make(Images, below, reuse);
        return wanted;
    }

    /// <summary>The domain writes to the overlays from now on. A running one's configuration follows where it has the same disk.</summary>
    private DomainView GoOnAbove(DomainView view, List<(SnapshotOverlay Overlay, ChainImage Below)> overlays)
    {
        foreach ((SnapshotOverlay overlay, ChainImage below) in overlays)
        {
            if (view.IsActive)
                view = view.ChangeLiveChain(Images, overlay.Target, chain => chain.WithOverlay(overlay.Image));
            // Written out: another host, which the documents may go to, does not have the files that could tell.
            if (!view.IsActive || view.Pending is not null)
            {
                view = view.ChangeConfig(document => document.WithChains(Images, (target, chain) =>
                    target == overlay.Target && chain.Active.IsAt(below) ? chain.WithOverlay(overlay.Image).WithoutIndexes() : null));
            }
        }

        return view;
    }

    /// <summary>The guest's memory goes into a file, where the snapshot says so.</summary>
    private void KeepMemory(DomainView view, DomainSnapshotDocument snapshot)
    {
        if (snapshot.MemoryFile is not { } path || Images.Find(path) is { IsForSnapshot: false })
            return;
        ulong bytes = view.Definition.Memory * 1024;
        Images.Put(new ImageFile { Path = path, Capacity = bytes, Allocation = bytes, IsForSnapshot = true });
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

    private static VirException Unsupported(string detail) => VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Test, detail);
}
