using System.Text.Json.Nodes;

namespace Libvirtd.Drivers.Test;

/// <summary>What the guest does to its disks, and what becomes of what checkpoints record there.</summary>
internal sealed partial class MonitorCommands
{
    /// <summary>Bytes that a guest writes by one command at most.</summary>
    private const long MostWritten = 1 << 30;

    /// <summary>Bytes that take no time worth speaking of.</summary>
    private const long MostAtOnce = 1 << 20;

    private void AddDisks()
    {
        _commands.Add("guest-write", WriteAsync);
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

    private static async ValueTask<JsonNode> WriteAsync(MonitorCall call, CommandArguments arguments)
    {
        string? disk = arguments.Take("disk") ?? arguments.Take("value");
        long bytes = arguments.TakeNumber("bytes", 1 << 20, 1, MostWritten);
        long offset = arguments.TakeNumber("offset", -1, 0, long.MaxValue);
        long pattern = arguments.TakeNumber("pattern", -1, 0, byte.MaxValue);
        long seed = arguments.TakeNumber("seed", -1, 0, long.MaxValue);
        arguments.End();
        if (pattern >= 0 && seed >= 0)
            throw new MonitorException("either 'pattern' or 'seed' can be given");
        GuestWrite write = new(bytes)
        {
            Offset = offset < 0 ? null : offset,
            Pattern = pattern < 0 ? null : (byte)pattern,
            Seed = seed < 0 ? null : (ulong)seed,
        };
        long? start = null;
        // Much takes its time: not on the thread that serves the client.
        if (bytes > MostAtOnce)
            await Task.Run(Write, call.Cancel).ConfigureAwait(false);
        else
            Write();
        return new JsonObject { ["offset"] = start };

        void Write() => Change(call, edit =>
        {
            if (!edit.View.IsActive)
                throw new MonitorException("the domain does not run");
            start = GuestWrites.Write(edit, GuestIncidents.FindDisk(edit.View, disk).Target, write);
        });
    }
}
