using System.Collections.Immutable;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A moment of a domain that later ones descend from: a snapshot or a checkpoint.</summary>
internal interface IMoment<TSelf>
{
    string Name { get; }

    /// <summary>The name of the parent.</summary>
    string? Parent { get; }

    TSelf WithParent(string? parent);
}

/// <summary>A moment in its tree. The last child that came stands first, as upstream links them.</summary>
internal sealed record MomentNode<T>(T Definition, string? Parent, ImmutableList<string> Children, long Number)
    where T : IMoment<T>
{
    public string Name => Definition.Name;
}

/// <summary>What a list of moments takes, whatever the bits of its flags are called.</summary>
/// <param name="RootsOrDescendants">For the whole tree: only roots. For the children of a moment: their descendants too.</param>
/// <param name="Topological">Parents come before their children.</param>
/// <param name="Leaves">Only those without children.</param>
/// <param name="NoLeaves">Only those with children.</param>
internal readonly record struct MomentQuery(bool RootsOrDescendants, bool Topological, bool Leaves, bool NoLeaves);

/// <summary>A domain's moments of one kind, and which of them is current. It never changes: each method makes another tree.</summary>
internal sealed record MomentTree<T>
    where T : IMoment<T>
{
    public static MomentTree<T> Empty { get; } = new();

    private ImmutableDictionary<string, MomentNode<T>> Nodes { get; init; } = ImmutableDictionary<string, MomentNode<T>>.Empty;

    private ImmutableList<string> Roots { get; init; } = [];

    private long LastNumber { get; init; }

    /// <summary>The name of the current moment; null where there is none.</summary>
    public string? Current { get; init; }

    public int Count => Nodes.Count;

    /// <summary>All moments, in no order.</summary>
    public IEnumerable<MomentNode<T>> All => Nodes.Values;

    public MomentNode<T>? Find(string? name) => name is not null && Nodes.TryGetValue(name, out MomentNode<T>? node) ? node : null;

    /// <summary>Refuses a parent that would make the tree none.</summary>
    /// <exception cref="VirException">It does not exist, or descends from the moment (VIR_ERR_INVALID_ARG).</exception>
    public void CheckParent(string name, string? parent)
    {
        if (parent is null)
            return;
        if (name == parent)
            throw Refused($"cannot set moment {name} as its own parent");
        MomentNode<T>? other = Find(parent) ?? throw Refused($"parent {parent} for moment {name} not found");
        for (; other is not null; other = Find(other.Definition.Parent))
        {
            if (other.Definition.Parent == name)
                throw Refused($"parent {other.Name} would create cycle to {name}");
        }

        static VirException Refused(string detail) => VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Domain, detail);
    }

    /// <summary>Adds a moment below the parent that its definition names, or as a root where there is no such parent.</summary>
    /// <exception cref="VirException">The name is taken (VIR_ERR_OPERATION_FAILED).</exception>
    public MomentTree<T> Add(T definition)
    {
        if (Find(definition.Name) is not null)
            throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Domain, $"domain moment {definition.Name} already exists");
        long number = LastNumber + 1;
        MomentTree<T> tree = this with { LastNumber = number };
        return tree.Link(new MomentNode<T>(definition, null, [], number));
    }

    /// <summary>Gives a moment another definition; its children stay, its parent may change.</summary>
    public MomentTree<T> Replace(T definition)
    {
        MomentNode<T> node = Nodes[definition.Name];
        return Unlink(node).Link(node with { Definition = definition, Parent = null });
    }

    /// <summary>Changes definitions in place: neither names nor parents.</summary>
    public MomentTree<T> Update(IEnumerable<T> definitions)
    {
        ImmutableDictionary<string, MomentNode<T>>.Builder nodes = Nodes.ToBuilder();
        foreach (T definition in definitions)
            nodes[definition.Name] = nodes[definition.Name] with { Definition = definition };
        return this with { Nodes = nodes.ToImmutable() };
    }

    /// <summary>Removes a moment. Its children become its parent's.</summary>
    public MomentTree<T> RemoveOne(MomentNode<T> node)
    {
        ImmutableDictionary<string, MomentNode<T>>.Builder nodes = Nodes.ToBuilder();
        foreach (string name in node.Children)
        {
            MomentNode<T> child = nodes[name];
            nodes[name] = child with { Parent = node.Parent, Definition = child.Definition.WithParent(node.Parent) };
        }

        MomentTree<T> tree = (this with { Nodes = nodes.ToImmutable() })
            .WithSiblings(node.Parent, siblings => siblings.InsertRange(0, node.Children));
        return tree.Drop(node);
    }

    /// <summary>Removes moments, as the flags CHILDREN and CHILDREN_ONLY mean it. Was one of them current, the nearest that is left above it is now.</summary>
    /// <param name="node">The moment that the deletion names.</param>
    /// <param name="children">It goes with all that descend from it.</param>
    /// <param name="childrenOnly">Only those that descend from it go.</param>
    public MomentRemoval<T> Remove(MomentNode<T> node, bool children, bool childrenOnly)
    {
        MomentNode<T>[] descendants = children || childrenOnly ? [.. Descendants(node).Reverse()] : [];
        MomentTree<T> rest = this with { Nodes = Nodes.RemoveRange(descendants.Select(static one => one.Name)) };
        if (descendants.Length > 0)
            rest = rest with { Nodes = rest.Nodes.SetItem(node.Name, node with { Children = [] }) };
        if (Array.Exists(descendants, one => one.Name == Current))
            rest = rest with { Current = node.Name };
        return childrenOnly ? new(rest, descendants) : new(rest.RemoveOne(rest.Nodes[node.Name]), [.. descendants, node]);
    }

    /// <summary>All that descend from a moment, each before its children.</summary>
    public IEnumerable<MomentNode<T>> Descendants(MomentNode<T> node) => Walk(node.Children);

    /// <summary>The moments that a list takes.</summary>
    /// <param name="from">The moment whose children are listed; null for the whole tree.</param>
    /// <param name="query">Which of them.</param>
    /// <param name="matches">Further filters; null for none.</param>
    public List<MomentNode<T>> List(MomentNode<T>? from, MomentQuery query, Func<T, bool>? matches = null)
    {
        List<MomentNode<T>> found = [];
        bool isDeep = query.RootsOrDescendants != (from is null);
        IEnumerable<MomentNode<T>> candidates = (isDeep, from) switch
        {
            (true, null) when !query.Topological => Nodes.Values.OrderBy(node => node.Number),
            (true, _) => Walk(from?.Children ?? Roots),
            _ => (from?.Children ?? Roots).Select(name => Nodes[name]),
        };
        foreach (MomentNode<T> node in candidates)
        {
            bool isLeaf = node.Children.Count == 0;
            if (!(query.Leaves && !isLeaf) && !(query.NoLeaves && isLeaf) && (matches is null || matches(node.Definition)))
                found.Add(node);
        }

        return found;
    }

    /// <summary>A walk in which each moment comes before its children. The depth of the tree costs no stack.</summary>
    private IEnumerable<MomentNode<T>> Walk(ImmutableList<string> from)
    {
        Stack<string> open = new(from.Reverse());
        while (open.TryPop(out string? name))
        {
            MomentNode<T> node = Nodes[name];
            yield return node;
            for (int i = node.Children.Count - 1; i >= 0; i--)
                open.Push(node.Children[i]);
        }
    }

    private MomentTree<T> Link(MomentNode<T> node)
    {
        string? parent = Find(node.Definition.Parent)?.Name;
        return (this with { Nodes = Nodes.SetItem(node.Name, node with { Parent = parent }) })
            .WithSiblings(parent, siblings => siblings.Insert(0, node.Name));
    }

    private MomentTree<T> Unlink(MomentNode<T> node) => WithSiblings(node.Parent, siblings => siblings.Remove(node.Name));

    private MomentTree<T> Drop(MomentNode<T> node)
    {
        MomentTree<T> tree = Unlink(node);
        return tree with
        {
            Nodes = tree.Nodes.Remove(node.Name),
            Current = Current == node.Name ? Find(node.Definition.Parent)?.Name : Current,
        };
    }

    private MomentTree<T> WithSiblings(string? parent, Func<ImmutableList<string>, ImmutableList<string>> change)
    {
        if (parent is null)
            return this with { Roots = change(Roots) };
        MomentNode<T> node = Nodes[parent];
        return this with { Nodes = Nodes.SetItem(parent, node with { Children = change(node.Children) }) };
    }
}
