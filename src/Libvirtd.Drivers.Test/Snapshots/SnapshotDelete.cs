using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainSnapshotDeleteFlags;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestSnapshotDriver
{
    /// <summary>
    /// Deletes snapshots, each after those below it. Where images are to be merged this takes its time: the call is answered when all is done, and
    /// the deletion goes on without a client that does not wait for it.
    /// </summary>
    public override ValueTask Delete(CallContext call, DomainSnapshotRef snap, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Children | Flags.ChildrenOnly), "testDomainSnapshotDelete", beyond: (uint)Flags.MetadataOnly);
        using DomainEdit edit = domains.Edit(snap.Dom, DomainChanges.Job);
        MomentRemoval<SnapshotDefinition> removal =
            edit.View.Snapshots.Remove(Find(edit.View, snap.Name), flags.HasFlag(Flags.Children), flags.HasFlag(Flags.ChildrenOnly));
        bool onlyForgets = flags.HasFlag(Flags.MetadataOnly);
        if (onlyForgets || !removal.Gone.Any(static one => one.Definition.IsExternal))
        {
            HashSet<string> leftOver = onlyForgets || Images.Files.IsEmpty ? [] : ImageHolders.Of(Images, edit.View, null).Files;
            edit.Publish(edit.View with { Snapshots = removal.Rest });
            Images.RemoveLeftOver(leftOver);
            if (onlyForgets)
            {
                KeepAll(edit.View);
                return default;
            }

            foreach (SnapshotNode gone in removal.Gone)
                InternalSnapshots.LetGo(Images, edit.View, gone.Definition);
            return default;
        }

        if (edit.View.Blocks.Jobs.Count > 0)
        {
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test,
                "cannot delete external snapshots when there is another active block job");
        }

        SnapshotDeletion deletion = new(Host, edit, [.. removal.Gone.Select(static one => one.Name)]);
        return new(deletion.Ended.WaitAsync(call.Cancellation));
    }

    /// <summary>Snapshots that are only forgotten may be told again: their images stay as they are.</summary>
    private void KeepAll(DomainView view)
    {
        foreach (string path in ImageHolders.Of(Images, view, null).Files)
        {
            if (Images.Files.TryGetValue(path, out ImageFile? file) && file.MergesWhenFree)
                Images.Put(file with { MergesWhenFree = false });
        }
    }
}
