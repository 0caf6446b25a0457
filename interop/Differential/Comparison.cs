using System.Globalization;
using System.Text;

namespace Libvirtd.Interop.Differential;

/// <summary>One command's output from both servers.</summary>
public sealed record CommandResult(string Scenario, string Command, string Expected, string Actual)
{
    public bool IsIdentical => Expected == Actual;

    public string Describe() =>
        $"""
        {Scenario}: {Command}
        --- upstream
        {Expected.TrimEnd('\n')}
        --- ours
        {Actual.TrimEnd('\n')}

        """;
}

/// <summary>All results, set against the list of known differences.</summary>
public sealed class Comparison(IReadOnlyList<CommandResult> results, IReadOnlyList<KnownDifference> known)
{
    public int Commands => results.Count;

    public int Identical { get; } = results.Count(result => result.IsIdentical);

    public double Percent => Commands == 0 ? 0 : 100.0 * Identical / Commands;

    public string Summary => string.Create(CultureInfo.InvariantCulture,
        $"differential: {Commands} commands, {Identical} identical ({Percent:0.0} %), {known.Count} known differences");

    /// <summary>The differences of a scenario that nobody has explained.</summary>
    public IReadOnlyList<CommandResult> Unexplained(string scenario) =>
        [.. Differences().Where(result => result.Scenario == scenario && !known.Any(entry => Matches(entry, result)))];

    /// <summary>Entries of the list for which both servers now print the same, or that name no command.</summary>
    public IReadOnlyList<KnownDifference> Obsolete() => [.. known.Where(entry => !Differences().Any(result => Matches(entry, result)))];

    /// <summary>The summary and every difference in full.</summary>
    public string Report()
    {
        StringBuilder report = new(Summary + "\n\n");
        foreach (CommandResult result in Differences()) report.Append(result.Describe()).Append('\n');
        return report.ToString();
    }

    private static bool Matches(KnownDifference entry, CommandResult result) =>
        entry.Scenario == result.Scenario && entry.Command == result.Command;

    private IEnumerable<CommandResult> Differences() => results.Where(result => !result.IsIdentical);
}
