using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Differential;

/// <summary>Runs every scenario against both servers, once for all tests of the class; leaves a report in TestResults/differential.txt.</summary>
public sealed class DifferentialRun : IAsyncLifetime
{
    private readonly Dictionary<string, Exception> _failures = [];
    private Comparison? _comparison;

    public string? Missing { get; private set; }

    /// <summary>The results; the test is skipped when a server cannot run here, and fails when the scenario broke off.</summary>
    public Comparison Comparison(string? scenario = null)
    {
        if (Missing is not null) Assert.Skip(Missing);
        foreach ((string name, Exception failure) in _failures)
        {
            if (scenario is null || scenario == name) Assert.Fail($"{name}: {failure.Message}");
        }

        return _comparison!;
    }

    public async ValueTask InitializeAsync()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        await using UpstreamDaemon upstream = new();
        await using OurDaemon ours = new();
        Missing = Virsh.Missing ?? upstream.Missing ?? ours.Missing;
        if (Missing is not null) return;

        List<CommandResult> results = [];
        foreach (string name in Scenario.AllNames)
        {
            Scenario scenario = Scenario.Load(name);
            try
            {
                results.AddRange(await CompareAsync(scenario, new UpstreamDaemon(), new OurDaemon(), stop));
            }
            catch (Exception failure) when (failure is InvalidOperationException or TimeoutException)
            {
                _failures[name] = failure;
            }
        }

        _comparison = new Comparison(results, KnownDifferences.Load());
        Console.WriteLine(_comparison.Summary);
        string folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "interop", "TestResults")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "differential.txt"), _comparison.Report(), stop);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Runs one scenario against two servers at the same time.</summary>
    internal static async Task<IReadOnlyList<CommandResult>> CompareAsync(Scenario scenario, Daemon first, Daemon second, CancellationToken stop)
    {
        IReadOnlyList<string>[] outputs = await Task.WhenAll(
            ScenarioRunner.RunAsync(scenario, first, stop), ScenarioRunner.RunAsync(scenario, second, stop));
        return [.. scenario.Commands.Select((command, i) => new CommandResult(scenario.Name, command, outputs[0][i], outputs[1][i]))];
    }
}
