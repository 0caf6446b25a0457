namespace Libvirtd.Documents;

/// <summary>A rule that depends on where it is applied.</summary>
public delegate bool Condition(in Scope scope);

/// <summary>The case of a <see cref="ElementSchema.Switch"/>: which of an element's shapes applies.</summary>
public delegate string? Selector(Node raw, Node? parent);

/// <summary>The last word on an element: it may change it, or refuse it by an error; false drops it.</summary>
public delegate bool Finish(in Scope scope);

/// <summary>Builds an element in a way that no table describes; null drops it.</summary>
public delegate Node? Convert(Node raw, Node? parent, ParseContext context);

/// <summary>What libvirt knows of one attribute.</summary>
public sealed record AttributeSchema(string Name, ValueSchema Type)
{
    /// <summary>The value of an absent attribute; null prints none.</summary>
    public string? Default { get; init; }

    public bool Required { get; init; }

    public Show Show { get; init; }

    /// <summary>The attribute is known only where this holds; elsewhere it is dropped.</summary>
    public Condition? When { get; init; }

    /// <summary>The error for a bad value, where it is not the usual one.</summary>
    public FaultText? Bad { get; init; }

    /// <summary>The error for an absent attribute, where it is not the usual one.</summary>
    public FaultText? Missing { get; init; }
}

/// <summary>
/// What libvirt knows of one element: attributes and children in output order, each with its type, default and error.
/// Schemas are data: static tables built once by the methods below and never changed after.
/// </summary>
public sealed class ElementSchema
{
    private readonly List<AttributeSchema> _attributes = [];
    private readonly List<ElementSchema> _children = [];
    private Dictionary<string, ElementSchema>? _cases;
    private Selector? _selector;

    private ElementSchema(string name) => Name = name;

    public string Name { get; }

    public Show Show { get; private set; }

    public IReadOnlyList<AttributeSchema> Attributes => _attributes;

    public IReadOnlyList<ElementSchema> Children => _children;

    internal List<AttributeSchema> AttributeList => _attributes;

    internal List<ElementSchema> ChildList => _children;

    /// <summary>The element may occur more than once; otherwise only the first one counts.</summary>
    public bool IsMany { get; private set; }

    /// <summary>An absent element is made, with its defaults.</summary>
    public bool IsAlways { get; private set; }

    /// <summary>An element without attributes, children and text is not printed.</summary>
    public bool OmitEmpty { get; private set; } = true;

    /// <summary>An element without children is still printed with a start and an end tag.</summary>
    public bool AlwaysOpen { get; private set; }

    /// <summary>The element and all in it are kept word for word.</summary>
    public bool IsVerbatim { get; private set; }

    /// <summary>The type of the text; null for an element without one.</summary>
    public ValueSchema? TextType { get; private set; }

    public bool TextRequired { get; private set; }

    /// <summary>The text of an element that is made without one.</summary>
    public string? TextDefault { get; private set; }

    /// <summary>The error for a bad text, where it is not the usual one.</summary>
    public FaultText? BadText { get; private set; }

    internal Condition? Known { get; private set; }

    internal Convert? Converter { get; private set; }

    internal Finish? Finisher { get; private set; }

    /// <summary>An element that vanishes when nothing of it is left.</summary>
    public static ElementSchema Element(string name) => new(name);

    /// <summary>An element that counts by being there, such as <c>&lt;readonly/&gt;</c>.</summary>
    public static ElementSchema Flag(string name) => new(name) { OmitEmpty = false };

    /// <summary>An element that is its text, such as <c>&lt;name&gt;</c>; an empty one is dropped.</summary>
    public static ElementSchema Leaf(string name, ValueSchema? type = null, FaultText? bad = null) =>
        new(name) { TextType = type ?? Values.Any, BadText = bad };

    /// <summary>An element of somebody else's, kept word for word.</summary>
    public static ElementSchema Verbatim(string name) => new(name) { IsVerbatim = true };

