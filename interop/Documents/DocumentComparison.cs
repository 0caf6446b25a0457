using System.Globalization;
using System.Text;

namespace Libvirtd.Interop.Documents;

/// <summary>What both servers made of one document, line by line.</summary>
/// <param name="Name">The document.</param>
/// <param name="Refused">Upstream answers it by an error.</param>
/// <param name="Expected">Upstream's texts or error.</param>
/// <param name="Actual">Ours.</param>
public sealed record DocumentResult(string Name, bool Refused, string Expected, string Actual)
{
    private const int MaxLines = 40;

    public bool IsIdentical => Expected == Actual;

    /// <summary>The lines that only one of both has.</summary>
    public string Describe()
    {
        string[] expected = Expected.Split('\n'), actual = Actual.Split('\n');
        IEnumerable<string> lines = expected.Except(actual).Select(line => "- " + line).Concat(actual.Except(expected).Select(line => "+ " + line));
        StringBuilder text = new($"{Name}\n");
        foreach (string line in lines.DefaultIfEmpty("  the same lines in another order").Take(MaxLines)) text.Append(line).Append('\n');
        return text.ToString();
    }
}

/// <summary>All results of one kind of documents, set against the list of known differences.</summary>
public sealed class DocumentComparison(string what, IReadOnlyList<DocumentResult> results, IReadOnlyList<DocumentDifference> known)
{
    public int Count => results.Count;

    public double Percent => Share(results);

    /// <summary>How many of those that upstream refuses are refused by the same code and message.</summary>
    public double PercentOfErrors => Share([.. results.Where(result => result.Refused)]);

    public string Summary => string.Create(CultureInfo.InvariantCulture,
        $"{what}: {Count} documents, {Percent:0.00} % identical; of {results.Count(result => result.Refused)} errors {PercentOfErrors:0.00} %");

    public IReadOnlyList<DocumentResult> Unexplained() =>
        [.. Differences.Where(result => !known.Any(entry => entry.Matches(result.Name)))];

    public bool Uses(DocumentDifference entry) => Differences.Any(result => entry.Matches(result.Name));

    /// <summary>The summary and every difference.</summary>
    public string Report() => string.Join('\n', [Summary, "", .. Differences.Select(result => result.Describe())]);

    private IEnumerable<DocumentResult> Differences => results.Where(result => !result.IsIdentical);

    private static double Share(IReadOnlyList<DocumentResult> some) =>
        some.Count == 0 ? 0 : 100.0 * some.Count(result => result.IsIdentical) / some.Count;
}
