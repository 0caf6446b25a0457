using Libvirtd.Documents;
using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainSnapshotDeleteFlags;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestSnapshotDriver
{
    /// <summary>
    /// Deletes snapshots, each after those below it. What an external one kept apart comes together again: its overlay goes into the image below,
    /// where nobody else needs either as it is. Where somebody does, the images stay as they are and only the snapshot is forgotten.
    /// </summary>
    public override ValueTask Delete(CallContext call, DomainSnapshotRef snap, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Children | Flags.MetadataOnly | Flags.ChildrenOnly), "testDomainSnapshotDelete");
        using DomainEdit edit = domains.Edit(snap.Dom);
        SnapshotTree tree = edit.View.Snapshots;
        SnapshotNode node = Find(edit.View, snap.Name);
        List<SnapshotNode> victims = [];
        if ((flags & (Flags.Children | Flags.ChildrenOnly)) != 0)
            victims.AddRange(tree.Descendants(node).Reverse());
        if (!flags.HasFlag(Flags.ChildrenOnly))
            victims.Add(node);
        if (flags.HasFlag(Flags.MetadataOnly) || !victims.Exists(static one => one.Definition.IsExternal))
        {
            SnapshotTree rest = flags.HasFlag(Flags.ChildrenOnly) ? tree.RemoveDescendants(node)
                : flags.HasFlag(Flags.Children) ? tree.RemoveWithDescendants(node)
                : tree.RemoveOne(node);
            HashSet<string> leftOver = flags.HasFlag(Flags.MetadataOnly) || Images.Files.IsEmpty ? [] : ImageHolders.Of(Images, edit.View, null).Files;
            edit.Publish(edit.View with { Snapshots = rest });
            Images.RemoveLeftOver(leftOver);
            if (flags.HasFlag(Flags.MetadataOnly))
                KeepAll(edit.View);
            return default;
        }

        if (edit.View.Blocks.Jobs.Count > 0)
        {
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test,
                "cannot delete external snapshots when there is another active block job");
        }

        foreach (SnapshotNode victim in victims)
            DeleteOne(edit, victim.Name);
        return default;
    }

    private void DeleteOne(DomainEdit edit, string name)
    {
        DomainView view = edit.View;
        SnapshotNode node = view.Snapshots.Find(name)!;
        DomainSnapshotDocument document = node.Definition.Document;
        HashSet<string> leftOver = ImageHolders.Of(Images, view, null).Files;
        foreach (SnapshotOverlay overlay in SnapshotOverlay.Of(document))
        {
            if (overlay.Image is not { IsLocal: true, Path: not null })
                continue;
            if (Images.FindChain(document.Domain, overlay.Target)?.Active is not { Path: not null } below)
                continue;
            view = Commit(view, name, overlay.Image, below);
            // After a revert the domain goes on above the same image in an overlay that no snapshot names.
            if (RevertOverlay(view, overlay.Target, below) is { } other)
            {
                view = Commit(view, name, other, below);
                MergeLater(other);
            }

            MergeLater(overlay.Image);
        }

        view = MergeFree(view, name);

        if (document.MemoryFile is { } memory)
            leftOver.Add(memory);
        edit.Publish(view with { Snapshots = view.Snapshots.RemoveOne(view.Snapshots.Find(name)!) });
        Images.RemoveLeftOver(leftOver.Where(path => !IsNamedAsMemory(path)));
    }

    /// <summary>Puts what an overlay holds into the image below it, if that can be, and takes it out of all chains of the domain.</summary>
    private DomainView Commit(DomainView view, string snapshot, ChainImage overlay, ChainImage below)
    {
        string from = overlay.Path!;
        string into = below.Path!;
        ImageHolders holders = ImageHolders.Of(Images, view, snapshot);
        // An overlay that nobody reads belongs to a branch that was given up: its bytes are of no use to anyone.
        if (!holders.Hold(from) || !holders.CanCommit(from, into) || !Lies(holders, from, into))
            return view;
        ImageFile top = Images.Get(overlay);
        ImageFile target = Images.Get(below);
        ulong capacity = Math.Max(top.Capacity, target.Capacity);
        UInt128 allocation = (UInt128)target.Allocation + top.Allocation;
        ulong most = Math.Max(capacity, Math.Max(top.Allocation, target.Allocation));
        Images.Put(target with { Capacity = capacity, Allocation = allocation < most ? (ulong)allocation : most });
        foreach (ImageFile above in Images.BackedBy(from).ToList())
            Images.Put(above with { Backing = into, BackingFormat = below.Format });
        view = view.WithChains(Images, WithoutOverlay);
        SnapshotTree tree = view.Snapshots;
        foreach (SnapshotNode node in tree.All.ToList())
        {
            DomainSnapshotDocument document = node.Definition.Document;
            DomainDocument? domain = document.Domain?.WithChains(Images, WithoutOverlay);
            DomainDocument? inactive = document.InactiveDomain?.WithChains(Images, WithoutOverlay);
            if (!ReferenceEquals(domain, document.Domain) || !ReferenceEquals(inactive, document.InactiveDomain))
                tree = tree.Update([new SnapshotDefinition(document.WithDomain(domain, inactive))]);
        }

        if (overlay.Type == "file")
            Images.Remove(from);
        return view with { Snapshots = tree };

        DiskChain? WithoutOverlay(string target, DiskChain chain)
        {
            int place = chain.IndexOfPath(from);
            if (place < 0)
                return null;
            // A document that names the overlay alone goes on with the image below it.
            return place + 1 < chain.Count ? chain.Without(place, place + 1) : chain.WithActive(below);
        }
    }

    /// <summary>Nobody may merge what is still there, since others need it as it is now.</summary>
    private void MergeLater(ChainImage overlay)
    {
        if (Images.Files.TryGetValue(overlay.Path!, out ImageFile? file) && file.IsForSnapshot)
            Images.Put(file with { MergesWhenFree = true });
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

    /// <summary>Merges what earlier deletions could not.</summary>
    private DomainView MergeFree(DomainView view, string snapshot)
    {
        foreach (string path in ImageHolders.Of(Images, view, snapshot).Files)
        {
            if (!Images.Files.TryGetValue(path, out ImageFile? file) || !file.MergesWhenFree)
                continue;
            foreach (ImageHolder holder in ImageHolders.Of(Images, view, snapshot).All)
            {
                int place = holder.Chain.IndexOfPath(path);
                if (place < 0 || place + 1 >= holder.Chain.Count)
                    continue;
                view = Commit(view, snapshot, holder.Chain.Images[place], holder.Chain.Images[place + 1]);
                break;
            }
        }

        return view;
    }

    private ChainImage? RevertOverlay(DomainView view, string target, ChainImage below)
    {
        DiskChain? chain = Images.FindChain(view.Definition.Document, target);
        int place = chain?.IndexOfPath(below.Path!) ?? -1;
        return place > 0 && chain!.Images[place - 1] is { IsLocal: true, Path: { } path } image && Images.Find(path) is { IsForSnapshot: true } ? image : null;
    }

    /// <summary>Whether the overlay lies right above the image, as a chain or the file itself says.</summary>
    private bool Lies(ImageHolders holders, string overlay, string below) =>
        Images.Find(overlay)?.BackingPath == below
        || holders.All.Any(holder => holder.Chain.IndexOfPath(overlay) is >= 0 and int place
            && place + 1 < holder.Chain.Count && holder.Chain.Images[place + 1].Path == below);

    /// <summary>A snapshot of any domain keeps its memory in that file.</summary>
    private bool IsNamedAsMemory(string path) =>
        domains.All.Any(domain => domain.View.Snapshots.All.Any(node => node.Definition.Document.MemoryFile == path));
}
