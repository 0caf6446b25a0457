using System.Text.Json.Nodes;

namespace Libvirtd.Drivers.Test;

/// <summary>Faults of calls, streams, connections, events and block jobs.</summary>
internal sealed partial class MonitorCommands
{
    private const int MostEvents = 100_000;

    private void AddFaults()
    {
        HostFaults faults = _host.Faults;
        Add("fault-inject", (_, arguments) => new JsonObject { ["id"] = faults.Add(FaultParser.Parse(arguments)) });
        Add("connection-drop", (_, arguments) => new JsonObject { ["id"] = faults.Add(FaultParser.Parse(arguments, "drop")) });
        Add("fault-list", (_, arguments) =>
        {
            arguments.End();
            return new JsonArray([.. faults.Rules.Select(Describe)]);
        });
        Add("fault-release", (_, arguments) =>
        {
            int? id = TakeId(arguments);
            return new JsonObject { ["released"] = faults.Rules.Where(rule => id is null || rule.Id == id).Sum(static rule => rule.Release()) };
        });
        Add("fault-clear", (_, arguments) =>
        {
            int? id = TakeId(arguments);
            int cleared = faults.Remove(id);
            if (id is null)
            {
                faults.Events.Clear();
                faults.Jobs.Clear();
            }

            return new JsonObject { ["cleared"] = cleared };
        });
        Add("events-drop", (_, arguments) => Events(arguments, faults.Events.Drop));
        Add("events-reorder", (_, arguments) => Events(arguments, faults.Events.Reorder));
        Add("events-delay", (_, arguments) =>
        {
            TimeSpan by = arguments.TakeTime("time") ?? throw new MonitorException("Parameter 'time' is missing");
            return Events(arguments, count => faults.Events.Delay(count, by));
        });
        Add("block-job-error", (call, arguments) =>
        {
            string? disk = arguments.Take("disk") ?? arguments.Take("value");
            bool isNow = arguments.TakeWord("when", "next", "next", "now") == "now";
            JobFault fault = new(arguments.TakeFraction("percent", 50, 100), arguments.Take("message") ?? "Input/output error");
            arguments.End();
            DomainView view = call.Domain.View;
            string target = GuestIncidents.FindDisk(view, disk).Target;
            if (isNow)
                Change(call, edit => FailNow(edit, target, fault));
            else
                faults.Jobs.Add(view.Definition.Uuid, target, fault);
            return null;
        });
    }

    private static JsonNode? Events(CommandArguments arguments, Action<int> order)
    {
        int count = (int)arguments.TakeNumber("count", 1, 1, MostEvents);
        arguments.End();
        order(count);
        return null;
    }

    private void FailNow(DomainEdit edit, string target, JobFault fault)
    {
        if (!_host.BlockJobs.FailNow(edit, target, fault))
            throw new MonitorException($"no block job is active on disk {target}");
    }

    private static int? TakeId(CommandArguments arguments)
    {
        long id = arguments.TakeNumber("id", 0, 1, int.MaxValue);
        arguments.End();
        return id == 0 ? null : (int)id;
    }

    private static JsonNode Describe(FaultRule rule)
    {
        JsonObject answer = new()
        {
            ["id"] = rule.Id,
            ["call"] = rule.Call,
            ["action"] = rule.Action.ToString().ToLowerInvariant(),
        };
        if (rule.Error is { } error)
            answer["message"] = error.Message;
        if (rule.Time > TimeSpan.Zero)
            answer["time"] = Seconds(rule.Time);
        if (rule.IsAfter)
            answer["when"] = "after";
        if (rule.Bytes is { } bytes)
            answer["bytes"] = bytes;
        if (rule.Chance < 1)
            answer["chance"] = rule.Chance;
        if (rule.Skip > 0)
            answer["skip"] = rule.Skip;
        answer["count"] = rule.Remaining;
        answer["hits"] = rule.Hits;
        answer["waiting"] = rule.Waiting;
        return answer;
    }
}
