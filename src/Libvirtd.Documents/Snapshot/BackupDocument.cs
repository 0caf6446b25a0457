using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>A backup job: which disks go where, or are offered by what server. Immutable.</summary>
public sealed class BackupDocument : Document
{
    private static readonly ElementSchema s_push = Make("push", "target");

    private static readonly ElementSchema s_pull = Make("pull", "scratch");

    private BackupDocument(Node root)
        : base(root)
    {
    }

    /// <summary>The job writes the backup itself; otherwise a client reads it from a server.</summary>
    public bool IsPush => Root["mode"] == "push";

    /// <summary>The checkpoint that the backup starts from; null for a full one.</summary>
    public string? Incremental => Root.ChildText("incremental");

    public IEnumerable<Node> Disks => Root.Child("disks")?.All("disk") ?? [];

    /// <summary>Reads a backup. As upstream does it, the text is validated whether the caller asks for it or not, so that its mode is known and goes with the rest.</summary>
    public static BackupDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        ErrorDomain domain = options.ErrorDomain ?? ErrorDomain.Domain;
        Node raw = DocumentReader.Read(xml, "(domain_backup)", domain, "domainbackup", "domainbackup.rng");
        return new(DocumentNormaliser.ApplyRoot(raw["mode"] == "pull" ? s_pull : s_push, raw, options.ToContext(domain)));
    }

    /// <summary>Makes the list of disks the domain's: every disk once, with where its bytes go or that they go nowhere.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="suffix">What a file without a name gets after its disk's.</param>
    /// <param name="fileOf">The path of the file that a disk is; null for one that is none. Only beside a file is another one's name made up.</param>
    public BackupDocument WithAlignedDisks(DomainDocument domain, string suffix, Func<DomainDisk, string?> fileOf) =>
        With(root => BackupDisks.Align(root, domain, suffix, fileOf, ErrorDomain.Domain));

    public BackupDocument With(Action<Node> change) => new(Edited(change));

    private static ElementSchema Make(string mode, string sourceName)
    {
        Condition isSaved = static (in Scope scope) => scope.Node["backup"] != "no";
        Condition isPulled = (in Scope scope) => mode == "pull" && scope.Node["backup"] != "no";
        ElementSchema disk = Element("disk")
            .Attr("name", missing: FaultText.Xml("missing name from disk backup element"))
            .Attr("backup", YesNo, "yes")
            .Attr("type", OneOf("file", "block"), "file", when: isSaved, bad: FaultText.Xml("unsupported disk backup type '{0}'"))
            .Attr("backupmode", OneOf("full", "incremental"), when: isSaved)
            .Attr("incremental", when: isSaved)
            .Attr("exportname", when: isPulled)
            .Attr("exportbitmap", when: isPulled)
            .With(
                Element("driver").Attr("type", OneOf(StorageSchemas.Formats), bad: FaultText.Xml("unknown storage source format '{0}'")),
                Switch(sourceName, static (_, parent) => parent?["backup"] == "no" ? "none" : parent?["type"],
                    ("file", Element(sourceName).Attr("file", StorageSchemas.NonEmpty).With(StorageSchemas.Seclabel, StorageSchemas.Encryption)),
                    ("block", Element(sourceName).Attr("dev", StorageSchemas.NonEmpty).With(StorageSchemas.Seclabel, StorageSchemas.Encryption))))
            .Many();
        ElementSchema root = Element("domainbackup").Attr("mode", OneOf("push", "pull"), "push").With(Leaf("incremental"));
        if (mode == "pull")
        {
            root.With(Element("server").Attr("transport", OneOf("tcp", "unix", "rdma"), "tcp").Attr("tls", YesNo).Attr("name")
                .Attr("port", Values.Number(0, 65535, omitZero: true)).Attr("socket"));
        }

        return root.With(Element("disks").With(disk));
    }
}
