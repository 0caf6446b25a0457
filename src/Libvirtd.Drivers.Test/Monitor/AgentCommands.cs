using System.Text.Json.Nodes;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The commands that a guest's agent answers when it is spoken to directly.</summary>
internal sealed class AgentCommands(TestHost host)
{
    private static readonly string[] s_names =
        ["guest-get-host-name", "guest-get-osinfo", "guest-get-time", "guest-fsfreeze-status", "guest-info", "guest-ping", "guest-sync"];

    /// <summary>Answers a command.</summary>
    /// <exception cref="VirException">The agent cannot: the text is as libvirt tells an agent's errors.</exception>
    public string Run(DomainView view, string text)
    {
        try
        {
            MonitorRequest request = MonitorRequest.ParseJson(text);
            string answer = request.Answer("return", Answer(view, request));
            request.Arguments.End();
            return answer;
        }
        catch (MonitorException e)
        {
            throw VirException.Internal(ErrorDomain.Test, $"unable to execute QEMU agent command: {e.Message}");
        }
    }

    private JsonNode Answer(DomainView view, MonitorRequest request) => request.Name switch
    {
        "guest-ping" => new JsonObject(),
        "guest-sync" => request.Arguments.TakeNumber("id", 0, long.MinValue, long.MaxValue),
        "guest-info" => new JsonObject
        {
            ["version"] = "9.0.0",
            ["supported_commands"] = new JsonArray([.. s_names.Select(static name => (JsonNode)new JsonObject
            {
                ["enabled"] = true,
                ["name"] = name,
                ["success-response"] = true,
            })]),
        },
        "guest-get-host-name" => new JsonObject { ["host-name"] = view.Definition.Name + "host" },
        "guest-get-osinfo" => new JsonObject { ["id"] = "test", ["name"] = "Test guest", ["kernel-release"] = "0" },
        "guest-get-time" => (host.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick,
        "guest-fsfreeze-status" => view.Guest.RootFrozen || view.Guest.BootFrozen ? "frozen" : "thawed",
        _ => throw new UnknownCommandException(request.Name),
    };
}
