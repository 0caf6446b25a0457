namespace Libvirtd.Documents;

/// <summary>
/// Holds one document against the patterns of its grammar, by Brzozowski's derivatives: what comes next turns the pattern into that of the rest.
/// The first fault ends it.
/// </summary>
internal sealed class Matcher(PatternPool grammar)
{
    private readonly PatternPool _pool = new(grammar);
    private readonly Dictionary<(Pattern Content, Node Node), bool> _known = [];

    /// <summary>The first fault in a document whose root may be this, null for none.</summary>
    public SchemaFault? FindRoot(Pattern root, Node node)
    {
        Pattern content = PatternPool.Never;
        foreach ((Pattern element, _) in Ways(root, node))
            content = _pool.Choice(content, element.Content);
        return content.IsNever ? SchemaFault.OfRoot(root, node) : Find(content, node);
    }

    /// <summary>The first fault in an element that may hold this, null for none. Depth is bounded by the reader's.</summary>
    public SchemaFault? Find(Pattern content, Node node)
    {
        Pattern rest = content;
        foreach (ref readonly NodeAttribute attribute in node.Attributes)
        {
            if (IsDeclaration(attribute.Name))
                continue;
            Pattern next = AfterAttribute(rest, attribute.Name, attribute.Value);
            if (next.IsNever)
                return SchemaFault.OfAttribute(content, rest, node, attribute);
            rest = next;
        }

        Pattern attributed = rest;
        rest = WithoutAttributes(rest);
        if (rest.IsNever)
            return SchemaFault.OfMissingAttribute(attributed, node);
        bool hasElements = node.Children.Any(static child => child.Kind == NodeKind.Element);
        if (!hasElements)
            return FindInText(rest, node);
        if (!string.IsNullOrWhiteSpace(node.Text))
        {
            Pattern next = AfterText(rest, node.Text);
            if (next.IsNever)
                return SchemaFault.OfText(rest, node);
            rest = next;
        }

        foreach (Node child in node.Children)
        {
            if (child.Kind != NodeKind.Element)
                continue;
            List<(Pattern Element, Pattern After)> ways = Ways(rest, child);
            if (ways.Count == 0)
                return SchemaFault.OfChild(content, rest, node, child);
            Pattern next = PatternPool.Never;
            Pattern any = PatternPool.Never;
            foreach ((Pattern element, Pattern after) in ways)
            {
                if (element.Name is null || Fits(element.Content, child))
                    next = _pool.Choice(next, after);
                any = _pool.Choice(any, element.Content);
            }

            if (next.IsNever)
                return (Find(any, child) ?? SchemaFault.OfChild(content, rest, node, child)).Within(node, child);
            rest = next;
        }

        return rest.IsNullable ? null : SchemaFault.OfMissingElement(rest, node);
    }

    private SchemaFault? FindInText(Pattern rest, Node node)
    {
        string text = node.Text ?? "";
        if ((rest.IsNullable && string.IsNullOrWhiteSpace(text)) || AfterText(rest, text).IsNullable)
            return null;
        return string.IsNullOrWhiteSpace(text) ? SchemaFault.OfMissingElement(rest, node) : SchemaFault.OfText(rest, node);
    }

    /// <summary>Elements that several places may take are matched once for each.</summary>
    private bool Fits(Pattern content, Node node)
    {
        if (!_known.TryGetValue((content, node), out bool fits))
        {
            fits = Find(content, node) is null;
            _known.Add((content, node), fits);
        }

        return fits;
    }

    private static bool IsDeclaration(string name) => name == "xmlns" || name.StartsWith("xmlns:", StringComparison.Ordinal);

    private Pattern AfterAttribute(Pattern pattern, string name, string value)
    {
        if (!pattern.HasAttributes)
            return PatternPool.Never;
        switch (pattern.Kind)
        {
            case PatternKind.Attribute:
                return pattern.Name == name && pattern.Content.AcceptsText(value) ? PatternPool.Empty : PatternPool.Never;
            case PatternKind.Choice:
                return _pool.Choice(AfterAttribute(pattern.Left!, name, value), AfterAttribute(pattern.Right!, name, value));
            case PatternKind.Group:
                return _pool.Choice(_pool.Group(AfterAttribute(pattern.Left!, name, value), pattern.Right!),
                    _pool.Group(pattern.Left!, AfterAttribute(pattern.Right!, name, value)));
            case PatternKind.Interleave:
                return _pool.Choice(_pool.Interleave(AfterAttribute(pattern.Left!, name, value), pattern.Right!),
                    _pool.Interleave(pattern.Left!, AfterAttribute(pattern.Right!, name, value)));
            case PatternKind.OneOrMore:
                return _pool.Group(AfterAttribute(pattern.Left!, name, value), _pool.Optional(pattern));
            default:
                return PatternPool.Never;
        }
    }

