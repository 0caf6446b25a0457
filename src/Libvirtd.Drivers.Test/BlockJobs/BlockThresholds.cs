using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Tells clients that an image has grown beyond what they set.</summary>
internal sealed partial class TestBlockJobs
{
    /// <summary>An image was written to. A threshold is told once, and is then forgotten.</summary>
    public void Written(DomainEdit edit, ChainImage image)
    {
        if (edit.View.Blocks.Thresholds.IsEmpty)
            return;
        ulong end = Images.Get(image).Allocation;
        foreach (BlockThreshold threshold in edit.View.Blocks.Thresholds.Values)
        {
            if (threshold.Path != image.Path || end <= threshold.Bytes)
                continue;
            edit.Publish(edit.View with { Blocks = edit.View.Blocks with { Thresholds = edit.View.Blocks.Thresholds.Remove(threshold.Device) } });
            edit.Events.Raise(new DomainBlockThresholdEvent
            {
                Dom = edit.View.Ref,
                Dev = threshold.Device,
                Path = image.IsLocal ? image.Path : null,
                Threshold = threshold.Bytes,
                Excess = end - threshold.Bytes,
            });
        }
    }
}
