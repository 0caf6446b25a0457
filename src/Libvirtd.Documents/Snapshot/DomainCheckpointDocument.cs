using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>A checkpoint of a domain: a moment that incremental backups start from. Immutable; the <c>With</c> methods make changed copies.</summary>
public sealed class DomainCheckpointDocument : Document
{
    private static readonly ElementSchema s_root = Element("domaincheckpoint").With(
        Leaf("name"),
        Leaf("description"),
        Element("parent").With(Leaf("name")),
        Leaf("creationTime", Long, FaultText.Internal("missing creationTime from existing checkpoint")),
        Element("disks").With(
            Element("disk").Attr("name", required: true).Attr("checkpoint", OneOf("no", "bitmap"), "bitmap").Attr("bitmap").Attr("size").Many()))
        .Open();

    private DomainCheckpointDocument(Node root, DomainDocument? domain)
        : base(root) => Domain = domain;

    public string Name => Root.ChildText("name")!;

    public string? Description => Root.ChildText("description");

    public string? ParentName => Root.Find("parent", "name")?.Text;

    /// <summary>Seconds since 1970.</summary>
    public long CreationTime => long.TryParse(Root.ChildText("creationTime"), out long time) ? time : 0;

    public IEnumerable<Node> Disks => Root.Child("disks")?.All("disk") ?? [];

    /// <summary>The domain as it was.</summary>
    public DomainDocument? Domain { get; }

    public static DomainCheckpointDocument Parse(string xml, SnapshotParseOptions? options = null)
    {
        options ??= new SnapshotParseOptions { ErrorDomain = ErrorDomain.DomainCheckpoint };
        ErrorDomain domain = options.ErrorDomain;
        Node raw = DocumentReader.Read(xml, "(domain_checkpoint)", domain, "domaincheckpoint", "domaincheckpoint.rng");
        if (options.Redefine && string.IsNullOrEmpty(raw.ChildText("name")))
            throw Fault.Xml(domain, "a redefined checkpoint must have a name");
        if (options.Redefine && string.IsNullOrEmpty(raw.ChildText("creationTime")))
            throw Fault.Internal(domain, "missing creationTime from existing checkpoint");
        Node root = DocumentNormaliser.ApplyRoot(s_root, raw, options.ToContext());
        foreach (Node disk in root.Child("disks")?.All("disk") ?? [])
        {
            disk["size"] = null; // what was measured elsewhere says nothing here
            if (options.Redefine && disk["checkpoint"] == "bitmap")
                disk["bitmap"] ??= root.ChildText("name");
        }

        DomainDocument? inside = null;
        if (options.Redefine)
        {
            if (raw.Child("domain") is { } node)
                inside = DomainDocument.Parse(node, options.Domain, check: false);
        }
        else
        {
            root.RemoveAll("parent");
            root.SetChildText("creationTime", Values.ToText(options.Now));
            if (root.Child("name") is null)
                root.SetChildText("name", Values.ToText(options.Now));
        }

        return new DomainCheckpointDocument(root, inside);
    }

    public override string Format(FormatFlags flags = FormatFlags.None) => Format(flags, withDomain: true);

    /// <summary>The document's text, with or without the domain in it.</summary>
    public string Format(FormatFlags flags, bool withDomain)
    {
        Node root = Root.Clone();
        if (withDomain && Domain is not null)
            root.Append(Domain.Root.Clone("domain"));
        return DocumentWriter.Write(root, flags | FormatFlags.Inactive);
    }

    public DomainCheckpointDocument With(Action<Node> change) => new(Edited(change), Domain);

    public DomainCheckpointDocument WithDomain(DomainDocument? domain) => new(Root, domain);

    public DomainCheckpointDocument WithParent(string? parent) => With(root =>
    {
        root.RemoveAll("parent");
        if (parent is not null)
            root.Add("parent").SetChildText("name", parent);
    });

    /// <summary>Makes the list of disks the domain's: every disk once, in its order, each with the bitmap that will track it or with none.</summary>
    public DomainCheckpointDocument WithAlignedDisks(DomainDocument domain) => With(root => CheckpointDisks.Align(root, domain, ErrorDomain.DomainCheckpoint));
}
