using System.Collections.Concurrent;
using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Differential;

/// <summary>
/// Runs every scenario against our server and twice against upstream's, once for all tests; leaves a report in TestResults/differential.txt.
/// </summary>
public sealed class DifferentialRun : IAsyncLifetime
{
    private const int AtOnce = 4;

    private readonly ConcurrentDictionary<string, Exception> _failures = new();
    private Comparison? _comparison;
    private Comparison? _upstream;

    public string? Missing { get; private set; }

    /// <summary>Ours against upstream's; the test is skipped when a server cannot run here, and fails when the scenario broke off.</summary>
    public Comparison Comparison(string? scenario = null) => Checked(scenario, _comparison);

    /// <summary>Upstream's second run against its first.</summary>
    public Comparison Repeated(string? scenario = null) => Checked(scenario, _upstream);

    public async ValueTask InitializeAsync()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        await using UpstreamDaemon upstream = new();
        await using OurDaemon ours = new();
        Missing = Virsh.Missing ?? upstream.Missing ?? ours.Missing;
        if (Missing is not null) return;

        // Most of a scenario's time is waiting: for servers that start, for events that do not come.
        ConcurrentDictionary<string, IReadOnlyList<CommandResult>> results = new(), repeated = new();
        ParallelOptions options = new() { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop };
        await Parallel.ForEachAsync(Scenario.AllNames, options, async (name, cancel) =>
        {
            try
            {
                Scenario scenario = Scenario.Load(name);
                IReadOnlyList<string>[] outputs = await Task.WhenAll(
                    ((Daemon[])[new UpstreamDaemon(), new UpstreamDaemon(), new OurDaemon()]).Select(server => ScenarioRunner.RunAsync(scenario, server, cancel)));
                repeated[name] = Pair(scenario, outputs[0], outputs[1]);
                results[name] = Pair(scenario, outputs[0], outputs[2]);
            }
            catch (Exception failure) when (failure is InvalidOperationException or TimeoutException)
            {
                _failures[name] = failure;
            }
        });

        _comparison = new Comparison(All(results), KnownDifferences.Load());
        _upstream = new Comparison(All(repeated), []);
        Console.WriteLine(_comparison.Summary);
        string folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "interop", "TestResults")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "differential.txt"), _comparison.Report(), stop);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Comparison Checked(string? scenario, Comparison? comparison)
    {
        if (Missing is not null) Assert.Skip(Missing);
        foreach ((string name, Exception failure) in _failures)
        {
            if (scenario is null || scenario == name) Assert.Fail($"{name}: {failure.Message}");
        }

        return comparison!;
    }

    private static CommandResult[] All(ConcurrentDictionary<string, IReadOnlyList<CommandResult>> results) =>
        [.. Scenario.AllNames.Where(results.ContainsKey).SelectMany(name => results[name])];

    private static CommandResult[] Pair(Scenario scenario, IReadOnlyList<string> expected, IReadOnlyList<string> actual) =>
        [.. scenario.Commands.Select((command, i) => new CommandResult(scenario.Name, command, expected[i], actual[i]))];
}
