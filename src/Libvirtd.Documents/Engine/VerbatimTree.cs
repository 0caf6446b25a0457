namespace Libvirtd.Documents;

/// <summary>
/// What is kept for others: metadata. libvirt keeps each child that has a namespace, the first of each namespace, and prints them
/// with libxml2; blanks that libxml2 takes for layout are dropped first.
/// </summary>
internal static class VerbatimTree
{
    /// <summary>Makes of a tree as read the tree that is kept.</summary>
    public static Node Take(Node raw)
    {
        Node kept = new(raw.Name) { IsVerbatim = true };
        foreach (ref readonly NodeAttribute attribute in raw.Attributes)
            kept.Append(attribute.Name, attribute.Value);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Node child in raw.ChildList)
        {
            if (child.Namespace is { } space && seen.Add(space))
                kept.Append(WithoutLayout(child));
        }

        DeclareInherited(kept);
        return kept;
    }

    /// <summary>
    /// Drops blanks between elements. libxml2's rule for a blank text: it is layout unless it is all that an element holds,
    /// or the element began with text, or text (which it would join) stands before it, or text follows.
    /// </summary>
    internal static Node WithoutLayout(Node node)
    {
        if (node.ChildList.Count == 0)
            return node;
        Node kept = new(node.Name) { Namespace = node.Namespace };
        foreach (ref readonly NodeAttribute attribute in node.Attributes)
            kept.Append(attribute.Name, attribute.Value, attribute.Show);
        List<Node> children = node.ChildList;
        for (int i = 0; i < children.Count; i++)
        {
            Node child = children[i];
            if (child.Kind != NodeKind.Text)
            {
                kept.Append(child.Kind == NodeKind.Element ? WithoutLayout(child) : child);
                continue;
            }

            bool alone = kept.ChildList.Count == 0 && i == children.Count - 1;
            bool startsWithText = kept.ChildList is [{ Kind: NodeKind.Text }, ..];
            bool afterText = kept.ChildList is [.., { Kind: NodeKind.Text }];
            if (!string.IsNullOrWhiteSpace(child.Text) || alone || startsWithText || afterText)
                kept.Append(child);
        }

        return kept;
    }

    /// <summary>A copy in which the elements of a namespace have none.</summary>
    internal static Node WithoutNamespace(Node node, string uri)
    {
        if (node.Kind != NodeKind.Element)
            return node;
        bool own = node.Namespace == uri;
        Node kept = new(own ? node.Name[(node.Name.IndexOf(':', StringComparison.Ordinal) + 1)..] : node.Name) { Namespace = own ? null : node.Namespace };
        foreach (ref readonly NodeAttribute attribute in node.Attributes)
        {
            if (!(attribute.Name.StartsWith("xmlns", StringComparison.Ordinal) && attribute.Value == uri))
                kept.Append(attribute.Name, attribute.Value);
        }

        foreach (Node child in node.ChildList)
            kept.Append(WithoutNamespace(child, uri));
        return kept;
    }

    /// <summary>A namespace that was declared further up is declared at the root of what is kept.</summary>
    private static void DeclareInherited(Node root)
    {
        foreach (Node child in root.ChildList.ToArray())
            Declare(root, child, []);
    }

    private static void Declare(Node root, Node node, List<string> declared)
    {
        if (node.Kind != NodeKind.Element)
            return;
        int mark = declared.Count;
        foreach (ref readonly NodeAttribute attribute in node.Attributes)
        {
            if (attribute.Name == "xmlns" || attribute.Name.StartsWith("xmlns:", StringComparison.Ordinal))
                declared.Add(attribute.Name);
        }

        if (node.Namespace is { } space)
        {
            int colon = node.Name.IndexOf(':', StringComparison.Ordinal);
            string name = colon < 0 ? "xmlns" : "xmlns:" + node.Name[..colon];
            if (!declared.Contains(name) && root[name] is null)
                root.Append(name, space);
        }

        foreach (Node child in node.ChildList)
            Declare(root, child, declared);
        declared.RemoveRange(mark, declared.Count - mark);
    }
}