    /// <summary>An element whose shape is one of several; an unknown case, or none, drops it unless there is a case "".</summary>
    public static ElementSchema Switch(string name, Selector selector, params ReadOnlySpan<(string Case, ElementSchema Schema)> cases)
    {
        ElementSchema schema = new(name) { _selector = selector, _cases = new(StringComparer.Ordinal) };
        foreach ((string value, ElementSchema shape) in cases)
        {
            foreach (string one in value.Split('|'))
                schema._cases.Add(one, shape);
        }

        return schema;
    }

    public ElementSchema Attr(string name, ValueSchema? type = null, string? fallback = null, bool required = false, Show show = Show.Always,
        Condition? when = null, FaultText? bad = null, FaultText? missing = null)
    {
        _attributes.Add(new AttributeSchema(name, type ?? Values.Any)
        {
            Default = fallback,
            Required = required || missing is not null,
            Show = show,
            When = when,
            Bad = bad,
            Missing = missing,
        });
        return this;
    }

    /// <summary>Adds children, in output order.</summary>
    public ElementSchema With(params ReadOnlySpan<ElementSchema> children)
    {
        foreach (ElementSchema child in children)
            _children.Add(child);
        return this;
    }

    /// <summary>Adds what another table lists: a group of attributes and children that several elements share.</summary>
    public ElementSchema Include(ElementSchema group)
    {
        _attributes.AddRange(group._attributes);
        _children.AddRange(group._children);
        return this;
    }

    public ElementSchema Text(ValueSchema? type = null, string? fallback = null, bool required = false, FaultText? bad = null)
    {
        TextType = type ?? Values.Any;
        TextRequired = required;
        TextDefault = fallback;
        BadText = bad;
        return this;
    }

    public ElementSchema Many() => Set(schema => schema.IsMany = true);

    public ElementSchema Always() => Set(schema =>
    {
        schema.IsAlways = true;
        schema.OmitEmpty = false;
    });

    /// <summary>The element is printed though nothing of it is left.</summary>
    public ElementSchema Keep() => Set(schema => schema.OmitEmpty = false);

    public ElementSchema Open() => Set(schema =>
    {
        schema.AlwaysOpen = true;
        schema.OmitEmpty = false;
    });

    public ElementSchema OnlyWhen(Show show) => Set(schema => schema.Show = show);

    /// <summary>The element is known only where this holds; elsewhere it is dropped.</summary>
    public ElementSchema When(Condition condition) => Set(schema => schema.Known = condition);

    /// <summary>Adds a last word; several are had in turn, until one drops the element.</summary>
    public ElementSchema Then(Finish finish) => Set(schema =>
    {
        Finish? first = schema.Finisher;
        schema.Finisher = first is null ? finish : (in Scope scope) => first(scope) && finish(scope);
    });

    public ElementSchema By(Convert convert) => Set(schema => schema.Converter = convert);

    /// <summary>The shape that applies here; null where the element is not known here.</summary>
    internal ElementSchema? Resolve(Node raw, Node? parent)
    {
        if (_selector is null)
            return this;
        string key = _selector(raw, parent) ?? "";
        return _cases!.TryGetValue(key, out ElementSchema? shape) || _cases.TryGetValue("", out shape) ? shape.Resolve(raw, parent) : null;
    }

    internal ElementSchema? FindChild(string name)
    {
        foreach (ElementSchema child in _children)
        {
            if (child.Name == name)
                return child;
        }

        return null;
    }

    internal AttributeSchema? FindAttribute(string name)
    {
        foreach (AttributeSchema attribute in _attributes)
        {
            if (attribute.Name == name)
                return attribute;
        }

        return null;
    }

    /// <summary>Where a child stands in output order. Where several tables have one name, the one that the child was made by decides.</summary>
    internal int ChildRank(Node child)
    {
        int first = int.MaxValue;
        for (int i = 0; i < _children.Count; i++)
        {
            if (_children[i].Name != child.Name)
                continue;
            if (child.Schema is null || _children[i] == child.Schema)
                return i;
            first = Math.Min(first, i);
        }

        return first;
    }

    internal int AttributeRank(string name)
    {
        for (int i = 0; i < _attributes.Count; i++)
        {
            if (_attributes[i].Name == name)
                return i;
        }

        return int.MaxValue;
    }

    private ElementSchema Set(Action<ElementSchema> change)
    {
        change(this);
        return this;
    }
}
