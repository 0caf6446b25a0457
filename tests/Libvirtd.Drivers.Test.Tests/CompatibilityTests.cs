using System.Globalization;
using System.Text;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>
/// docs/compatibility.md sets what the test driver answers beside what upstream's answers; this keeps it true. After a change run it with
/// LIBVIRTD_REGENERATE=1.
/// </summary>
public sealed class CompatibilityTests
{
    private static readonly string s_folder = Path.Combine(SupportTests.Root(), "tests", "Libvirtd.Drivers.Test.Tests", "Compatibility");

    [Fact]
    public async Task The_table_of_compatibility_is_current()
    {
        TestDriver driver = new();
        ConnectRequest request = new("test:///default", ConnectUri.Parse("test:///default"), IsReadOnly: false, ClientIdentity.Unknown);
        await using DriverConnection connection = (await driver.OpenAsync(request, TestContext.Current.CancellationToken))!;
        ProcedureInfo[] all = [.. SupportTests.Programs.SelectMany(program => program.Procedures).Where(procedure => !procedure.IsEvent)];
        HashSet<string> answered =
        [
            .. all.Where(procedure => procedure.IsSession).Select(procedure => procedure.Name),
            .. all.Where(procedure => !procedure.IsSession).ToLookup(procedure => procedure.Kind)
                .SelectMany(kind => SupportTests.Answered(connection, kind)).Select(procedure => procedure.Name),
        ];

        string reasons = Path.Combine(s_folder, "unsupported.txt");
        await SupportTests.CheckAsync(reasons, text => string.Concat(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !answered.Contains(Fields(line)[0])).Select(line => line + "\n")));
        Dictionary<string, string> why = Lines(reasons).Select(Fields).ToDictionary(fields => fields[0], fields => fields[1]);
        string[] unexplained = [.. all.Select(procedure => procedure.Name).Where(name => !answered.Contains(name) && !why.ContainsKey(name))];
        Assert.True(unexplained.Length == 0, $"{reasons} gives no reason for {string.Join(", ", unexplained)}");

        HashSet<string> upstream = [.. Lines(Path.Combine(s_folder, "upstream.txt"))];
        Assert.Empty(upstream.Except(all.Select(procedure => procedure.Name)));
        string table = Table(all, answered, upstream, why);
        await SupportTests.CheckAsync(Path.Combine(SupportTests.Root(), "docs", "compatibility.md"), _ => table);
    }

    private static IEnumerable<string> Lines(string path) => File.ReadAllLines(path).Where(line => line.Length > 0 && line[0] != '#');

    private static string[] Fields(string line) => line.Split('|', StringSplitOptions.TrimEntries);

    private static string Table(ProcedureInfo[] all, HashSet<string> answered, HashSet<string> upstream, Dictionary<string, string> why)
    {
        const string Head =
            """
            # Compatibility

            Made by `CompatibilityTests`; after a change run them with `LIBVIRTD_REGENERATE=1`.

            Every procedure that a client can call, on `test:///`:

            - **same**: upstream's test driver answers it, or its server does for every driver, and so do we. `interop/` holds the answers against each other.
            - **beyond**: upstream's test driver refuses it; we answer it as the API defines it.
            - **not supported**: answered with `this function is not supported by the connection driver`, for the reason that stands beside it.


            """;
        StringBuilder text = new(Head);
        text.Append("| kind | same | beyond | not supported | of |\n|---|--:|--:|--:|--:|\n");
        foreach (IGrouping<ObjectKind, ProcedureInfo> kind in all.GroupBy(procedure => procedure.Kind).OrderBy(kind => kind.Key))
            Counts(text, kind.Key.ToString(), kind);
        Counts(text, "all", all);
        foreach (IGrouping<ObjectKind, ProcedureInfo> kind in all.GroupBy(procedure => procedure.Kind).OrderBy(kind => kind.Key))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {kind.Key}\n\n| | call | |\n|--:|---|---|\n");
            foreach (ProcedureInfo procedure in kind.OrderBy(procedure => procedure.Number))
            {
                string verdict = Verdict(procedure) + (answered.Contains(procedure.Name) ? "" : ": " + why[procedure.Name]);
                text.Append(CultureInfo.InvariantCulture, $"| {procedure.Number} | `{procedure.Api}` | {verdict} |\n");
            }
        }

        return text.ToString();

        string Verdict(ProcedureInfo procedure) =>
            !answered.Contains(procedure.Name) ? "not supported" : procedure.IsSession || upstream.Contains(procedure.Name) ? "same" : "beyond";

        void Counts(StringBuilder text, string name, IEnumerable<ProcedureInfo> procedures)
        {
            string[] verdicts = [.. procedures.Select(Verdict)];
            int Of(string verdict) => verdicts.Count(one => one == verdict);
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {Of("same")} | {Of("beyond")} | {Of("not supported")} | {verdicts.Length} |\n");
        }
    }
}
