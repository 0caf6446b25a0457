namespace Libvirtd.Interop.Documents;

/// <summary>Documents that are meant to be taken differently from upstream.</summary>
/// <param name="Pattern">The name of a document, where <c>*</c> stands for anything.</param>
/// <param name="Reason">Why.</param>
public sealed record DocumentDifference(string Pattern, string Reason)
{
    private readonly string[] _pieces = Pattern.Split('*');

    public bool Matches(string name)
    {
        if (_pieces.Length == 1) return name == Pattern;
        if (!name.StartsWith(_pieces[0], StringComparison.Ordinal)) return false;
        int at = _pieces[0].Length;
        foreach (string piece in _pieces[1..^1])
        {
            at = name.IndexOf(piece, at, StringComparison.Ordinal);
            if (at < 0) return false;
            at += piece.Length;
        }

        return name.Length - at >= _pieces[^1].Length && name.EndsWith(_pieces[^1], StringComparison.Ordinal);
    }

    /// <summary>A list in <c>docs</c>: <c>pattern | reason</c> on each line, <c>#</c> starts a comment line.</summary>
    public static IReadOnlyList<DocumentDifference> Load(string file = "known-documents.txt") =>
        Parse(File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, file)));

    /// <exception cref="FormatException">A line has no two parts, or no reason.</exception>
    public static IReadOnlyList<DocumentDifference> Parse(IEnumerable<string> lines) =>
    [
        .. lines.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').Select(line =>
            line.Split('|', 2, StringSplitOptions.TrimEntries) is [{ Length: > 0 } pattern, { Length: > 0 } reason]
                ? new DocumentDifference(pattern, reason)
                : throw new FormatException($"not \"pattern | reason\": {line}")),
    ];
}
