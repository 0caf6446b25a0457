using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>A secret's description; its value is never in it. Immutable.</summary>
public sealed class SecretDocument : Document
{
    private static readonly ElementSchema s_root = Element("secret")
        .Attr("ephemeral", YesNo, "no", bad: FaultText.Xml("invalid value of 'ephemeral'"))
        .Attr("private", YesNo, "no", bad: FaultText.Xml("invalid value of 'private'"))
        .With(
            Leaf("uuid", Values.Uuid, FaultText.Internal("malformed uuid element")),
            Leaf("description"),
            Switch("usage", static (raw, _) => raw["type"],
                ("none", Element("usage")),
                ("volume", Usage("volume", "volume usage specified, but volume path is missing")),
                ("ceph", Usage("name", "Ceph usage specified, but name is missing")),
                ("iscsi", Usage("target", "iSCSI usage specified, but target is missing")),
                ("tls", Usage("name", "TLS usage specified, but name is missing")),
                ("vtpm", Usage("name", "vTPM usage specified, but name is missing")),
                ("", DeviceSchemas.Reject("usage", static raw => raw["type"] is { } type
                    ? Fault.Unsupported(ErrorDomain.Secret, $"unknown secret usage type {type}")
                    : Fault.Xml(ErrorDomain.Secret, "unknown secret usage type")))))
        .Open();

    private SecretDocument(Node root)
        : base(root)
    {
    }

    public Guid Uuid => Guid.Parse(Root.ChildText("uuid")!);

    public string? Description => Root.ChildText("description");

    /// <summary>The secret is kept in memory alone.</summary>
    public bool IsEphemeral => Root["ephemeral"] == "yes";

    /// <summary>The value is given to no client.</summary>
    public bool IsPrivate => Root["private"] == "yes";

    /// <summary>"volume", "ceph", "iscsi", "tls" or "vtpm"; null for a secret without a use.</summary>
    public string? UsageType => Root.Child("usage")?["type"];

    /// <summary>What it is for: a path, a name, a target.</summary>
    public string? UsageId => Root.Child("usage")?.Children[0].Text;

    public static SecretDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        Node raw = options.Read(xml, "(definition_of_secret)", ErrorDomain.Secret, "secret", "secret.rng");
        Node root = DocumentNormaliser.ApplyRoot(s_root, raw, options.ToContext(ErrorDomain.Secret));
        if (root.Child("uuid") is null)
            root.SetChildText("uuid", options.NewUuid().ToString("D"));
        return new SecretDocument(root);
    }

    public SecretDocument With(Action<Node> change) => new(Edited(change));

    private static ElementSchema Usage(string name, string missing) => Element("usage").Attr("type").With(Leaf(name)).Open()
        .Then((in Scope scope) => scope.Node.Child(name) is null ? throw Fault.Internal(scope.Context.Domain, missing) : true);
}
