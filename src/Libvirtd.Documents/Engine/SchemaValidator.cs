using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>
/// Validation by the schema, for callers who ask for it: what libvirt would silently drop is an error, worded as libxml2 words it. Our tables know
/// names and nesting; bad values are found, with better words, when the document is read.
/// </summary>
internal static class SchemaValidator
{
    public static void Check(ElementSchema schema, Node raw, string file)
    {
        ElementSchema shape = schema.Resolve(raw, null) ?? schema;
        if (!HasKnownAttributes(shape, raw))
            throw Invalid(file, $"Element {raw.Name} failed to validate attributes");
        foreach (Node child in raw.Children)
        {
            if (IsForeign(child))
                continue;
            if (shape.FindChild(child.Name) is null)
                throw Invalid(file, $"Element {raw.Name} has extra content: {child.Name}");
            if (!IsKnownChild(shape, child, raw))
                throw Invalid(file, $"Extra element {child.Name} in interleave\nElement {raw.Name} failed to validate content");
        }
    }

    /// <summary>Depth is bounded by the reader's.</summary>
    private static bool IsKnown(ElementSchema schema, Node raw, Node parent)
    {
        if (schema.IsVerbatim || schema.Resolve(raw, parent) is not { } shape)
            return true;
        if (shape.Converter is not null && shape.AttributeList.Count == 0)
            return true;
        if (!HasKnownAttributes(shape, raw))
            return false;
        foreach (Node child in raw.Children)
        {
            if (!IsForeign(child) && !IsKnownChild(shape, child, raw))
                return false;
        }

        return true;
    }

    /// <summary>An element may have several tables of one name, for different places; one that fits is enough.</summary>
    private static bool IsKnownChild(ElementSchema shape, Node child, Node parent)
    {
        foreach (ElementSchema schema in shape.ChildList)
        {
            if (schema.Name == child.Name && IsKnown(schema, child, parent))
                return true;
        }

        return false;
    }

    private static bool HasKnownAttributes(ElementSchema shape, Node raw)
    {
        foreach (ref readonly NodeAttribute attribute in raw.Attributes)
        {
            bool foreign = attribute.Name == "xmlns" || attribute.Name.Contains(':', StringComparison.Ordinal);
            if (!foreign && shape.FindAttribute(attribute.Name) is null)
                return false;
        }

        return true;
    }

    private static bool IsForeign(Node node) => node.Namespace is not null || node.Kind != NodeKind.Element;

    /// <summary>The error of a document that breaks the schema of this file.</summary>
    public static VirException Invalid(string file, string what) => VirException.Of(ErrorCode.XmlInvalidSchema, ErrorDomain.Xml,
        $"Unable to validate doc against /usr/share/libvirt/schemas/{file}\n{what}\n");
}
