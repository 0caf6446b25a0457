using System.Text.Json;
using System.Text.RegularExpressions;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Documents;

/// <summary>
/// Documents given to both servers with the flag that has them validated. What is compared is the verdict (accepted, refused by the schema, refused by
/// something else), and the code, domain and level of the error; of a schema's refusal also its first line, since libxml2's words after it cannot be ours.
/// </summary>
public sealed partial class ValidationPass
{
    private readonly List<string> _unnamed = [];
    private readonly HashSet<string> _valid = new(StringComparer.Ordinal);
    private readonly List<(string Name, string Message)> _refused = [];

    private ValidationPass(IReadOnlyList<DocumentResult> results) => Results = results;

    public IReadOnlyList<DocumentResult> Results { get; }

    /// <summary>Mutants that our schema refuses where it takes the seed, by a message that does not name the element or attribute that was changed.</summary>
    public IReadOnlyList<string> Unnamed => _unnamed;

    /// <summary>How many of the refused mutants are refused by a message that names what was changed.</summary>
    public double PercentNamed => _refused.Count == 0 ? 0 : 100.0 * (_refused.Count - _unnamed.Count) / _refused.Count;

    /// <param name="source">The documents' file.</param>
    /// <param name="ours">Where our server is.</param>
    /// <param name="folder">Where to work.</param>
    /// <param name="stop">Ends it.</param>
    public static async Task<ValidationPass> RunAsync(string source, string ours, string folder, CancellationToken stop)
    {
        string expected = source + ".upstream", actual = source + ".ours";
        Finished[] runs = await Task.WhenAll(
            Python.RunAsync("validate_documents.py", folder, stop, "test:///default", source, expected),
            Python.RunAsync("validate_documents.py", folder, stop, ours, source, actual));
        if (runs.FirstOrDefault(run => run.Status != 0) is { Status: not 0 } failed) throw new InvalidOperationException(failed.Output);
        List<DocumentResult> results = [];
        ValidationPass pass = new(results);
        foreach ((string upstream, string our) in (await File.ReadAllLinesAsync(expected, stop)).Zip(await File.ReadAllLinesAsync(actual, stop)))
        {
            using JsonDocument one = JsonDocument.Parse(upstream), other = JsonDocument.Parse(our);
            string name = one.RootElement.GetProperty("name").GetString()!;
            Assert.Equal(name, other.RootElement.GetProperty("name").GetString());
            // What kills upstream, we must refuse.
            bool kills = one.RootElement.TryGetProperty("died", out _);
            string verdict = Verdict(one.RootElement), own = Verdict(other.RootElement);
            results.Add(kills
                ? new DocumentResult(name, true, "an error", own.StartsWith("accepted", StringComparison.Ordinal) ? own : "an error")
                : new DocumentResult(name, !verdict.StartsWith("accepted", StringComparison.Ordinal), verdict, own));
            pass.Note(name, other.RootElement);
        }

        pass.CheckNames();
        return pass;
    }

    /// <summary>What is compared.</summary>
    private static string Verdict(JsonElement result)
    {
        if (!result.TryGetProperty("verdict", out JsonElement verdict)) return "died";
        JsonElement[] error = [.. result.GetProperty("error").EnumerateArray()];
        string text = verdict.GetString()!;
        if (error.Length == 0) return text;
        string told = $"{text}: code {error[0]}, domain {error[1]}, level {error[2]}";
        return text == "invalid" ? $"{told}: {error[3].GetString()!.Split('\n')[0]}" : told;
    }

    private void Note(string name, JsonElement result)
    {
        if (!result.TryGetProperty("verdict", out JsonElement verdict)) return;
        if (name.EndsWith(" as it is", StringComparison.Ordinal) && verdict.GetString() != "invalid") _valid.Add(Seed(name));
        if (verdict.GetString() == "invalid" && Mutant().IsMatch(name)) _refused.Add((name, result.GetProperty("error")[3].GetString()!));
    }

    private void CheckNames()
    {
        _refused.RemoveAll(refused => !_valid.Contains(Seed(refused.Name)));
        foreach ((string name, string message) in _refused)
        {
            Match mutant = Mutant().Match(name);
            string changed = mutant.Groups["attribute"].Success ? mutant.Groups["attribute"].Value : mutant.Groups["element"].Value;
            string told = message[(message.IndexOf("\nAt /", StringComparison.Ordinal) + 1)..];
            if (!Regex.IsMatch(told, $@"(?<![\w-]){Regex.Escape(changed)}(?![\w-])")) _unnamed.Add($"{name}: {told.TrimEnd()}");
        }
    }

    private static string Seed(string mutant) => mutant[..mutant.IndexOf(' ', StringComparison.Ordinal)];

    /// <summary>The name of a mutant: the seed, and the path to what was changed.</summary>
    [GeneratedRegex(@"^\w+\.xml#\d+ (?:[\w.:-]+/)*(?<element>[\w.:-]+)(?:@(?<attribute>[\w.:-]+))?(?:=.*| removed| doubled)$")]
    private static partial Regex Mutant();
}
