using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainCheckpointDeleteFlags;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestCheckpointDriver
{
    public override ValueTask Delete(CallContext call, DomainCheckpointRef checkpoint, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Children | Flags.MetadataOnly | Flags.ChildrenOnly), "testDomainCheckpointDelete");
        using DomainEdit edit = domains.Edit(checkpoint.Dom);
        CheckpointNode node = Find(edit.View, checkpoint.Name);
        MomentRemoval<CheckpointDefinition> removal =
            edit.View.Checkpoints.Remove(node, flags.HasFlag(Flags.Children), flags.HasFlag(Flags.ChildrenOnly));
        if (!flags.HasFlag(Flags.MetadataOnly))
        {
            foreach (CheckpointNode gone in removal.Gone)
                CheckpointBitmaps.Remove(Images, edit.View, gone.Definition);
        }

        edit.Publish(edit.View with { Checkpoints = removal.Rest });
        return default;
    }
}
