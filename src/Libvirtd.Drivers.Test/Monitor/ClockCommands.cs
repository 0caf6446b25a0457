using System.Globalization;
using System.Text.Json.Nodes;

namespace Libvirtd.Drivers.Test;

/// <summary>The host's clock.</summary>
internal sealed partial class MonitorCommands
{
    private void AddClock()
    {
        Add("clock-query", (_, arguments) =>
        {
            arguments.End();
            return Clock();
        });
        _commands.Add("clock-advance", AdvanceAsync);
    }

    private async ValueTask<JsonNode> AdvanceAsync(MonitorCall call, CommandArguments arguments)
    {
        if (_host.Time is not VirtualClock clock)
            throw new MonitorException("the clock goes by itself: a host with ?clock=virtual in its URI has one that goes by command");
        string? word = arguments.Take("value");
        bool toNext = arguments.TakeWord("to", word == "next" ? "next" : "", "next") == "next";
        TimeSpan? by = arguments.TakeTime("by");
        if (word is not null && !toNext)
            by = Duration.TryParse(word, out TimeSpan given) ? given : throw CommandArguments.Bad("by", word, "a time such as 250ms, 2s or 5m");
        arguments.End();
        if (by is not null == toNext)
            throw new MonitorException("either 'by' or 'to' is needed");
        TimeSpan step = toNext ? clock.UntilNext ?? throw new MonitorException("nothing waits") : by!.Value;
        // What the timers do may be much: not on the thread that serves the client.
        long fired = await Task.Run(() => clock.Advance(step, call.Cancel), call.Cancel).ConfigureAwait(false);
        JsonObject answer = Clock();
        answer["fired"] = fired;
        return answer;
    }

    private JsonObject Clock()
    {
        JsonObject answer = new()
        {
            ["clock"] = _host.Time is VirtualClock ? "virtual" : "real",
            ["now"] = _host.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        };
        if (_host.Time is ScaledClock scaled)
            answer["speed"] = scaled.Speed;
        if (_host.Time is VirtualClock clock)
        {
            answer["elapsed"] = Seconds(clock.Elapsed);
            answer["waiting"] = clock.WaitingTimers;
            answer["next"] = clock.UntilNext is { } next ? Seconds(next) : null;
        }

        return answer;
    }

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 6);
}
