namespace Libvirtd.Documents;

internal enum PatternKind : byte
{
    /// <summary>Nothing can match any more.</summary>
    Never,
    Empty,
    Text,
    Data,
    Attribute,
    Element,

    /// <summary>Left or right.</summary>
    Choice,

    /// <summary>Left, then right; attributes have no order.</summary>
    Group,

    /// <summary>Left and right, mixed in any order.</summary>
    Interleave,

    /// <summary>Left, once or more often.</summary>
    OneOrMore,
}

/// <summary>
/// What may still come at some place of a document. A pattern never changes; matching makes another one of it, which says what may come after that.
/// Equal patterns of one <see cref="PatternPool"/> are one object.
/// </summary>
internal sealed class Pattern
{
    internal Pattern(PatternKind kind, Pattern? left = null, Pattern? right = null)
    {
        Kind = kind;
        Left = left;
        Right = right;
        IsNullable = kind switch
        {
            PatternKind.Empty or PatternKind.Text => true,
            PatternKind.Choice => left!.IsNullable || right!.IsNullable,
            PatternKind.Group or PatternKind.Interleave => left!.IsNullable && right!.IsNullable,
            PatternKind.OneOrMore => left!.IsNullable,
            _ => false,
        };
        HasAttributes = kind == PatternKind.Attribute || left is { HasAttributes: true } || right is { HasAttributes: true };
    }

    public PatternKind Kind { get; }

    public Pattern? Left { get; }

    public Pattern? Right { get; }

    /// <summary>It is enough that nothing comes.</summary>
    public bool IsNullable { get; }

    /// <summary>An attribute may stand in it, outside of the elements in it.</summary>
    public bool HasAttributes { get; }

    /// <summary>The name of an attribute or an element; null for an element of any name, with anything in it.</summary>
    public string? Name { get; init; }

    /// <summary>The namespace of an element.</summary>
    public string? Namespace { get; init; }

    /// <summary>The values of <see cref="PatternKind.Data"/>.</summary>
    public DataType? Type { get; init; }

    /// <summary>What an element or an attribute holds; set once, while the grammar is read, since elements may hold themselves.</summary>
    public Pattern Content { get; set; } = s_never;

    private static readonly Pattern s_never = new(PatternKind.Never);

    public bool IsNever => Kind == PatternKind.Never;

    public bool IsNamed(Node node) =>
        Name is null || (node.Namespace == Namespace && LocalName(node.Name).SequenceEqual(Name));

    /// <summary>Whether a value of an attribute, or the whole text of an element, is one of these.</summary>
    public bool AcceptsText(string value) => Kind switch
    {
        PatternKind.Text => true,
        PatternKind.Empty => string.IsNullOrWhiteSpace(value),
        PatternKind.Data => Type!.Accepts(value),
        PatternKind.Choice => Left!.AcceptsText(value) || Right!.AcceptsText(value),
        _ => false,
    };

    private static ReadOnlySpan<char> LocalName(string name) => name.AsSpan(name.IndexOf(':', StringComparison.Ordinal) + 1);
}
