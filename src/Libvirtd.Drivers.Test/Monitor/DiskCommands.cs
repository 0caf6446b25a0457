using System.Text.Json.Nodes;

namespace Libvirtd.Drivers.Test;

/// <summary>What the guest does to its disks, and what becomes of what checkpoints record there.</summary>
internal sealed partial class MonitorCommands
{
    private void AddDisks()
    {
        Add("guest-write", (call, arguments) =>
        {
            string? disk = arguments.Take("disk") ?? arguments.Take("value");
            ulong bytes = (ulong)arguments.TakeNumber("bytes", 1 << 20, 1, long.MaxValue);
            arguments.End();
            Change(call, edit =>
            {
                if (!edit.View.IsActive)
                    throw new MonitorException("the domain does not run");
                CheckpointBitmaps.Write(_host, edit, GuestIncidents.FindDisk(edit.View, disk).Target, bytes);
            });
            return null;
        });
        Add("bitmap-break", (call, arguments) =>
        {
            string? disk = arguments.Take("disk");
            string bitmap = arguments.Take("bitmap") ?? arguments.Require("value");
            arguments.End();
            int count = 0;
            Change(call, edit => count = CheckpointBitmaps.Break(_host.Images, edit.View,
                disk is null ? null : GuestIncidents.FindDisk(edit.View, disk).Target, bitmap));
            return count > 0 ? JsonValue.Create(count) : throw new MonitorException($"no disk has a bitmap '{bitmap}'");
        });
    }
}
