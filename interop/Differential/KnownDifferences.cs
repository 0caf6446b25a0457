namespace Libvirtd.Interop.Differential;

/// <summary>A command of a scenario whose output is meant to differ from upstream's.</summary>
public sealed record KnownDifference(string Scenario, string Command, string Reason);

/// <summary>The list in <c>docs/known-differences.txt</c>: <c>scenario | command | reason</c> on each line, <c>#</c> starts a comment line.</summary>
public static class KnownDifferences
{
    public static IReadOnlyList<KnownDifference> Load() =>
        Parse(File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "known-differences.txt")));

    /// <exception cref="FormatException">A line has no three parts, or no reason.</exception>
    public static IReadOnlyList<KnownDifference> Parse(IEnumerable<string> lines) =>
    [
        .. lines.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').Select(line =>
            line.Split('|', 3, StringSplitOptions.TrimEntries) is [string scenario, string command, { Length: > 0 } reason]
                ? new KnownDifference(scenario, command, reason)
                : throw new FormatException($"not \"scenario | command | reason\": {line}")),
    ];
}
