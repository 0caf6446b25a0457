using System.Text.Json.Nodes;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The few commands of QEMU's own monitor that tools ask first.</summary>
internal sealed partial class MonitorCommands
{
    private void AddQuery()
    {
        Add("query-commands", (_, arguments) =>
        {
            arguments.End();
            return new JsonArray([.. _commands.Keys.Select(static name => (JsonNode)new JsonObject { ["name"] = name })]);
        });
        Add("query-version", (_, arguments) =>
        {
            arguments.End();
            return new JsonObject { ["qemu"] = new JsonObject { ["major"] = 0, ["minor"] = 0, ["micro"] = 0 }, ["package"] = "Libvirtd.Net test driver" };
        });
        Add("query-name", (call, arguments) =>
        {
            arguments.End();
            return new JsonObject { ["name"] = call.Domain.View.Definition.Name };
        });
        Add("query-status", (call, arguments) =>
        {
            arguments.End();
            DomainView view = call.Domain.View;
            string status = view.State switch
            {
                DomainState.Running or DomainState.Blocked => "running",
                DomainState.Paused when view.Reason == (int)DomainPausedReason.Ioerror => "io-error",
                DomainState.Paused when view.Reason == (int)DomainPausedReason.Watchdog => "watchdog",
                DomainState.Paused => "paused",
                DomainState.Crashed => "guest-panicked",
                DomainState.Pmsuspended => "suspended",
                _ => "shutdown",
            };
            return new JsonObject { ["status"] = status, ["running"] = status == "running" };
        });
    }
}
