using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Differential;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Documents;

/// <summary>
/// Makes the documents, gives them to upstream's test driver in a process of its own and to our server, once for all tests of the class; leaves
/// reports in TestResults.
/// </summary>
public sealed partial class DocumentRun : IAsyncLifetime
{
    private const string Tools = "/usr/share/virt-manager/virtinst";
    private const string Pages = "/usr/share/doc/libvirt-doc/html";

    private readonly TempFolder _work = new();
    private string? _missing;
    private DocumentComparison? _documents;
    private DocumentComparison? _mutants;
    private DocumentComparison? _newer;
    private DocumentComparison? _verdicts;
    private ValidationPass? _validation;

    /// <summary>What the tools said of options that they made nothing of; empty when all made a document.</summary>
    public string Rejected { get; private set; } = "";

    /// <summary>Documents that people write: of virt-install and virt-xml, and the examples in libvirt's own pages.</summary>
    public DocumentComparison Documents => Present(_documents);

    /// <summary>Documents with one thing wrong.</summary>
    public DocumentComparison Mutants => Present(_mutants);

    /// <summary>What libvirt took up after 9.0, whole and with one thing wrong; only where upstream is of another system, which may know it.</summary>
    public DocumentComparison Newer
    {
        get
        {
            if (_missing is null && Upstream.Root is null) Assert.Skip("libvirt 9.0 knows none of these");
            return Present(_newer);
        }
    }

    /// <summary>All of them, and those of <c>validated</c>, given to be validated; the schemas are those of libvirt 9.0.</summary>
    public DocumentComparison Verdicts => PresentSchemas(_verdicts);

    public ValidationPass Validation => PresentSchemas(_validation);

