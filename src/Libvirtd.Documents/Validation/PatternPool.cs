namespace Libvirtd.Documents;

/// <summary>
/// Makes patterns, each once, and simplifies them. The grammar has a pool of its own, which is not changed after it was read; each validation puts another
/// one on top of it, so that what a document brings about goes with it.
/// </summary>
internal sealed class PatternPool(PatternPool? parent = null)
{
    public static readonly Pattern Never = new(PatternKind.Never);
    public static readonly Pattern Empty = new(PatternKind.Empty);
    public static readonly Pattern Text = new(PatternKind.Text);

    private readonly Dictionary<(PatternKind Kind, Pattern Left, Pattern? Right), Pattern> _made = [];

    public Pattern Choice(Pattern left, Pattern right)
    {
        if (left.IsNever || left == right)
            return right;
        if (right.IsNever || Holds(right, left))
            return right.IsNever ? left : right;
        if (left == Empty && right.IsNullable)
            return right;
        if (right == Empty && left.IsNullable)
            return left;
        // Chains lean to the right, so that what occurs twice is found.
        return left.Kind == PatternKind.Choice ? Choice(left.Left!, Choice(left.Right!, right)) : Make(PatternKind.Choice, left, right);
    }

    public Pattern Group(Pattern left, Pattern right) => Both(PatternKind.Group, left, right);

    public Pattern Interleave(Pattern left, Pattern right) => Both(PatternKind.Interleave, left, right);

    public Pattern OneOrMore(Pattern some) =>
        some.Kind is PatternKind.Never or PatternKind.Empty or PatternKind.Text or PatternKind.OneOrMore ? some : Make(PatternKind.OneOrMore, some, null);

    public Pattern Optional(Pattern some) => Choice(Empty, some);

    private Pattern Both(PatternKind kind, Pattern left, Pattern right)
    {
        if (left.IsNever || right.IsNever)
            return Never;
        if (left == Empty)
            return right;
        return right == Empty ? left : Make(kind, left, right);
    }

    private Pattern Make(PatternKind kind, Pattern left, Pattern? right)
    {
        for (PatternPool? pool = this; pool is not null; pool = pool.Parent)
        {
            if (pool._made.TryGetValue((kind, left, right), out Pattern? made))
                return made;
        }

        return _made[(kind, left, right)] = new Pattern(kind, left, right);
    }

    private PatternPool? Parent { get; } = parent;

    private static bool Holds(Pattern chain, Pattern one)
    {
        for (; chain.Kind == PatternKind.Choice; chain = chain.Right!)
        {
            if (chain.Left == one)
                return true;
        }

        return chain == one;
    }
}
