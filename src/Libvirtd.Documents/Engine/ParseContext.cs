using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>What a document's rules may ask about the parse that they serve.</summary>
public sealed class ParseContext
{
    /// <summary>Whose error a broken rule is.</summary>
    public ErrorDomain Domain { get; init; } = ErrorDomain.Domain;

    /// <summary>Live parts of the text (an id, generated aliases) are ignored.</summary>
    public bool Inactive { get; init; }

    /// <summary>Where new uuids come from.</summary>
    public Func<Guid> NewUuid { get; init; } = Guid.NewGuid;

    /// <summary>Where new MAC addresses come from: six bytes as libvirt prints them.</summary>
    public Func<string> NewMac { get; init; } = static () => throw new InvalidOperationException("no source of MAC addresses was given");
}

/// <summary>Where a rule is being applied: the element as it came, as it becomes, and what surrounds it.</summary>
public readonly ref struct Scope(Node raw, Node node, Node? parent, ParseContext context)
{
    public Node Raw { get; } = raw;

    /// <summary>The element's normalised form, as far as it has been built.</summary>
    public Node Node { get; } = node;

    /// <summary>The normalised parent: its attributes are complete, its children as far as they have been built.</summary>
    public Node? Parent { get; } = parent;

    public ParseContext Context { get; } = context;
}