    /// <summary>The start tag is over: an attribute that has not come will not.</summary>
    private Pattern WithoutAttributes(Pattern pattern)
    {
        if (!pattern.HasAttributes)
            return pattern;
        return pattern.Kind switch
        {
            PatternKind.Choice => _pool.Choice(WithoutAttributes(pattern.Left!), WithoutAttributes(pattern.Right!)),
            PatternKind.Group => _pool.Group(WithoutAttributes(pattern.Left!), WithoutAttributes(pattern.Right!)),
            PatternKind.Interleave => _pool.Interleave(WithoutAttributes(pattern.Left!), WithoutAttributes(pattern.Right!)),
            PatternKind.OneOrMore => _pool.OneOrMore(WithoutAttributes(pattern.Left!)),
            _ => PatternPool.Never,
        };
    }

    private Pattern AfterText(Pattern pattern, string text)
    {
        switch (pattern.Kind)
        {
            case PatternKind.Text:
                return pattern;
            case PatternKind.Data:
                return pattern.Type!.Accepts(text) ? PatternPool.Empty : PatternPool.Never;
            case PatternKind.Choice:
                return _pool.Choice(AfterText(pattern.Left!, text), AfterText(pattern.Right!, text));
            case PatternKind.Group:
                Pattern first = _pool.Group(AfterText(pattern.Left!, text), pattern.Right!);
                return pattern.Left!.IsNullable ? _pool.Choice(first, AfterText(pattern.Right!, text)) : first;
            case PatternKind.Interleave:
                return _pool.Choice(_pool.Interleave(AfterText(pattern.Left!, text), pattern.Right!), _pool.Interleave(pattern.Left!, AfterText(pattern.Right!, text)));
            case PatternKind.OneOrMore:
                return _pool.Group(AfterText(pattern.Left!, text), _pool.Optional(pattern));
            default:
                return PatternPool.Never;
        }
    }

    /// <summary>The elements in the pattern that a child may be, each with what may come after it.</summary>
    private List<(Pattern Element, Pattern After)> Ways(Pattern pattern, Node child)
    {
        List<(Pattern Element, Pattern After)> ways = [];
        Collect(pattern, PatternPool.Empty, static (_, own, _) => own, child, ways);
        return ways;
    }

    private void Collect(Pattern pattern, Pattern other, Func<PatternPool, Pattern, Pattern, Pattern> join, Node child, List<(Pattern Element, Pattern After)> ways)
    {
        int from = ways.Count;
        switch (pattern.Kind)
        {
            case PatternKind.Element when pattern.IsNamed(child):
                ways.Add((pattern, PatternPool.Empty));
                break;
            case PatternKind.Choice:
                Collect(pattern.Left!, PatternPool.Empty, Alone, child, ways);
                Collect(pattern.Right!, PatternPool.Empty, Alone, child, ways);
                break;
            case PatternKind.Group:
                Collect(pattern.Left!, pattern.Right!, static (pool, own, after) => pool.Group(own, after), child, ways);
                if (pattern.Left!.IsNullable)
                    Collect(pattern.Right!, PatternPool.Empty, Alone, child, ways);
                break;
            case PatternKind.Interleave:
                Collect(pattern.Left!, pattern.Right!, static (pool, own, beside) => pool.Interleave(own, beside), child, ways);
                Collect(pattern.Right!, pattern.Left!, static (pool, own, beside) => pool.Interleave(beside, own), child, ways);
                break;
            case PatternKind.OneOrMore:
                Collect(pattern.Left!, _pool.Optional(pattern), static (pool, own, again) => pool.Group(own, again), child, ways);
                break;
            default:
                break;
        }

        for (int i = from; i < ways.Count; i++)
            ways[i] = (ways[i].Element, join(_pool, ways[i].After, other));
    }

    private static Pattern Alone(PatternPool pool, Pattern own, Pattern other) => own;
}
