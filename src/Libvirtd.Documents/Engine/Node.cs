using System.Diagnostics.CodeAnalysis;

namespace Libvirtd.Documents;

/// <summary>When a part of a document is printed: the flags of a dump decide.</summary>
[Flags]
public enum Show : byte
{
    Always = 0,

    /// <summary>Only in the XML of an object that runs.</summary>
    Live = 1,

    /// <summary>Only for a caller who asked for secrets and may see them.</summary>
    Secure = 2,

    /// <summary>Left out of XML that another host will read.</summary>
    NotMigratable = 4,

    /// <summary>Only in XML that another host will read.</summary>
    OnlyMigratable = 8,
}

/// <summary>One attribute of a <see cref="Node"/>.</summary>
public readonly record struct NodeAttribute(string Name, string Value, Show Show = Show.Always);

/// <summary>
/// An element of a document that passed its schema: values are normalised, attributes and children stand in libvirt's output order.
/// A node is changed freely until <see cref="Freeze"/>; a frozen tree is shared between threads and copied to be changed.
/// </summary>
public sealed class Node
{
    private static readonly List<Node> s_none = [];

    private NodeAttribute[] _attributes = [];
    private int _attributeCount;
    private List<Node>? _children;
    private string? _text;
    private bool _frozen;

    public Node(string name, ElementSchema? schema = null)
    {
        Name = name;
        Schema = schema;
        if (schema is not null)
            Show = schema.Show;
    }

    public string Name { get; }

    /// <summary>What libvirt knows of this element; null for an element kept as it came, such as metadata.</summary>
    public ElementSchema? Schema { get; }

    public Show Show { get; internal set; }

    /// <summary>The namespace of an element of somebody else; null for libvirt's own.</summary>
    internal string? Namespace { get; init; }

    /// <summary>What kind of node this is: an element, or the text, comment ... between elements that is kept word for word.</summary>
    internal NodeKind Kind { get; init; }

    /// <summary>The node and all in it are printed as they came, in libxml2's way.</summary>
    internal bool IsVerbatim { get; set; }

    public bool IsFrozen => _frozen;

    public ReadOnlySpan<NodeAttribute> Attributes => _attributes.AsSpan(0, _attributeCount);

    public IReadOnlyList<Node> Children => _children ?? s_none;

    internal List<Node> ChildList => _children ?? s_none;

    /// <summary>The element's own text; null where it has none.</summary>
    public string? Text
    {
        get => _text;
        set
        {
            ThrowIfFrozen();
            _text = value;
        }
    }

    /// <summary>An attribute's value, null where it is absent. Setting puts a new attribute where the schema wants it; null removes it.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (ref readonly NodeAttribute attribute in Attributes)
            {
                if (attribute.Name == name)
                    return attribute.Value;
            }

