using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>The volume document: one table for each type of pool.</summary>
internal static class StorageVolSchema
{
    private static readonly Dictionary<string, ElementSchema> s_roots = StoragePoolType.All.ToDictionary(static type => type.Name, Make, StringComparer.Ordinal);

    public static ElementSchema Root(string poolType) => s_roots[poolType];

    private static ElementSchema Make(StoragePoolType type)
    {
        ElementSchema target = Element("target").With(Leaf("path"));
        ElementSchema backing = Element("backingStore").With(Leaf("path"));
        if (type.VolumeFormats is { } formats)
        {
            target.With(StoragePoolSchema.Formatted("format", formats, "unknown volume format type {0}"));
            backing.With(StoragePoolSchema.Formatted("format", formats, "unknown volume format type {0}"));
        }

        target.With(
            StoragePoolSchema.Permissions,
            Element("timestamps").With(Leaf("atime"), Leaf("mtime"), Leaf("ctime"), Leaf("btime")).When(static (in Scope _) => false),
            StorageSchemas.Encryption,
            Leaf("compat", Where(Any, IsCompat), FaultText.Xml("forbidden characters in 'compat' attribute")),
            ClusterSize(),
            Flag("features").With(Flag("lazy_refcounts"), Flag("extended_l2"))).Always().Open().When(HasHead).Then(FinishTarget);
        backing.With(StoragePoolSchema.Permissions).Open().Then(static (in Scope scope) => scope.Node.Child("path") is not null);
        return Element("volume")
            .Attr("type", OneOf("file", "block", "dir", "network", "netdir", "ploop"), "file", bad: FaultText.Unsupported("unknown volume type '{0}'"))
            .With(
                Leaf("name"),
                Leaf("key"),
                Element("source").With(Element("device").Attr("path").With(Element("extent").Attr("start", ULong).Attr("end", ULong).Many()).Many())
                    .When(static (in Scope _) => false),
                Size("capacity").When(HasName),
                Size("allocation").When(HasHead),
                Size("physical").When(static (in Scope _) => false),
                target,
                backing)
            .Open()
            .Then(Finish);
    }

    private static ElementSchema Size(string name)
    {
        ElementSchema schema = Element(name).Attr("unit").Text();
        return name == "physical" ? schema : schema.By((raw, _, context) =>
        {
            if (string.IsNullOrEmpty(raw.Text))
                return null;
            if (!DocumentText.TryParseNumber(raw.Text, 10, out Int128 number) || number < 0)
                throw Fault.Xml(context.Domain, "malformed capacity element");
            Node node = new(name, schema) { Text = ToText(Sizes.Parse(raw.Text, raw["unit"], 1, name, long.MaxValue)!.Value) };
            node.Append("unit", "bytes");
            return node;
        });
    }

    private static ElementSchema ClusterSize()
    {
        ElementSchema schema = Element("clusterSize").Attr("unit").Text();
        return schema.By((raw, _, _) =>
        {
            if (Sizes.Parse(raw.Text, raw["unit"], 1, "./target/clusterSize") is not { } size || size == 0)
                return null;
            Node node = new("clusterSize", schema) { Text = ToText(size) };
            node.Append("unit", "B");
            return node;
        });
    }

    private static bool IsCompat(string text)
    {
        string[] parts = text.Split('.');
        return parts.Length == 2 && parts.All(static part => part.Length > 0 && part.All(char.IsAsciiDigit));
    }

    private static bool FinishTarget(in Scope scope)
    {
        if (scope.Raw.Child("features") is not { } features)
            return true;
        foreach (Node feature in features.Children)
        {
            if (feature.Name is not ("lazy_refcounts" or "extended_l2"))
                throw Fault.Unsupported(scope.Context.Domain, $"unsupported feature {feature.Name}");
        }

        if (scope.Node.Child("compat") is null)
            scope.Node.SetChildText("compat", "1.1");
        return true;
    }

    /// <summary>What must be there is looked for before the rest is read.</summary>
    private static bool HasName(in Scope scope) =>
        scope.Parent?.Child("name") is not null ? true : throw Fault.Xml(scope.Context.Domain, "missing volume name element");

    private static bool HasHead(in Scope scope) =>
        HasName(scope) && scope.Parent!.Child("capacity") is not null ? true : throw Fault.Xml(scope.Context.Domain, "missing capacity element");

    private static bool Finish(in Scope scope)
    {
        Node volume = scope.Node;
        Node capacity = volume.Child("capacity")!;
        if (volume.Child("allocation") is null)
        {
            Node allocation = volume.Add("allocation");
            allocation["unit"] = "bytes";
            allocation.Text = capacity.Text;
        }

        return true;
    }
}
