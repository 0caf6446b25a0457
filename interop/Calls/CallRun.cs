using System.Globalization;
using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Documents;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Calls;

/// <summary>
/// Makes random sequences of calls to upstream's server and to ours, once for all tests of the class; leaves a report in TestResults/calls.txt.
/// <c>LIBVIRTD_CALLS</c> asks for another number of sequences, <c>LIBVIRTD_CALLS_SEED</c> for others.
/// </summary>
public sealed class CallRun : IAsyncLifetime
{
    private const string DefaultSeed = "2";
    private const int DefaultCount = 250;
    private const int ForItself = 20;
    private const int AtOnce = 50; // one process takes so many sequences, well within the time that a process gets
    private const int ServerBroke = 3;

    private readonly TempFolder _work = new();
    private string? _missing;
    private CallComparison? _comparison;
    private CallComparison? _repeated;

    /// <summary>Whether the sequences are those to which the list of known differences belongs.</summary>
    public static bool IsDefault => Seed == DefaultSeed && Count >= DefaultCount;

    /// <summary>Ours against upstream's.</summary>
    public CallComparison Comparison => Present(_comparison);

    /// <summary>Upstream's against another of its kind.</summary>
    public CallComparison Repeated => Present(_repeated);

    private static string Seed => Environment.GetEnvironmentVariable("LIBVIRTD_CALLS_SEED") is { Length: > 0 } seed ? seed : DefaultSeed;

    private static int Count =>
        int.TryParse(Environment.GetEnvironmentVariable("LIBVIRTD_CALLS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0
            ? count : DefaultCount;

    public async ValueTask InitializeAsync()
    {
        await using UpstreamDaemon upstream = new();
        await using OurDaemon ours = new();
        _missing = Python.Missing ?? upstream.Missing ?? ours.Missing;
        if (_missing is not null) return;
        CancellationToken stop = TestContext.Current.CancellationToken;
        IReadOnlyList<string>[] lines = await Task.WhenAll(
            CompareAsync("calls", static () => new OurDaemon(), Count, stop),
            CompareAsync("itself", static () => new UpstreamDaemon(), ForItself, stop));
        _comparison = new CallComparison(lines[0], KnownCalls());
        _repeated = new CallComparison(lines[1], []);
        Console.WriteLine(_comparison.Summary);
        string folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "interop", "TestResults")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "calls.txt"), _comparison.Report(), stop);
    }

    public ValueTask DisposeAsync()
    {
        _work.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The list in <c>docs/known-calls.txt</c>: <c>pattern | reason</c> on each line, <c>#</c> starts a comment line.</summary>
    public static IReadOnlyList<DocumentDifference> KnownCalls() =>
        DocumentDifference.Parse(File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "known-calls.txt")));

    /// <summary>Runs all sequences; where a server goes away, both are started anew and the next sequence is taken.</summary>
    private async Task<IReadOnlyList<string>> CompareAsync(string name, Func<Daemon> other, int count, CancellationToken stop)
    {
        string results = _work.File(name + ".results"), folder = _work.Folder(name);
        string host = Path.Combine(AppContext.BaseDirectory, "Scenarios", "files", "node.xml");
        for (int first = 0; first < count;)
        {
            await using UpstreamDaemon upstream = new();
            await using Daemon second = other();
            await upstream.StartAsync(stop);
            await second.StartAsync(stop);
            bool isBroken = false;
            while (first < count && !isBroken)
            {
                int some = Math.Min(AtOnce, count - first);
                Finished finished = await Python.RunAsync("compare_calls.py", _work.Path, stop, upstream.Uri(Transport.Unix), second.Uri(Transport.Unix),
                    host, folder, results, Seed, Text(first), Text(some));
                isBroken = finished.Status == ServerBroke;
                if (!isBroken && finished.Status != 0)
                    throw new InvalidOperationException($"{finished.Output}\n{second.Log}");
                first = isBroken ? await LastSequenceAsync(results, stop) + 1 : first + some;
            }
        }

        return await File.ReadAllLinesAsync(results, stop);
    }

    private static async Task<int> LastSequenceAsync(string results, CancellationToken stop)
    {
        using System.Text.Json.JsonDocument last = System.Text.Json.JsonDocument.Parse((await File.ReadAllLinesAsync(results, stop))[^1]);
        return last.RootElement.GetProperty("sequence").GetInt32();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private CallComparison Present(CallComparison? comparison)
    {
        if (_missing is not null) Assert.Skip(_missing);
        return comparison!;
    }
}
