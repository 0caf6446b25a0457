using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>The guest's CPU: model, features, topology and NUMA cells.</summary>
internal static class CpuSchemas
{
    private static readonly ElementSchema s_model = Element("model")
        .Attr("fallback", OneOf("allow", "forbid"), when: static (in Scope scope) => !string.IsNullOrEmpty(scope.Raw.Text), fallback: "allow",
            bad: Unsupported("Invalid fallback attribute"))
        .Attr("vendor_id", StorageSchemas.NonEmpty)
        .Text()
        .Keep()
        .Then(static (in Scope scope) =>
        {
            if (scope.Node["vendor_id"] is { } vendor)
            {
                if (vendor.Length != 12)
                    throw Fault.Xml(Protocol.ErrorDomain.Cpu, "vendor_id must be exactly 12 characters long");
                if (vendor.Contains(',', StringComparison.Ordinal))
                    throw Fault.Xml(Protocol.ErrorDomain.Cpu, "vendor id is invalid");
            }

            return scope.Node.Text is not null || scope.Node.Has("vendor_id");
        });

    public static readonly ElementSchema[] Parts =
    [
        s_model.When(static (in Scope scope) => scope.Parent?["mode"] is null or "custom" or "host-model"),
        Leaf("vendor").When(static (in Scope scope) => scope.Parent?["mode"] is null or "custom" or "host-model"),
        Element("topology").Attr("sockets", Positive, required: true).Attr("dies", Positive, "1").Attr("clusters", Positive).Attr("cores", Positive, required: true)
            .Attr("threads", Positive, required: true),
        Element("cache").Attr("level", Number(0, int.MaxValue, signed: true))
            .Attr("mode", OneOf("emulate", "passthrough", "disable"), required: true)
            .Then(static (in Scope scope) => scope.Node["level"] is { } level && DomainRules.Number(level) is < 1 or > 3
                ? throw Fault.Xml(Protocol.ErrorDomain.Cpu, "invalid CPU cache level, must be in range [1,3]")
                : true),
        Element("maxphysaddr").Attr("mode", OneOf("emulate", "passthrough"), required: true).Attr("bits", Natural).Attr("limit", Positive),
        Element("feature").Attr("policy", OneOf("force", "require", "optional", "disable", "forbid"), "require",
                bad: Unsupported("Invalid CPU feature policy"))
            .Attr("name", Where(Any, static name => name.Length > 0), missing: Xml("Invalid CPU feature name"), bad: Xml("Invalid CPU feature name"))
            .Many(),
        NumaSchemas.Numa,
    ];

    public static readonly ElementSchema Guest = Element("cpu")
        .Attr("mode", OneOf("custom", "host-model", "host-passthrough", "maximum"), bad: Unsupported("Invalid mode attribute '{0}'"))
        .Attr("match", OneOf("exact", "minimum", "strict"))
        .Attr("check", OneOfOr("default", "none", "partial", "full"))
        .Attr("migratable", OnOff)
        .Attr("deprecated_features", OnOff)
        .With(Parts)
        .Then(Finish);

    private static FaultText Xml(string format) => new(Protocol.ErrorCode.XmlError, format, Protocol.ErrorDomain.Cpu);

    private static FaultText Unsupported(string format) => new(Protocol.ErrorCode.ConfigUnsupported, format, Protocol.ErrorDomain.Cpu);

    private static bool Finish(in Scope scope)
    {
        Node cpu = scope.Node;
        if (scope.Raw.Count("cache") > 1)
            throw Fault.Xml(Protocol.ErrorDomain.Cpu, "at most one CPU cache element may be specified");
        string mode = cpu["mode"] ?? "custom";
        bool hasModel = cpu.Child("model")?.Text is not null;
        if (cpu.Has("migratable") && mode is not ("host-passthrough" or "maximum"))
            throw Fault.Unsupported(Protocol.ErrorDomain.Cpu, "Attribute migratable is only allowed for 'host-passthrough' / 'maximum' CPU mode");
        if (!string.IsNullOrEmpty(scope.Raw.ChildText("vendor")) && string.IsNullOrEmpty(scope.Raw.ChildText("model")))
            throw Fault.Xml(Protocol.ErrorDomain.Cpu, "CPU vendor specified without CPU model");
        if (cpu.Child("feature") is not null && !hasModel && mode == "custom")
            throw Fault.Xml(Protocol.ErrorDomain.Cpu, "Non-empty feature list specified without CPU model");
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Node feature in cpu.ChildList)
        {
            if (feature.Name == "feature" && !seen.Add(feature["name"]!))
                throw Fault.Xml(Protocol.ErrorDomain.Cpu, $"CPU feature '{feature["name"]}' specified more than once");
        }

        if (mode == "custom" && !hasModel)
        {
            if (cpu.Has("check"))
                throw Fault.Unsupported(scope.Context.Domain, "check attribute specified for CPU with no model");
            cpu["mode"] = null;
            cpu["match"] = null;
        }
        else if (mode == "custom")
        {
            cpu["mode"] = "custom";
            cpu["match"] ??= "exact";
        }
        else
        {
            cpu["match"] = null;
        }

        return true;
    }
}
