using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>The golden files: <c>name.in.xml</c>, with <c>name.out.xml</c> or <c>name.error.txt</c> (code, domain, message).</summary>
internal static class Golden
{
    public static readonly string[] Kinds = ["domain", "network", "pool", "volume", "interface", "snapshot", "checkpoint"];

    private static readonly string s_root = Path.Combine(AppContext.BaseDirectory, "Golden");

    public static string Text(string name) => File.ReadAllText(Path.Combine(s_root, name));

    public static string Input(string kind, string name) => Text($"{kind}/{name}.in.xml");

    public static IEnumerable<string> Names(string kind) => Directory.EnumerateFiles(Path.Combine(s_root, kind), "*.in.xml")
        .Select(static file => Path.GetFileName(file)[..^".in.xml".Length])
        .Order(StringComparer.Ordinal);

    public static void Check(string kind, string name)
    {
        string stem = Path.Combine(s_root, kind, name);
        if (File.Exists(stem + ".error.txt"))
        {
            VirException error = Assert.Throws<VirException>(() => Print(kind, Input(kind, name)));
            Assert.Equal(File.ReadAllText(stem + ".error.txt").TrimEnd('\n'), $"{(int)error.Code} {(int)error.Domain} {error.Message.TrimEnd('\n')}");
            return;
        }

        Assert.Equal(File.ReadAllText(stem + ".out.xml"), Print(kind, Input(kind, name)));
    }

    /// <summary>What our test driver would print for a document that it has just been given.</summary>
    public static string Print(string kind, string xml)
    {
        switch (kind)
        {
            case "domain":
                return DomainDocument.Parse(xml, DomainOptions()).WithInterfaceNames("testnet").Format(FormatFlags.Secure, null);
            case "network":
                return NetworkDocument.Parse(xml).Format();
            case "pool":
                return StoragePoolDocument.Parse(xml).WithSizes(TestDocument.PoolCapacity, 0, TestDocument.PoolCapacity).Format();
            case "volume":
                StorageVolDocument volume = StorageVolDocument.Parse(xml, Pool());
                return volume.WithPath("/default-pool/" + volume.Name).WithKey("/default-pool/" + volume.Name).Format();
            case "interface":
                return InterfaceDocument.Parse(xml).Format();
            case "snapshot":
                return PrintSnapshot(xml);
            case "checkpoint":
                DomainCheckpointDocument checkpoint = DomainCheckpointDocument.Parse(xml,
                    new SnapshotParseOptions { Redefine = true, ErrorDomain = ErrorDomain.DomainCheckpoint, Domain = DomainOptions() });
                return (checkpoint.Domain is { } domain ? checkpoint.WithAlignedDisks(domain) : checkpoint).Format();
            default:
                throw new ArgumentException(kind, nameof(kind));
        }
    }

    public static StoragePoolDocument Pool() =>
        StoragePoolDocument.Parse("<pool type='dir'><name>default-pool</name><target><path>/default-pool</path></target></pool>");

    /// <summary>Options whose uuids and addresses are the same in every run.</summary>
    public static DomainParseOptions DomainOptions()
    {
        int uuids = 0;
        int macs = 0;
        return new DomainParseOptions
        {
            NewUuid = () => new Guid(++uuids, 0, 0, new byte[8]),
            NewMac = () => $"52:54:00:00:00:{++macs & 0xff:x2}",
        };
    }

    private static string PrintSnapshot(string xml)
    {
        DomainSnapshotDocument snapshot = DomainSnapshotDocument.Parse(xml, new SnapshotParseOptions { Redefine = true, Domain = DomainOptions() });
        bool external = snapshot.MemoryLocation == "external" || snapshot.State == "disk-snapshot";
        return snapshot.Domain is { } domain
            ? snapshot.WithAlignedDisks(domain, external ? "external" : "internal", static _ => false).Format()
            : snapshot.Format();
    }
}
