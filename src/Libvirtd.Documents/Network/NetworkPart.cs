using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A part of a network on its way into it: what was sent, where to, and what to do.</summary>
internal sealed class NetworkPart(Node root, Node raw, NetworkUpdateCommand command)
{
    /// <summary>The network, being changed.</summary>
    public Node Root { get; } = root;

    /// <summary>The part as it came.</summary>
    public Node Raw { get; } = raw;

    /// <summary>The network's name.</summary>
    public string Name => Root.ChildText("name")!;

    public bool IsAdd => command is NetworkUpdateCommand.AddFirst or NetworkUpdateCommand.AddLast;

    public bool IsModify => command == NetworkUpdateCommand.Modify;

    public bool IsDelete => command == NetworkUpdateCommand.Delete;

    public void Expect(string element)
    {
        if (Raw.Name != element)
            throw Fault.Xml(ErrorDomain.Network, $"unexpected element <{Raw.Name}>, expecting <{element}>, while updating network '{Name}'");
    }

    public void RefuseModify(string what)
    {
        if (IsModify)
            throw Unsupported($"{what} cannot be modified, only added or deleted");
    }

    public Node? Normalise(ElementSchema schema, Node? parent) =>
        DocumentNormaliser.Apply(schema, Raw, parent, new ParseContext { Domain = ErrorDomain.Network, Inactive = true });

    /// <summary>Puts a child before or behind all others of its name, as the command says.</summary>
    public void Insert(Node parent, Node child)
    {
        if (command == NetworkUpdateCommand.AddFirst && parent.Child(child.Name) is { } first)
            parent.InsertAt(parent.ChildList.IndexOf(first), child);
        else
            parent.Add(child);
    }

    public VirException NoSupport(string section) => Unsupported($"can't update '{section}' section of network '{Name}'");

    public VirException UnknownCommand() => Unsupported($"unrecognized network update command code {(int)command}");

    public static VirException Invalid(string detail) => VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Network, detail);

    public static VirException Unsupported(string detail) => VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Network, detail);
}
