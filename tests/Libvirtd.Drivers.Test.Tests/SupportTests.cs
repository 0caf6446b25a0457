using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>docs/support.md says what is answered and what is not; this keeps it true.</summary>
public sealed class SupportTests
{
    internal static (string Name, ImmutableArray<ProcedureInfo> Procedures)[] Programs { get; } =
    [
        ("remote", RemoteProgram.Procedures),
        ("qemu", QemuProgram.Procedures),
        ("lxc", LxcProgram.Procedures),
    ];

    /// <summary>Fails when a driver answers more or less than the table says. If that is meant: run again with LIBVIRTD_REGENERATE=1 and commit the difference.</summary>
    [Fact]
    public async Task The_table_of_what_is_supported_is_current()
    {
        TestDriver driver = new();
        ConnectRequest request = new("test:///default", ConnectUri.Parse("test:///default"), IsReadOnly: false, ClientIdentity.Unknown);
        await using DriverConnection connection = (await driver.OpenAsync(request, TestContext.Current.CancellationToken))!;
        string table = Table(connection);
        await CheckAsync(Path.Combine(Root(), "docs", "support.md"), _ => table);
        await CheckAsync(Path.Combine(Root(), "README.md"), readme => WithTable(readme, Counts(table)));
    }

    /// <summary>Compares a file with what it should hold, or writes it when LIBVIRTD_REGENERATE says so.</summary>
    internal static async Task CheckAsync(string path, Func<string, string> wanted)
    {
        string found = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        string expected = wanted(found);
        if (Environment.GetEnvironmentVariable("LIBVIRTD_REGENERATE") == "1")
            await File.WriteAllTextAsync(path, found = expected, TestContext.Current.CancellationToken);
        Assert.Equal(expected, found);
    }

    /// <summary>The counts alone: what the README shows.</summary>
    private static string Counts(string table)
    {
        int start = table.IndexOf("| kind |", StringComparison.Ordinal);
        return table[start..table.IndexOf("\n\n", start, StringComparison.Ordinal)];
    }

    private static string WithTable(string readme, string counts)
    {
        const string Begin = "<!-- support-table -->\n", End = "\n<!-- /support-table -->";
        int start = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        return readme[..start] + counts + readme[readme.IndexOf(End, start, StringComparison.Ordinal)..];
    }

    private static string Table(DriverConnection connection)
    {
        ProcedureInfo[] all = [.. Programs.SelectMany(program => program.Procedures)];
        ProcedureInfo[] session = [.. all.Where(procedure => procedure.IsSession && !procedure.IsEvent)];
        ILookup<ObjectKind, ProcedureInfo> byKind = all.Where(procedure => !procedure.IsSession && !procedure.IsEvent).ToLookup(procedure => procedure.Kind);
        HashSet<ProcedureInfo> answered = [.. byKind.SelectMany(kind => Answered(connection, kind))];

        StringBuilder text = new();
        text.Append("# What is answered\n\n");
        text.Append("Made by `SupportTests`; after a change run them with `LIBVIRTD_REGENERATE=1`.\n\n");
        Line(text, $"The protocol has {all.Length} procedures: {all.Count(procedure => procedure.IsEvent)} are events, which the server sends; ");
        Line(text, $"{session.Length} are answered by the session, for every driver; the rest is a driver's.\n\n");
        text.Append("## The test driver, `test:///`\n\n| kind | answered | of |\n|---|--:|--:|\n");
        foreach (IGrouping<ObjectKind, ProcedureInfo> kind in byKind.OrderBy(kind => kind.Key))
            Line(text, $"| {kind.Key} | {kind.Count(answered.Contains)} | {kind.Count()} |\n");
        Line(text, $"| all | {answered.Count} | {byKind.Sum(kind => kind.Count())} |\n");
        text.Append("\n## What the test driver does not answer\n\nIt says `this function is not supported by the connection driver`.\n");
        foreach (IGrouping<ObjectKind, ProcedureInfo> kind in byKind.OrderBy(kind => kind.Key))
            List(text, kind.Key.ToString(), kind.Where(procedure => !answered.Contains(procedure)));
        text.Append("\n## What the session answers\n");
        foreach ((string name, ImmutableArray<ProcedureInfo> procedures) in Programs)
            List(text, name, procedures.Where(session.Contains));
        return text.ToString();
    }

    /// <summary>The procedures whose methods the connection's object overrides. The base class declares them in the order of their numbers.</summary>
    internal static IEnumerable<ProcedureInfo> Answered(DriverConnection connection, IGrouping<ObjectKind, ProcedureInfo> kind)
    {
        PropertyInfo property = typeof(DriverConnection).GetProperties().Single(one => one.PropertyType.Name == $"{kind.Key}Driver");
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        MethodInfo[] methods = [.. property.PropertyType.GetMethods(Declared).Where(method => method.IsVirtual).OrderBy(method => method.MetadataToken)];
        ProcedureInfo[] procedures = [.. kind.OrderBy(procedure => procedure.Number)];
        Assert.Equal(procedures.Length, methods.Length);
        HashSet<MethodInfo> overridden = [.. property.GetValue(connection)!.GetType().GetMethods()
            .Where(method => method.DeclaringType != property.PropertyType)
            .Select(method => method.GetBaseDefinition())];
        return procedures.Where((_, index) => overridden.Contains(methods[index]));
    }

    private static void List(StringBuilder text, string title, IEnumerable<ProcedureInfo> procedures)
    {
        ProcedureInfo[] list = [.. procedures.OrderBy(procedure => procedure.Number)];
        if (list.Length == 0)
            return;
        Line(text, $"\n### {title}\n\n");
        foreach (ProcedureInfo procedure in list)
            Line(text, $"- {procedure.Number} `{procedure.Api}`\n");
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture));

    internal static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Libvirtd.Net.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("the repository is not above the tests");
    }
}
