using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>The golden files: <c>name.in.xml</c>, with <c>name.out.xml</c> or <c>name.error.txt</c>.</summary>
internal static class Golden
{
    private static readonly string s_root = Path.Combine(AppContext.BaseDirectory, "Golden");

    public static string Input(string kind, string name) => File.ReadAllText(Path.Combine(s_root, kind, name + ".in.xml"));

    public static TheoryData<string> Names(string kind)
    {
        TheoryData<string> names = [];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(s_root, kind), "*.in.xml").Order(StringComparer.Ordinal))
            names.Add(Path.GetFileName(file)[..^".in.xml".Length]);
        return names;
    }

    public static IEnumerable<string> Inputs() =>
        Directory.EnumerateFiles(s_root, "*.in.xml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllText);

    public static void Check(string kind, string name, Func<string, string> print)
    {
        string stem = Path.Combine(s_root, kind, name);
        if (File.Exists(stem + ".error.txt"))
        {
            VirException error = Assert.Throws<VirException>(() => print(Input(kind, name)));
            Assert.Equal(File.ReadAllText(stem + ".error.txt").TrimEnd('\n'), $"{(int)error.Code} {(int)error.Domain} {error.Message}");
            return;
        }

        Assert.Equal(File.ReadAllText(stem + ".out.xml"), print(Input(kind, name)));
    }

    public static string PrintDomain(string xml) => DomainDocument.Parse(xml, DomainOptions()).WithInterfaceNames("testnet").Format(FormatFlags.Secure, null);

    public static DomainParseOptions DomainOptions()
    {
        int uuids = 0;
        int macs = 0;
        return new DomainParseOptions
        {
            NewUuid = () => new Guid(++uuids, 0, 0, new byte[8]),
            NewMac = () => $"52:54:00:00:00:{++macs:x2}",
        };
    }
}
