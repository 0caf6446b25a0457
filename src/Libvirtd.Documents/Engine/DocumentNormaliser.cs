using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Holds a text's tree against its schema: what is known is checked, completed and put in order; what is unknown is dropped.</summary>
internal static class DocumentNormaliser
{
    /// <summary>The normalised document.</summary>
    public static Node ApplyRoot(ElementSchema schema, Node raw, ParseContext context) =>
        Apply(schema, raw, null, context) ?? new Node(schema.Name, schema);

    /// <summary>The normalised element, or null where nothing of it is left.</summary>
    public static Node? Apply(ElementSchema schema, Node raw, Node? parent, ParseContext context)
    {
        if (schema.Resolve(raw, parent) is not { } shape)
            return null;
        if (shape.IsVerbatim)
            return VerbatimTree.Take(raw);
        Node node = new(shape.Name, shape);
        Scope scope = new(raw, node, parent, context);
        if (shape.Known is { } known && !known(scope))
            return null;
        if (shape.Converter is { } convert)
            return convert(raw, parent, context);
        foreach (AttributeSchema attribute in shape.AttributeList)
            ApplyAttribute(attribute, scope);
        if (shape.TextType is { } type)
            ApplyText(shape, type, scope);
        foreach (ElementSchema child in shape.ChildList)
            ApplyChildren(child, scope);
        if (shape.Finisher is { } finish && !finish(scope))
            return null;
        return IsLeftOut(shape, node) ? null : node;
    }

    private static bool IsLeftOut(ElementSchema shape, Node node) =>
        shape.OmitEmpty && node.Text is null && node.Attributes.Length == 0 && node.ChildList.Count == 0
        || shape.TextType is not null && node.Text is null && shape.ChildList.Count == 0 && shape.OmitEmpty;

    private static void ApplyAttribute(AttributeSchema attribute, in Scope scope)
    {
        if (attribute.When is { } when && !when(scope))
            return;
        string? value = scope.Raw[attribute.Name];
        if (value is null || (value.Length == 0 && attribute.Type.EmptyIsAbsent))
        {
            if (attribute.Required)
            {
                if (attribute.Missing is { } missing)
                    throw missing.ToException(scope.Context.Domain, "");
                Fault.ThrowMissingAttribute(scope.Node.Name, attribute.Name);
            }

            if (attribute.Default is { } fallback)
                scope.Node.Append(attribute.Name, fallback, attribute.Show);
            return;
        }

        ValueResult result = attribute.Type.Normalise(value, out string? normal);
        if (result != ValueResult.Ok)
        {
            throw (result == ValueResult.Zero ? null : attribute.Bad ?? attribute.Type.Bad)?.ToException(scope.Context.Domain, value)
                ?? BadAttribute(attribute, scope.Node.Name, value, result);
        }

        if (normal is not null)
            scope.Node.Append(attribute.Name, normal, attribute.Show);
    }

    private static VirException BadAttribute(AttributeSchema attribute, string element, string value, ValueResult result) => result switch
    {
        ValueResult.Zero => Fault.ZeroAttribute(element, attribute.Name),
        ValueResult.Negative => Fault.BadAttribute(element, attribute.Name, value, " Expected non-negative value"),
        _ => Fault.BadAttribute(element, attribute.Name, value, attribute.Type.Expectation),
    };

    private static void ApplyText(ElementSchema shape, ValueSchema type, in Scope scope)
    {
        string? text = scope.Raw.Text;
        if (string.IsNullOrEmpty(text))
        {
            scope.Node.Text = shape.TextDefault ?? (shape.TextRequired ? "" : null);
            return;
        }

        if (type.Normalise(text, out string? normal) != ValueResult.Ok)
        {
            throw (shape.BadText ?? type.Bad)?.ToException(scope.Context.Domain, text)
                ?? Fault.Xml(scope.Context.Domain, $"Invalid value '{text}' for element or attribute '{shape.Name}'");
        }

        scope.Node.Text = normal;
    }

    private static void ApplyChildren(ElementSchema child, in Scope scope)
    {
        bool found = false;
        foreach (Node raw in scope.Raw.ChildList)
        {
            if (raw.Name != child.Name || raw.Namespace is not null || raw.Kind != NodeKind.Element)
                continue;
            found = true;
            if (Apply(child, raw, scope.Node, scope.Context) is { } node)
                scope.Node.Append(node);
            if (!child.IsMany)
                return;
        }

        if (!found && child.IsAlways && Apply(child, new Node(child.Name), scope.Node, scope.Context) is { } made)
            scope.Node.Append(made);
    }
}
