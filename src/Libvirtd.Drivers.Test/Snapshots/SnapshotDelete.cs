using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainSnapshotDeleteFlags;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestSnapshotDriver
{
    public override ValueTask Delete(CallContext call, DomainSnapshotRef snap, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Children | Flags.ChildrenOnly), "testDomainSnapshotDelete");
        using DomainEdit edit = domains.Edit(snap.Dom);
        SnapshotTree tree = edit.View.Snapshots;
        SnapshotNode node = Find(edit.View, snap.Name);
        SnapshotTree rest = flags.HasFlag(Flags.ChildrenOnly) ? tree.RemoveDescendants(node)
            : flags.HasFlag(Flags.Children) ? tree.RemoveWithDescendants(node)
            : tree.RemoveOne(node);
        edit.Publish(edit.View with { Snapshots = rest });
        return default;
    }
}
