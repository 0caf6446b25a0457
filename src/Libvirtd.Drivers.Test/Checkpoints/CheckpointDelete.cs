using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainCheckpointDeleteFlags;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestCheckpointDriver
{
    public override ValueTask Delete(CallContext call, DomainCheckpointRef checkpoint, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Children | Flags.MetadataOnly | Flags.ChildrenOnly), "testDomainCheckpointDelete");
        using DomainEdit edit = domains.Edit(checkpoint.Dom);
        CheckpointTree tree = edit.View.Checkpoints;
        CheckpointNode node = Find(edit.View, checkpoint.Name);
        CheckpointTree rest = flags.HasFlag(Flags.ChildrenOnly) ? tree.RemoveDescendants(node)
            : flags.HasFlag(Flags.Children) ? tree.RemoveWithDescendants(node)
            : tree.RemoveOne(node);
        if (!flags.HasFlag(Flags.MetadataOnly))
        {
            foreach (CheckpointNode gone in tree.All.Where(one => rest.Find(one.Name) is null))
                CheckpointBitmaps.Remove(Images, edit.View, gone.Definition);
        }

        edit.Publish(edit.View with { Checkpoints = rest });
        return default;
    }
}
