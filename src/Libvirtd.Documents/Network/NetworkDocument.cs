using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A virtual network's configuration. Immutable; the <c>With</c> methods make changed copies.</summary>
public sealed class NetworkDocument : Document
{
    private NetworkDocument(Node root)
        : base(root)
    {
    }

    public string Name => Root.ChildText("name")!;

    public Guid Uuid => Guid.Parse(Root.ChildText("uuid")!);

    /// <summary>The host's bridge; null where none is named yet.</summary>
    public string? Bridge => Root.Child("bridge")?["name"];

    /// <summary>"nat", "route", "bridge" ...; null for an isolated network.</summary>
    public string? ForwardMode => Root.Child("forward")?["mode"];

    public static NetworkDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        return Parse(DocumentReader.Read(xml, "(network_definition)", options.ErrorDomain ?? ErrorDomain.Network, "network"), options);
    }

    internal static NetworkDocument Parse(Node raw, DocumentOptions options) =>
        new(DocumentNormaliser.Apply(NetworkSchema.Root, raw, null, options.ToContext(ErrorDomain.Network))!);

    public NetworkDocument With(Action<Node> change) => new(Edited(change));

    public NetworkDocument WithBridge(string name) => With(root => root.GetOrAdd("bridge")["name"] = name);

    /// <summary>Puts, replaces or (with null) removes the metadata of a namespace.</summary>
    public NetworkDocument WithMetadata(string uri, string? key, string? xml) => With(root => MetadataEditor.Set(root, uri, key, xml));
}
