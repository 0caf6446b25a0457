using System.Globalization;
using System.Text;
using System.Text.Json;
using Libvirtd.Interop.Documents;

namespace Libvirtd.Interop.Calls;

/// <summary>What all sequences of calls came to, set against the list of known differences.</summary>
public sealed class CallComparison
{
    private readonly IReadOnlyList<DocumentDifference> _known;
    private readonly List<CallDifference> _differences = [];
    private readonly Dictionary<string, CallCount> _counts = [];

    /// <param name="lines">One JSON object each, as <c>compare_calls.py</c> writes them.</param>
    /// <param name="known">Patterns of <see cref="CallDifference.Text"/>.</param>
    public CallComparison(IEnumerable<string> lines, IReadOnlyList<DocumentDifference> known)
    {
        _known = known;
        foreach (string line in lines)
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            if (root.TryGetProperty("counts", out JsonElement counts))
            {
                Sequences++;
                foreach (CallCount count in counts.EnumerateObject().Select(CallCount.Read))
                    _counts[count.Call] = _counts.TryGetValue(count.Call, out CallCount? before) ? before + count : count;
            }
            else if (root.TryGetProperty("broken", out JsonElement broken))
            {
                Broken.Add($"{root.GetProperty("sequence")}: {root.GetProperty("last")}: {broken}");
            }
            else
            {
                _differences.Add(CallDifference.Read(root));
            }
        }
    }

    public int Sequences { get; }

    /// <summary>The calls at which a server went away.</summary>
    public List<string> Broken { get; } = [];

    public IEnumerable<string> Calls => _counts.Keys;

    /// <summary>Calls whose answers, events and state were compared.</summary>
    public int Compared => Sum(static one => one.Compared);

    public int Different => Sum(static one => one.Different);

    /// <summary>Calls that upstream's driver refuses altogether.</summary>
    public int Beyond => Sum(static one => one.Beyond);

    public double Percent => Compared == 0 ? 0 : 100.0 * (Compared - Different) / Compared;

    public string Summary => string.Create(CultureInfo.InvariantCulture,
        $"calls: {Compared} in {Sequences} sequences, {Percent:0.00} % identical; {Sum(static one => one.Errors)} errors among them; {Beyond} beyond");

    /// <summary>Steps whose first difference is on no list; what follows from a difference is taken with it.</summary>
    public IReadOnlyList<CallDifference> Unexplained() =>
        [.. Steps.Where(step => !_known.Any(entry => entry.Matches(step.First().Text))).SelectMany(step => step)];

    public bool Uses(DocumentDifference entry) => Steps.Any(step => entry.Matches(step.First().Text));

    /// <summary>The summary, how often each call was made, and the differences by call and kind, the most frequent first.</summary>
    public string Report()
    {
        StringBuilder text = new($"{Summary}\n\n");
        foreach (string broken in Broken) text.Append(CultureInfo.InvariantCulture, $"a server went away: {broken}\n");
        text.Append("\nresults errors refused beyond different call\n");
        foreach (CallCount count in _counts.Values.OrderBy(count => count.Call, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{count.Results,7} {count.Errors,6} {count.Refused,7} {count.Beyond,6} {count.Different,9} {count.Call}\n");
        }

        foreach (IGrouping<string, CallDifference> group in Steps.Select(step => step.First()).GroupBy(one => $"{one.Call} | {one.Kind}")
                     .OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{group.Count()} times {group.First().Describe()}");
        }

        text.Append("\nall differences\n\n");
        foreach (CallDifference difference in _differences) text.Append(difference.Describe());
        return text.ToString();
    }

    private int Sum(Func<CallCount, int> part) => _counts.Values.Sum(part);

    private IEnumerable<IGrouping<(int Sequence, int At), CallDifference>> Steps => _differences.GroupBy(difference => difference.Step);
}
