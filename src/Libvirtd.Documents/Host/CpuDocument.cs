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
        Element("feature").Attr("name", required: true).Many());

    private CpuDocument(Node root)
        : base(root)
    {
    }

    public string? Model => Root.ChildText("model");

    /// <summary>"custom", "host-model" ... of a guest's CPU; null for a host's.</summary>
    public string? Mode => Root["mode"];

    public string? Architecture => Root.ChildText("arch");

    /// <summary>Features and what the guest's CPU asks of them; a host has them all ("require").</summary>
    public IEnumerable<(string Name, string Policy)> Features => Root.All("feature").Select(static one => (one["name"]!, one["policy"] ?? "require"));

    /// <summary>Reads a CPU; one that names its architecture is a host's.</summary>
    public static CpuDocument Parse(string xml, DocumentOptions? options = null)
    {
        options ??= new DocumentOptions();
        Node raw = DocumentReader.Read(xml, "(CPU_definition)", options.ErrorDomain ?? ErrorDomain.Cpu);
        if (raw.Name != "cpu")
            throw Fault.Xml(ErrorDomain.Cpu, "XML does not contain expected 'cpu' element");
        bool isHost = raw.Child("arch") is not null;
        if (isHost && raw.Has("match"))
            throw Fault.Xml(ErrorDomain.Cpu, "'arch' element cannot be used inside 'cpu' element with 'match' attribute'");
        if (isHost && raw.Has("mode"))
            throw Fault.Unsupported(ErrorDomain.Cpu, "Attribute mode is only allowed for guest CPU");
        if (isHost && string.IsNullOrEmpty(raw.ChildText("model")))
            throw Fault.Xml(ErrorDomain.Cpu, "Missing CPU model name");
        ParseContext context = options.ToContext(ErrorDomain.Cpu, "cpu.rng");
        return new(DocumentNormaliser.ApplyRoot(isHost ? s_host : CpuSchemas.Guest, raw, context));
    }
}
