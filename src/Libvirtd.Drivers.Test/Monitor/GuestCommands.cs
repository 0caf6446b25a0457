using System.Text.Json;
using System.Text.Json.Nodes;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What befalls the guest whose monitor it is.</summary>
internal sealed partial class MonitorCommands
{
    private void AddGuest()
    {
        AddIncident("guest-crash", GuestIncidents.Crash);
        AddIncident("guest-panic", GuestIncidents.Panic, "GUEST_PANICKED");
        AddIncident("guest-shutdown", GuestIncidents.Shutdown, "SHUTDOWN");
        AddIncident("guest-reboot", GuestIncidents.Reboot, "RESET");
        Add("guest-watchdog", (call, arguments) =>
        {
            string word = arguments.TakeWord("action", "none", "none", "pause", "reset", "poweroff", "shutdown", "debug", "inject-nmi");
            arguments.End();
            RaiseMonitor(call, "WATCHDOG", new JsonObject { ["action"] = word });
            Change(call, edit => GuestIncidents.Watchdog(edit, word switch
            {
                "pause" => DomainEventWatchdogAction.Pause,
                "reset" => DomainEventWatchdogAction.Reset,
                "poweroff" => DomainEventWatchdogAction.Poweroff,
                "shutdown" => DomainEventWatchdogAction.Shutdown,
                "debug" => DomainEventWatchdogAction.Debug,
                "inject-nmi" => DomainEventWatchdogAction.Injectnmi,
                _ => DomainEventWatchdogAction.None,
            }));
            return null;
        });
        Add("disk-error", (call, arguments) =>
        {
            string? target = arguments.Take("disk") ?? arguments.Take("value");
            string reason = arguments.Take("reason") ?? "";
            DomainEventIoErrorAction? action = arguments.TakeWord("action", "", "pause", "report", "ignore") switch
            {
                "pause" => DomainEventIoErrorAction.Pause,
                "report" => DomainEventIoErrorAction.Report,
                "ignore" => DomainEventIoErrorAction.None,
                _ => null,
            };
            arguments.End();
            DomainDisk? disk = null;
            Change(call, edit => disk = GuestIncidents.DiskError(edit, target, reason, action));
            RaiseMonitor(call, "BLOCK_IO_ERROR", new JsonObject { ["device"] = disk!.Value.Target, ["reason"] = reason });
            return null;
        });
        Add("agent-stop", (call, arguments) => SetAgent(call, arguments, answers: false));
        Add("agent-start", (call, arguments) => SetAgent(call, arguments, answers: true));
        Add("event-emit", (call, arguments) =>
        {
            string name = arguments.Take("event") ?? arguments.Require("value");
            string? data = arguments.Take("data");
            arguments.End();
            RaiseMonitor(call, name, data is null ? null : ParseData(data));
            return null;
        });
    }

    private void AddIncident(string name, Action<DomainEdit> incident, string? monitorEvent = null) => Add(name, (call, arguments) =>
    {
        arguments.End();
        Change(call, incident);
        if (monitorEvent is not null)
            RaiseMonitor(call, monitorEvent, null);
        return null;
    });

    private static void Change(MonitorCall call, Action<DomainEdit> change)
    {
        using DomainEdit edit = call.Domain.Owner.Edit(call.Domain.View.Ref);
        change(edit);
    }

    private JsonObject SetAgent(MonitorCall call, CommandArguments arguments, bool answers)
    {
        arguments.End();
        return new JsonObject { ["changed"] = _host.Agents.Set(call.Domain.View, answers) };
    }

    /// <summary>An event of the monitor, as <c>virsh qemu-monitor-event</c> shows it.</summary>
    private void RaiseMonitor(MonitorCall call, string name, JsonNode? data)
    {
        if (!_host.Events.HasListeners)
            return;
        long ticks = (_host.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
        _host.Events.Raise(new DomainMonitorEvent
        {
            Dom = call.Domain.View.Ref,
            Event = name,
            Seconds = ticks / TimeSpan.TicksPerSecond,
            Micros = (uint)(ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond),
            Details = data is null ? null : MonitorRequest.Format(data),
        });
    }

    private static JsonNode? ParseData(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            throw CommandArguments.Bad("data", text, "JSON");
        }
    }
}
