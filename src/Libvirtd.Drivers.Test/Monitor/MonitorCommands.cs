using System.Text.Json.Nodes;

namespace Libvirtd.Drivers.Test;

/// <summary>The command of one client.</summary>
/// <param name="Domain">Whose monitor it came to.</param>
/// <param name="Cancel">Ends when the client is gone.</param>
internal sealed record MonitorCall(TestDomain Domain, CancellationToken Cancel);

/// <summary>A command that nobody knows.</summary>
internal sealed class UnknownCommandException(string name) : MonitorException($"The command {name} has not been found");

/// <summary>All commands of a host's monitors, by name. Each file holds one concern.</summary>
internal sealed partial class MonitorCommands
{
    private readonly TestHost _host;
    private readonly SortedDictionary<string, Func<MonitorCall, CommandArguments, ValueTask<JsonNode>>> _commands = new(StringComparer.Ordinal);

    public MonitorCommands(TestHost host)
    {
        _host = host;
        AddClock();
        AddDisks();
        AddFaults();
        AddGuest();
        AddQuery();
    }

    /// <summary>Does what a command wants.</summary>
    /// <returns>What the answer's "return" holds.</returns>
    /// <exception cref="MonitorException">It cannot be done.</exception>
    public ValueTask<JsonNode> RunAsync(MonitorCall call, MonitorRequest request) =>
        _commands.TryGetValue(request.Name, out Func<MonitorCall, CommandArguments, ValueTask<JsonNode>>? run)
            ? run(call, request.Arguments)
            : throw new UnknownCommandException(request.Name);

    /// <summary>A command that answers at once; null answers an empty object.</summary>
    private void Add(string name, Func<MonitorCall, CommandArguments, JsonNode?> run) =>
        _commands.Add(name, (call, arguments) => new(run(call, arguments) ?? new JsonObject()));
}