    public async ValueTask InitializeAsync()
    {
        await using OurDaemon ours = new();
        _missing = Python.Missing ?? ours.Missing
            ?? (Directory.Exists(Upstream.Path(Tools)) ? null : $"{Tools} is not installed (Debian package: virtinst)")
            ?? (Directory.Exists(Upstream.Path(Pages)) ? null : $"{Pages} is not installed (Debian package: libvirt-doc)");
        if (_missing is not null) return;
        CancellationToken stop = TestContext.Current.CancellationToken;
        string own = Path.Combine(AppContext.BaseDirectory, "Documents");
        await ours.StartAsync(stop);
        Task<Finished> install = MakeAsync("install", Path.Combine(own, "options.txt"), stop);
        Task<Finished> examples = MakeAsync("examples", Pages, stop);
        Task<Finished> mutants = MakeAsync("mutants", Path.Combine(own, "seeds"), stop);
        Task<Finished> validated = MakeAsync("mutants", Path.Combine(own, "validated"), stop, "validated");
        Rejected = (await install).Output;
        List<Finished> made = [await examples, await mutants, await validated];
        if (Upstream.Root is not null)
        {
            made.Add(await MakeAsync("install", Path.Combine(own, "newer", "options.txt"), stop, "newer.options"));
            made.Add(await MakeAsync("mutants", Path.Combine(own, "newer"), stop, "newer.mutants"));
        }

        foreach (Finished finished in made)
        {
            if (finished.Status != 0) throw new InvalidOperationException(finished.Output);
        }

        IReadOnlyList<DocumentDifference> known = DocumentDifference.Load();
        await JoinAsync("documents", "install", "examples", stop);
        _documents = new DocumentComparison("documents", await CompareAsync("documents", ours, stop), known);
        _mutants = new DocumentComparison("mutants", await CompareAsync("mutants", ours, stop), known);
        List<(string, DocumentComparison)> reports = [("documents", _documents), ("mutants", _mutants)];
        if (Upstream.Root is not null)
        {
            await JoinAsync("newer", "newer.options", "newer.mutants", stop);
            _newer = new DocumentComparison("newer", await CompareAsync("newer", ours, stop), []);
            reports.Add(("newer", _newer));
        }

        if (Upstream.Root is null)
        {
            string all = _work.File("all");
            await File.WriteAllLinesAsync(all, await ReadAllAsync(["documents", "mutants", "validated"], stop), stop);
            _validation = await ValidationPass.RunAsync(all, ours.Uri(Transport.Unix), _work.Path, stop);
            _verdicts = new DocumentComparison("verdicts", _validation.Results, DocumentDifference.Load("known-validation.txt"));
            reports.Add(("verdicts", _verdicts));
        }

        string folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "interop", "TestResults")).FullName;
        foreach ((string name, DocumentComparison comparison) in reports)
        {
            Console.WriteLine(comparison.Summary);
            await File.WriteAllTextAsync(Path.Combine(folder, name + ".txt"), comparison.Report(), stop);
        }
    }

    public ValueTask DisposeAsync()
    {
        _work.Dispose();
        return ValueTask.CompletedTask;
    }

    private T Present<T>(T? result)
        where T : class
    {
        if (_missing is not null) Assert.Skip(_missing);
        return result!;
    }

    private T PresentSchemas<T>(T? result)
        where T : class
    {
        if (_missing is null && Upstream.Root is not null) Assert.Skip("our schemas are those of libvirt 9.0");
        return Present(result);
    }

    private Task<Finished> MakeAsync(string what, string from, CancellationToken stop, string? name = null) =>
        Python.RunAsync("make_documents.py", _work.Path, stop, what, from, _work.File(name ?? what));

    private async Task JoinAsync(string name, string first, string second, CancellationToken stop) => await File.WriteAllTextAsync(
        _work.File(name), await File.ReadAllTextAsync(_work.File(first), stop) + await File.ReadAllTextAsync(_work.File(second), stop), stop);

    /// <summary>The documents to be validated. The first disk has so many attributes that libxml2 would take days for it.</summary>
    private async Task<IReadOnlyList<string>> ReadAllAsync(string[] names, CancellationToken stop)
    {
        List<string> lines = [];
        foreach (string name in names) lines.AddRange(await File.ReadAllLinesAsync(_work.File(name), stop));
        return [.. lines.Where(line => !line.StartsWith("{\"name\": \"devices.xml#0 ", StringComparison.Ordinal))];
    }

    private async Task<IReadOnlyList<DocumentResult>> CompareAsync(string name, OurDaemon ours, CancellationToken stop)
    {
        string source = _work.File(name), expected = source + ".upstream", actual = source + ".ours";
        Finished[] runs = await Task.WhenAll(
            Python.RunAsync("run_documents.py", _work.Path, stop, "test:///default", source, expected),
            Python.RunAsync("run_documents.py", _work.Path, stop, ours.Uri(Transport.Unix), source, actual));
        if (runs.FirstOrDefault(run => run.Status != 0) is { Status: not 0 } failed) throw new InvalidOperationException($"{failed.Output}\n{ours.Log}");
        Dictionary<string, string> texts = [];
        foreach (JsonElement document in await ReadAsync(source, stop))
            texts[document.GetProperty("name").GetString()!] = document.GetProperty("xml").GetString()!;
        return
        [
            .. (await ReadAsync(expected, stop)).Zip(await ReadAsync(actual, stop), (upstream, our) =>
            {
                string document = upstream.GetProperty("name").GetString()!;
                Assert.Equal(document, our.GetProperty("name").GetString());
                // What kills upstream, we must refuse.
                bool kills = upstream.TryGetProperty("died", out _), refused = our.TryGetProperty("error", out _);
                return kills
                    ? new DocumentResult(document, true, "an error", refused ? "an error" : Flatten(our, texts[document]))
                    : new DocumentResult(document, upstream.TryGetProperty("error", out _), Flatten(upstream, texts[document]), Flatten(our, texts[document]));
            }),
        ];
    }

    private static async Task<IReadOnlyList<JsonElement>> ReadAsync(string path, CancellationToken stop) =>
        [.. (await File.ReadAllLinesAsync(path, stop)).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>All that a server said of a document, without what is generated anew each time.</summary>
    private static string Flatten(JsonElement result, string document)
    {
        StringBuilder text = new();
        foreach (JsonProperty part in result.EnumerateObject().Where(part => part.Name != "name"))
            text.Append("## ").Append(part.Name).Append('\n').Append(part.Value).Append('\n');
        string all = new Normalizer([document], DateTimeOffset.UtcNow).Apply(text.ToString());
        return ImageIndex().Replace(DomainId().Replace(all, "$1 id=''"), "$1");
    }

    /// <summary>Numbers are counted by the server, and one that fails to start a domain counts it all the same.</summary>
    [GeneratedRegex(@"(<domain type='[a-z]+') id='\d+'")]
    private static partial Regex DomainId();

    /// <summary>Beyond upstream's test driver, ours numbers the images of a running domain, as block jobs need it.</summary>
    [GeneratedRegex(@"(<(?:source|backingStore)\b[^>\n]*) index='\d+'")]
    private static partial Regex ImageIndex();
}