            return null;
        }
        set
        {
            ThrowIfFrozen();
            SetAttribute(name, value);
        }
    }

    /// <summary>Sets an attribute that is printed only sometimes.</summary>
    internal void SetShown(string name, string value, Show show)
    {
        this[name] = value;
        for (int i = 0; i < _attributeCount; i++)
        {
            if (_attributes[i].Name == name)
                _attributes[i] = _attributes[i] with { Show = show };
        }
    }

    public bool Has(string attribute) => this[attribute] is not null;

    /// <summary>The first child of that name.</summary>
    public Node? Child(string name)
    {
        foreach (Node child in ChildList)
        {
            if (child.IsNamed(name))
                return child;
        }

        return null;
    }

    /// <summary>The node at the end of a path of names, such as <c>Find("devices", "emulator")</c>.</summary>
    public Node? Find(params ReadOnlySpan<string> path)
    {
        Node? node = this;
        foreach (string name in path)
            node = node?.Child(name);
        return node;
    }

    /// <summary>All children of that name, in order.</summary>
    public IEnumerable<Node> All(string name)
    {
        foreach (Node child in ChildList)
        {
            if (child.IsNamed(name))
                yield return child;
        }
    }

    public int Count(string name)
    {
        int count = 0;
        foreach (Node child in ChildList)
        {
            if (child.IsNamed(name))
                count++;
        }

        return count;
    }

    /// <summary>The text of the first child of that name; null where either is missing.</summary>
    public string? ChildText(string name) => Child(name)?.Text;

    /// <summary>Adds a child where the schema's order wants it: after its last sibling that comes no later.</summary>
    public Node Add(Node child)
    {
        ThrowIfFrozen();
        Insert(child);
        return child;
    }

    /// <summary>Adds a child with a schema of its own, found by name.</summary>
    public Node Add(string name) => Add(new Node(name, Schema?.FindChild(name)));

    /// <summary>Makes sure of a child with this text; null or empty removes it.</summary>
    public void SetChildText(string name, string? text)
    {
        ThrowIfFrozen();
        Node? child = Child(name);
        if (string.IsNullOrEmpty(text))
        {
            if (child is not null)
                Remove(child);
            return;
        }

        (child ?? Add(name)).Text = text;
    }

    public Node GetOrAdd(string name) => Child(name) ?? Add(name);

    public void Remove(Node child)
    {
        ThrowIfFrozen();
        _children?.Remove(child);
    }

    public void RemoveAll(string name)
    {
        ThrowIfFrozen();
        _children?.RemoveAll(child => child.Name == name);
    }

    /// <summary>Puts <paramref name="replacement"/> where <paramref name="child"/> stood.</summary>
    public void Replace(Node child, Node replacement)
    {
        ThrowIfFrozen();
        int index = ChildList.IndexOf(child);
        if (index < 0)
            throw new ArgumentException("not a child of this node", nameof(child));
        _children![index] = replacement;
    }

    /// <summary>A deep copy that may be changed.</summary>
    public Node Clone(string? name = null)
    {
        Node copy = new(name ?? Name, Schema)
        {
            Show = Show,
            Namespace = Namespace,
            Kind = Kind,
            IsVerbatim = IsVerbatim,
            _text = _text,
            _attributes = _attributeCount == 0 ? [] : Attributes.ToArray(),
            _attributeCount = _attributeCount,
        };
        if (_children is { Count: > 0 })
        {
            copy._children = new List<Node>(_children.Count);
            foreach (Node child in _children)
                copy._children.Add(child.Clone());
        }

        return copy;
    }

    /// <summary>Forbids changes, here and below: from now on the tree may be shared. It keeps no room to grow.</summary>
    public Node Freeze()
    {
        if (!_frozen)
        {
            _frozen = true;
            if (_attributeCount < _attributes.Length)
                Array.Resize(ref _attributes, _attributeCount);
            if (_children is { Count: 0 })
                _children = null;
            _children?.Capacity = _children.Count;
            foreach (Node child in ChildList)
                child.Freeze();
        }

        return this;
    }

    /// <summary>Appends an attribute as the last one, for callers that go in output order.</summary>
    internal void Append(string name, string value, Show show = Show.Always)
    {
        if (_attributeCount == _attributes.Length)
            Array.Resize(ref _attributes, _attributeCount == 0 ? 2 : _attributeCount * 2);
        _attributes[_attributeCount++] = new NodeAttribute(name, value, show);
    }

    /// <summary>Appends a child as the last one, for callers that go in output order.</summary>
    internal void Append(Node child) => (_children ??= []).Add(child);

    internal void InsertAt(int index, Node child)
    {
        ThrowIfFrozen();
        (_children ??= []).Insert(index, child);
    }

    /// <summary>An element that somebody else's default namespace covers is not ours, whatever its name.</summary>
    private bool IsNamed(string name) => Name == name && (Namespace is null || name.Contains(':', StringComparison.Ordinal));

    private void SetAttribute(string name, string? value)
    {
        for (int i = 0; i < _attributeCount; i++)
        {
            if (_attributes[i].Name != name)
                continue;
            if (value is not null)
            {
                _attributes[i] = _attributes[i] with { Value = value };
                return;
            }

            _attributes.AsSpan(i + 1, _attributeCount - i - 1).CopyTo(_attributes.AsSpan(i));
            _attributeCount--;
            return;
        }

        if (value is null)
            return;
        int rank = Schema?.AttributeRank(name) ?? int.MaxValue;
        int place = _attributeCount;
        while (place > 0 && Schema is not null && Schema.AttributeRank(_attributes[place - 1].Name) > rank)
            place--;
        Append(name, value, Schema?.FindAttribute(name)?.Show ?? Show.Always);
        NodeAttribute added = _attributes[_attributeCount - 1];
        _attributes.AsSpan(place, _attributeCount - 1 - place).CopyTo(_attributes.AsSpan(place + 1));
        _attributes[place] = added;
    }

    private void Insert(Node child)
    {
        List<Node> children = _children ??= [];
        int rank = Schema?.ChildRank(child) ?? int.MaxValue;
        int place = children.Count;
        while (place > 0 && Schema is not null && Schema.ChildRank(children[place - 1]) > rank)
            place--;
        children.Insert(place, child);
    }

    private void ThrowIfFrozen()
    {
        if (_frozen)
            ThrowFrozen();
    }

    [DoesNotReturn]
    private static void ThrowFrozen() => throw new InvalidOperationException("a published document is not changed: edit a copy");
}

/// <summary>The kinds of node that a tree can hold; all but elements occur in what is kept word for word.</summary>
internal enum NodeKind : byte
{
    Element,
    Text,
    CData,
    Comment,
    Instruction,
}
