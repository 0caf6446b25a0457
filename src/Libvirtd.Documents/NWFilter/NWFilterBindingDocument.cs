using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>A network filter at work on one interface. Immutable.</summary>
public sealed class NWFilterBindingDocument : Document
{
    private static readonly ElementSchema s_root = Element("filterbinding").With(
        Element("owner").With(Leaf("name"), Leaf("uuid", Values.Uuid, FaultText.Internal("Unable to parse UUID '{0}'"))).Open(),
        Element("portdev").Attr("name", StorageSchemas.NonEmpty),
        Element("linkdev").Attr("name", missing: FaultText.Internal("filter binding has no link dev name")),
        Element("mac").Attr("address", Values.Mac, bad: FaultText.Internal("Unable to parse MAC '{0}'")),
        NWFilterSchema.Reference)
        .Open()
        .Then(static (in Scope scope) =>
        {
            Node node = scope.Node;
            string? fault = node.Child("portdev") is null ? "port dev name"
                : node.Find("owner", "name") is null ? "owner name"
                : node.Find("owner", "uuid") is null ? "owner UUID"
                : node.Child("mac")?["address"] is null ? "MAC address"
                : node.Child("filterref") is null ? "filter reference"
                : null;
            return fault is null ? true : throw Fault.Internal(scope.Context.Domain, $"filter binding has no {fault}");
        });

    private NWFilterBindingDocument(Node root)
        : base(root)
    {
    }

    /// <summary>The interface that is filtered.</summary>
    public string PortDevice => Root.Child("portdev")!["name"]!;

    public string OwnerName => Root.Find("owner", "name")!.Text!;

    public Guid OwnerUuid => Guid.Parse(Root.Find("owner", "uuid")!.Text!);

    public string Filter => Root.Child("filterref")!["filter"]!;

    public static NWFilterBindingDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        Node raw = options.Read(xml, "(nwfilterbinding_definition)", ErrorDomain.NwFilter, "filterbinding", "nwfilterbinding.rng");
        return new(DocumentNormaliser.ApplyRoot(s_root, raw, options.ToContext(ErrorDomain.NwFilter)));
    }
}
