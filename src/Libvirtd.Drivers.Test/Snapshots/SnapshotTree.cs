using System.Collections.Immutable;
using Flags = Libvirtd.Protocol.DomainSnapshotListFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>A snapshot in its tree. The last child that came stands first, as upstream links them.</summary>
internal sealed record SnapshotNode(SnapshotDefinition Definition, string? Parent, ImmutableList<string> Children, long Number)
{
    public string Name => Definition.Name;
}

/// <summary>A domain's snapshots and which of them is current. It never changes: each method makes another tree.</summary>
internal sealed record SnapshotTree
{
    public static SnapshotTree Empty { get; } = new();

    private ImmutableDictionary<string, SnapshotNode> Nodes { get; init; } = ImmutableDictionary<string, SnapshotNode>.Empty;

    private ImmutableList<string> Roots { get; init; } = [];

    private long LastNumber { get; init; }

    /// <summary>The name of the current snapshot; null where there is none.</summary>
    public string? Current { get; init; }

    public int Count => Nodes.Count;

    public SnapshotNode? Find(string? name) => name is not null && Nodes.TryGetValue(name, out SnapshotNode? node) ? node : null;

    /// <summary>Adds a snapshot below the parent that its definition names, or as a root where there is no such parent.</summary>
    public SnapshotTree Add(SnapshotDefinition definition)
    {
        long number = LastNumber + 1;
        SnapshotTree tree = this with { LastNumber = number };
        return tree.Link(new SnapshotNode(definition, null, [], number));
    }

    /// <summary>Gives a snapshot another definition; its children stay, its parent may change.</summary>
    public SnapshotTree Replace(SnapshotDefinition definition)
    {
        SnapshotNode node = Nodes[definition.Name];
        return Unlink(node).Link(node with { Definition = definition, Parent = null });
    }

    /// <summary>Removes a snapshot. Its children become its parent's.</summary>
    public SnapshotTree RemoveOne(SnapshotNode node)
    {
        ImmutableDictionary<string, SnapshotNode>.Builder nodes = Nodes.ToBuilder();
        foreach (string name in node.Children)
        {
            SnapshotNode child = nodes[name];
            nodes[name] = child with { Parent = node.Parent, Definition = child.Definition.WithParent(node.Parent) };
        }

        SnapshotTree tree = (this with { Nodes = nodes.ToImmutable() }).WithSiblings(node.Parent, siblings => siblings.InsertRange(0, node.Children));
        return tree.Drop(node);
    }

    /// <summary>Removes all that descend from a snapshot. Was one of them current, the snapshot is now.</summary>
    public SnapshotTree RemoveDescendants(SnapshotNode node)
    {
        ImmutableDictionary<string, SnapshotNode>.Builder nodes = Nodes.ToBuilder();
        bool lostCurrent = false;
        foreach (SnapshotNode descendant in Descendants(node.Children))
        {
            lostCurrent |= descendant.Name == Current;
            nodes.Remove(descendant.Name);
        }

        nodes[node.Name] = node with { Children = [] };
        return this with { Nodes = nodes.ToImmutable(), Current = lostCurrent ? node.Name : Current };
    }

    /// <summary>Removes a snapshot and all that descend from it. Was one of them current, its parent is now.</summary>
    public SnapshotTree RemoveWithDescendants(SnapshotNode node)
    {
        SnapshotTree tree = RemoveDescendants(node);
        return tree.Drop(tree.Nodes[node.Name]);
    }

    /// <summary>The snapshots that a list takes.</summary>
    /// <param name="from">The snapshot whose children are listed; null for the whole tree.</param>
    /// <param name="flags">Filters; the bit that means "roots only" for the tree means "descendants too" for a snapshot.</param>
    public List<SnapshotNode> List(SnapshotNode? from, Flags flags)
    {
        List<SnapshotNode> found = [];
        if ((flags & (Flags.Metadata | Flags.NoMetadata)) == Flags.NoMetadata)
            return found;
        bool isDeep = flags.HasFlag(Flags.Descendants) != (from is null);
        IEnumerable<SnapshotNode> candidates = (isDeep, from) switch
        {
            (true, null) when !flags.HasFlag(Flags.Topological) => Nodes.Values.OrderBy(node => node.Number),
            (true, _) => Descendants(from?.Children ?? Roots),
            _ => (from?.Children ?? Roots).Select(name => Nodes[name]),
        };
        foreach (SnapshotNode node in candidates)
        {
            if (Matches(node, flags))
                found.Add(node);
        }

        return found;
    }

    private static bool Matches(SnapshotNode node, Flags flags)
    {
        if ((flags.HasFlag(Flags.Leaves) && node.Children.Count > 0) || (flags.HasFlag(Flags.NoLeaves) && node.Children.Count == 0))
            return false;
        SnapshotDefinition definition = node.Definition;
        if ((flags & (Flags.Inactive | Flags.Active | Flags.DiskOnly)) != 0)
        {
            Flags own = definition.State switch
            {
                SnapshotDefinition.Shutoff => Flags.Inactive,
                SnapshotDefinition.DiskSnapshot => Flags.DiskOnly,
                _ => Flags.Active,
            };
            if ((flags & own) == 0)
                return false;
        }

        Flags location = flags & (Flags.Internal | Flags.External);
        return location is 0 or (Flags.Internal | Flags.External) || location.HasFlag(Flags.External) == definition.IsExternal;
    }

    /// <summary>A walk in which each snapshot comes before its children. The depth of the tree costs no stack.</summary>
    private IEnumerable<SnapshotNode> Descendants(ImmutableList<string> from)
    {
        Stack<string> open = new(from.Reverse());
        while (open.TryPop(out string? name))
        {
            SnapshotNode node = Nodes[name];
            yield return node;
            for (int i = node.Children.Count - 1; i >= 0; i--)
                open.Push(node.Children[i]);
        }
    }

    private SnapshotTree Link(SnapshotNode node)
    {
        string? parent = Find(node.Definition.Parent)?.Name;
        return (this with { Nodes = Nodes.SetItem(node.Name, node with { Parent = parent }) })
            .WithSiblings(parent, siblings => siblings.Insert(0, node.Name));
    }

    private SnapshotTree Unlink(SnapshotNode node) => WithSiblings(node.Parent, siblings => siblings.Remove(node.Name));

    private SnapshotTree Drop(SnapshotNode node)
    {
        SnapshotTree tree = Unlink(node);
        return tree with
        {
            Nodes = tree.Nodes.Remove(node.Name),
            Current = Current == node.Name ? Find(node.Definition.Parent)?.Name : Current,
        };
    }

    private SnapshotTree WithSiblings(string? parent, Func<ImmutableList<string>, ImmutableList<string>> change)
    {
        if (parent is null)
            return this with { Roots = change(Roots) };
        SnapshotNode node = Nodes[parent];
        return this with { Nodes = Nodes.SetItem(parent, node with { Children = change(node.Children) }) };
    }
}
