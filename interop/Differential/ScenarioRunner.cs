using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Differential;

/// <summary>Runs one scenario against one server, which is started for it alone: no scenario sees what another left.</summary>
internal static class ScenarioRunner
{
    /// <summary>Returns the normalised output of each command.</summary>
    /// <exception cref="InvalidOperationException">The server did not survive the scenario.</exception>
    public static async Task<IReadOnlyList<string>> RunAsync(Scenario scenario, Daemon daemon, CancellationToken stop)
    {
        using TempFolder work = new();
        foreach (string file in Directory.EnumerateFiles(Scenario.Files)) File.Copy(file, work.File(Path.GetFileName(file)));
        await using (daemon)
        {
            await daemon.StartAsync(stop);
            string path = scenario.Node is null ? "/default" : work.File(scenario.Node);
            (string scheme, path) = daemon is UpstreamDaemon && scenario.Upstream is { } other ? other : ("test", path);
            string uri = daemon.Uri(scenario.Tcp ? Transport.Tcp : scenario.ReadOnly ? Transport.UnixReadOnly : Transport.Unix, path, scheme);
            string[] options = scenario.ReadOnly ? ["-r", "-c", uri] : ["-c", uri];
            IReadOnlyList<string> outputs = await Virsh.RunBatchAsync(options, work.Path, scenario.Commands, stop);
            bool survived = daemon.IsRunning;
            await daemon.StopAsync();
            if (!survived || daemon.ExitCode != 0)
                throw new InvalidOperationException($"{scenario.Name}: {daemon.Name} ended with status {daemon.ExitCode}\n{daemon.Log}");

            Normalizer normalizer = new(Fixed(scenario), DateTimeOffset.UtcNow);
            return [.. outputs.Select(output => normalizer.Apply(WithoutAddress(output, daemon, work)))];
        }
    }

    // Where the server listens and where the documents lie is the harness's own choice, made anew for each run.
    private static string WithoutAddress(string output, Daemon daemon, TempFolder work) => output
        .Replace(daemon.Folder.Path, "$SERVER", StringComparison.Ordinal)
        .Replace($"127.0.0.1:{daemon.TcpPort}", "127.0.0.1:$PORT", StringComparison.Ordinal)
        .Replace(work.Path, "$WORK", StringComparison.Ordinal);

    // Ids that somebody wrote down are not random, and stay.
    private static IEnumerable<string> Fixed(Scenario scenario) =>
        Directory.EnumerateFiles(Scenario.Files, "*.xml").Select(File.ReadAllText).Concat(scenario.Commands);
}
