using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>A CPU: a guest's as a domain has it, or a host's as capabilities have it. Immutable.</summary>
public sealed class CpuDocument : Document
{
    private static readonly ElementSchema s_host = Element("cpu").With(
        Leaf("arch"),
        Leaf("model"),
        Leaf("vendor"),
        Element("microcode").Attr("version", UInt),
        Element("signature").Attr("family", Positive, required: true).Attr("model", UInt, required: true).Attr("stepping", UInt, required: true),
        Element("counter").Attr("name").Attr("frequency", ULong, required: true).Attr("scaling", YesNo),
        Element("topology").Attr("sockets", Positive, required: true).Attr("dies", Positive, "1").Attr("cores", Positive, required: true)
            .Attr("threads", Positive, required: true),
        Element("feature").Attr("name", required: true).Many())
        .Then(static (in Scope scope) =>
        {
            HashSet<string> seen = new(StringComparer.Ordinal);
            foreach (Node feature in scope.Node.All("feature"))
            {
                if (!seen.Add(feature["name"]!))
                    throw Fault.Xml(ErrorDomain.Cpu, $"CPU feature '{feature["name"]}' specified more than once");
            }

            return true;
        });

    private CpuDocument(Node root)
        : base(root)
    {
    }

    public string? Model => Root.ChildText("model");

    /// <summary>"custom", "host-model" ... of a guest's CPU; null for a host's.</summary>
    public string? Mode => Root["mode"];

    public string? Architecture => Root.ChildText("arch");

    public string? Vendor => Root.ChildText("vendor");

    /// <summary>It is a host's: all its features are what it has.</summary>
    public bool IsHost => Architecture is not null;

    /// <summary>How a guest's CPU is compared with the host's: "exact", "minimum", "strict"; null where nothing is said.</summary>
    public string? Match => Root["match"];

    /// <summary>Features and what the guest's CPU asks of them; a host has them all ("require").</summary>
    public IEnumerable<(string Name, string Policy)> Features => Root.All("feature").Select(static one => (one["name"]!, one["policy"] ?? "require"));

    /// <summary>Reads a host's CPU.</summary>
    public static CpuDocument ParseHost(string xml, DocumentOptions? options = null) => Parse(xml, options, mustBeHost: true);

    /// <summary>Reads a CPU; one that names its architecture is a host's.</summary>
    public static CpuDocument Parse(string xml, DocumentOptions? options = null) => Parse(xml, options, mustBeHost: false);

    /// <summary>A CPU for guests: a model, and the features that it is to have or to lack beside it.</summary>
    internal static CpuDocument ForGuest(string model, bool isExact, string? vendor, IEnumerable<(string Name, string Policy)> features)
    {
        Node root = new("cpu", CpuSchemas.Guest) { ["mode"] = "custom", ["match"] = "exact" };
        Node named = root.Add("model");
        named["fallback"] = isExact ? "forbid" : "allow";
        named.Text = model;
        root.SetChildText("vendor", vendor);
        return new CpuDocument(AddFeatures(root, features));
    }

    /// <summary>The same guest's CPU with other features.</summary>
    internal CpuDocument WithFeatures(IEnumerable<(string Name, string Policy)> features) => new(Edited(root =>
    {
        root.RemoveAll("feature");
        AddFeatures(root, features);
    }));

    private static Node AddFeatures(Node root, IEnumerable<(string Name, string Policy)> features)
    {
        foreach ((string name, string policy) in features)
        {
            Node feature = root.Add("feature");
            feature["policy"] = policy;
            feature["name"] = name;
        }

        return root;
    }

    private static CpuDocument Parse(string xml, DocumentOptions? options, bool mustBeHost)
    {
        options ??= new DocumentOptions();
        Node raw = DocumentReader.Read(xml, "(CPU_definition)", options.ErrorDomain ?? ErrorDomain.Cpu);
        if (options.Validate)
            SchemaValidator.Check(raw, "cpu.rng");
        if (raw.Name != "cpu")
            throw Fault.Xml(ErrorDomain.Cpu, "XML does not contain expected 'cpu' element");
        bool isHost = mustBeHost || raw.Child("arch") is not null;
        if (isHost && raw.Has("mode"))
            throw Fault.Unsupported(ErrorDomain.Cpu, "Attribute mode is only allowed for guest CPU");
        if (isHost && raw.Has("match"))
            throw Fault.Xml(ErrorDomain.Cpu, "'arch' element cannot be used inside 'cpu' element with 'match' attribute'");
        if (isHost && string.IsNullOrEmpty(raw.ChildText("arch")))
            throw Fault.Xml(ErrorDomain.Cpu, "Missing CPU architecture");
        if (isHost && !PlatformSchemas.Architectures.Contains(raw.ChildText("arch")))
            throw Fault.Unsupported(ErrorDomain.Cpu, $"Unknown architecture {raw.ChildText("arch")}");
        if (isHost && string.IsNullOrEmpty(raw.ChildText("model")))
            throw Fault.Xml(ErrorDomain.Cpu, "Missing CPU model name");
        ParseContext context = options.ToContext(ErrorDomain.Cpu);
        return new(DocumentNormaliser.ApplyRoot(isHost ? s_host : CpuSchemas.Guest, raw, context));
    }
}
