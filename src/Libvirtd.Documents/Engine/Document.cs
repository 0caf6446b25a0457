namespace Libvirtd.Documents;

/// <summary>A parsed document. It never changes: it may be shared between threads, and an edit makes another one.</summary>
public abstract class Document
{
    protected Document(Node root) => Root = root.Freeze();

    /// <summary>The document's tree, frozen.</summary>
    public Node Root { get; }

    /// <summary>The document's text.</summary>
    public virtual string Format(FormatFlags flags = FormatFlags.None) => DocumentWriter.Write(Root, flags);

    public override string ToString() => Format();

    /// <summary>A copy of the tree, changed and not yet frozen.</summary>
    protected Node Edited(Action<Node> change)
    {
        Node copy = Root.Clone();
        change(copy);
        return copy;
    }
}
