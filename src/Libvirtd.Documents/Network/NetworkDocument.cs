using System.Net;
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

    public string? Title => Root.ChildText("title");

    public string? Description => Root.ChildText("description");

    public static NetworkDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        return Parse(options.Read(xml, "(network_definition)", ErrorDomain.Network, "network", "network.rng"), options);
    }

    internal static NetworkDocument Parse(Node raw, DocumentOptions options) =>
        new(DocumentNormaliser.ApplyRoot(NetworkSchema.Root, raw, options.ToContext(ErrorDomain.Network)));

    public NetworkDocument With(Action<Node> change) => new(Edited(change));

    public NetworkDocument WithBridge(string name) => With(root => root.GetOrAdd("bridge")["name"] = name);

    /// <summary>The first of the host's own addresses on the network, with what guests are given under it; null where it has none.</summary>
    public NetworkAddress? FirstAddress
    {
        get
        {
            if (Root.Child("ip") is not { } ip || ip["address"] is not { } text)
                return null;
            IPAddress address = IPAddress.Parse(text);
            return new(address, Math.Max(NetworkRules.PrefixOf(ip, address), 0), ip.Child("dhcp") is { } dhcp ? new NetworkDhcp(dhcp) : null);
        }
    }

    public NetworkDocument WithTitle(string? title) => With(root => root.SetChildText("title", title));

    public NetworkDocument WithDescription(string? description) => With(root => root.SetChildText("description", description));

    /// <summary>The metadata element that belongs to a namespace, as its text, without that namespace; null where there is none.</summary>
    public string? Metadata(string uri)
    {
        Node? found = Root.Child("metadata")?.Children.FirstOrDefault(child => child.Namespace == uri);
        return found is null ? null : VerbatimWriter.ToText(VerbatimTree.WithoutNamespace(found, uri));
    }

    /// <summary>Puts, replaces or (with null) removes the metadata of a namespace.</summary>
    public NetworkDocument WithMetadata(string uri, string? key, string? xml) => With(root => MetadataEditor.Set(root, uri, key, xml, ErrorDomain.Network));
}
