using System.Globalization;
using System.Text.RegularExpressions;

namespace Libvirtd.Interop.Differential;

/// <summary>
/// Replaces what two correct servers cannot have in common: generated ids, the present time, the server's own version. A generated id becomes its
/// number in order of appearance, so that using the wrong one is still a difference. One instance serves one scenario on one server.
/// </summary>
internal sealed partial class Normalizer
{
    // The ids of the test driver's built-in node.
    private const string BuiltIn =
        """
        6695eb01-f6a4-8304-79aa-97f2502e193f dd8fe884-6c02-601e-7551-cca97df1c5df dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566
        11111111-2222-3333-4444-555555555555 00000000-0000-0000-0000-000000000000 aa:bb:cc:dd:ee:ff
        """;

    private static readonly TimeSpan Present = TimeSpan.FromHours(1);

    private readonly HashSet<string> _fixed;
    private readonly Dictionary<string, int> _generated = [];
    private readonly DateTimeOffset _now;

    /// <param name="written">Texts in which ids may stand that are not generated.</param>
    /// <param name="now">The time of the run.</param>
    public Normalizer(IEnumerable<string> written, DateTimeOffset now)
    {
        _now = now;
        _fixed = [.. written.Append(BuiltIn).SelectMany(Ids).Select(id => id.ToLowerInvariant())];
    }

    public string Apply(string output)
    {
        string text = Uuid().Replace(output, match => IsFixed(match.Value) ? match.Value : $"<uuid {Number(match.Value)}>");
        // The first half of a generated address is the vendor's and must be right.
        text = Mac().Replace(text, match => IsFixed(match.Value) ? match.Value : $"{match.Value[..9]}<mac {Number(match.Value)}>");
        text = Date().Replace(text, match => IsPresent(DateTimeOffset.Parse(match.Value, CultureInfo.InvariantCulture)) ? "<date>" : match.Value);
        text = Seconds().Replace(text, match => IsPresent(DateTimeOffset.FromUnixTimeSeconds(Whole(match.Value))) ? "<time>" : match.Value);
        return DaemonVersion().Replace(text, "$1<version>");
    }

    private static IEnumerable<string> Ids(string text) => Uuid().Matches(text).Concat(Mac().Matches(text)).Select(match => match.Value);

    private static long Whole(string seconds) => long.Parse(seconds.Split('.')[0], CultureInfo.InvariantCulture);

    private bool IsFixed(string id) => _fixed.Contains(id.ToLowerInvariant());

    private bool IsPresent(DateTimeOffset time) => (time - _now).Duration() < Present;

    private int Number(string id)
    {
        if (!_generated.TryGetValue(id, out int number)) _generated[id] = number = _generated.Count + 1;
        return number;
    }

    [GeneratedRegex(@"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"\b([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b")]
    private static partial Regex Mac();

    [GeneratedRegex(@"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000\b")]
    private static partial Regex Date();

    [GeneratedRegex(@"\b\d{10}(\.\d)?(?=\b|s\b)")]
    private static partial Regex Seconds();

    [GeneratedRegex(@"(?m)^(Running against daemon: )\d+\.\d+\.\d+$")]
    private static partial Regex DaemonVersion();
}
