namespace Libvirtd.Documents;

/// <summary>What is wrong with a document, and where.</summary>
/// <param name="Path">The way from the root to the element that holds the fault, as an XPath.</param>
/// <param name="Message">The fault.</param>
/// <param name="Outline">What libxml2 says of such a fault. It knows no more than the document's root and the part of it that is wrong.</param>
internal sealed record SchemaFault(string Path, string Message, string Outline)
{
    public static SchemaFault OfRoot(Pattern root, Node node) => new("/" + node.Name,
        $"expected is {string.Join(" or ", Parts(root, PatternKind.Element).Select(static part => part.Name).Distinct())}",
        $"Expecting element {Parts(root, PatternKind.Element).First().Name}, got {node.Name}");

    /// <param name="all">What the element may hold.</param>
    /// <param name="rest">What of that may still come.</param>
    /// <param name="node">The element.</param>
    /// <param name="attribute">Its attribute that is wrong.</param>
    public static SchemaFault OfAttribute(Pattern all, Pattern rest, Node node, NodeAttribute attribute)
    {
        (string name, string value) = (attribute.Name, attribute.Value);
        List<Pattern> known = [.. Named(rest, PatternKind.Attribute, name)];
        string message =
            known.Count > 0 ? $"the value '{value}' of attribute {name} is invalid{Expected(known)}"
            : Named(all, PatternKind.Attribute, name).Any() ? $"the attribute {name} does not go with the others of element {node.Name}"
            : $"element {node.Name} has no attribute {name}";
        return new("/" + node.Name, message, $"Invalid attribute {name} for element {node.Name}");
    }

    public static SchemaFault OfMissingAttribute(Pattern rest, Node node) => new("/" + node.Name,
        $"element {node.Name} lacks {Listed("the attribute", Required(rest, PatternKind.Attribute))}",
        $"Element {node.Name} failed to validate attributes");

    public static SchemaFault OfText(Pattern rest, Node node)
    {
        List<Pattern> data = [.. Parts(rest, PatternKind.Data)];
        string message = data.Count == 0 ? $"element {node.Name} holds no text" : $"the value '{node.Text}' of element {node.Name} is invalid{Expected(data)}";
        return new("/" + node.Name, message, $"Element {node.Name} failed to validate content");
    }

    /// <param name="all">What the element may hold.</param>
    /// <param name="rest">What of that may still come.</param>
    /// <param name="node">The element.</param>
    /// <param name="child">What in it is wrong.</param>
    public static SchemaFault OfChild(Pattern all, Pattern rest, Node node, Node child)
    {
        if (!Parts(all, PatternKind.Element).Any(element => element.IsNamed(child)))
            return new("/" + node.Name, $"element {node.Name} holds no element {child.Name}", $"Element {node.Name} has extra content: {child.Name}");
        List<string> missing = Required(rest, PatternKind.Element);
        bool isFirst = node.Children.First(one => one.Name == child.Name) == child;
        string message = isFirst && missing.Count > 0 && !missing.Contains(child.Name)
            ? $"element {node.Name} lacks {Listed("the element", missing)} before {child.Name}"
            : $"the element {child.Name} is there already, stands in the wrong place, or does not go with the others in {node.Name}";
        return new("/" + node.Name, message, $"Extra element {child.Name} in interleave\nElement {node.Name} failed to validate content");
    }

    public static SchemaFault OfMissingElement(Pattern rest, Node node)
    {
        List<string> names = Required(rest, PatternKind.Element);
        return names.Count == 0
            ? new("/" + node.Name, $"element {node.Name} lacks its value{Expected([.. Parts(rest, PatternKind.Data)])}",
                $"Element {node.Name} failed to validate content")
            : new("/" + node.Name, $"element {node.Name} lacks {Listed("the element", names)}",
                $"Expecting an element {names[0]}, got nothing\nInvalid sequence in interleave\nElement {node.Name} failed to validate content");
    }

    /// <summary>The same, seen from the element around the one it was seen from.</summary>
    public SchemaFault Within(Node parent, Node child)
    {
        int same = 0, place = 0;
        foreach (Node one in parent.Children)
        {
            if (one.Name != child.Name)
                continue;
            same++;
            if (one == child)
                place = same;
        }

        string name = same > 1 ? $"{child.Name}[{place}]" : child.Name;
        return new($"/{parent.Name}/{name}{Path[(child.Name.Length + 1)..]}", Message,
            $"Extra element {child.Name} in interleave\nElement {parent.Name} failed to validate content");
    }

    public override string ToString() => $"{Outline}\nAt {Path}: {Message}";

    private static string Listed(string what, List<string> names) => names.Count == 0 ? "something" : $"{what} {string.Join(" or ", names)}";

    private static string Expected(IReadOnlyList<Pattern> ways)
    {
        List<string> types = [];
        foreach (Pattern way in ways)
        {
            foreach (Pattern data in way.Kind == PatternKind.Data ? [way] : Parts(way.Content, PatternKind.Data))
            {
                string type = data.Type!.ToString() ?? "";
                if (type.Length > 0 && !types.Contains(type))
                    types.Add(type);
            }
        }

        return types.Count == 0 ? "" : ": expected is " + string.Join(" or ", types);
    }

    /// <summary>All parts of a kind, outside of the elements in it.</summary>
    private static IEnumerable<Pattern> Parts(Pattern pattern, PatternKind kind)
    {
        if (pattern.Kind == kind)
            return [pattern];
        IEnumerable<Pattern> left = pattern.Left is null ? [] : Parts(pattern.Left, kind);
        return pattern.Right is null ? left : left.Concat(Parts(pattern.Right, kind));
    }

    private static IEnumerable<Pattern> Named(Pattern pattern, PatternKind kind, string name) => Parts(pattern, kind).Where(part => part.Name == name).Distinct();

    /// <summary>The names of which one must come for the pattern to be done: the first that is needed, or one for each way.</summary>
    private static List<string> Required(Pattern pattern, PatternKind kind)
    {
        switch (pattern.Kind)
        {
            case PatternKind.Choice:
                List<string> left = Required(pattern.Left!, kind), right = Required(pattern.Right!, kind);
                return left.Count == 0 || right.Count == 0 ? [] : [.. left.Union(right)];
            case PatternKind.Group or PatternKind.Interleave:
                List<string> first = Required(pattern.Left!, kind);
                return first.Count > 0 ? first : Required(pattern.Right!, kind);
            case PatternKind.OneOrMore:
                return Required(pattern.Left!, kind);
            default:
                return pattern.Kind == kind ? [pattern.Name ?? ""] : [];
        }
    }
}
