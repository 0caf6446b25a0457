using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A device as a client describes it, to attach it, or to say which one it means.</summary>
/// <param name="Node">The description, normalised.</param>
/// <param name="HasMac">It names its MAC address; otherwise the one that stands there was made up.</param>
internal sealed record DeviceDescription(Node Node, bool HasMac)
{
    public string Kind => Node.Name;

    /// <summary>The kind as errors call it: serial ports, consoles and channels are all character devices.</summary>
    public string KindInErrors => IsCharacter ? "chr" : Kind;

    public bool IsCharacter => Kind is "serial" or "parallel" or "console" or "channel";

    public string? Target => Node.Child("target")?["dev"];

    public string LeaseText => $"Lease {Node.ChildText("key")} in lockspace {Node.ChildText("lockspace") ?? "<null>"}";

    public DeviceDescription With(Node node) => this with { Node = node };

    /// <summary>The device in a domain that is meant; null where there is none.</summary>
    /// <exception cref="VirException">It is an interface, and none or more than one is meant.</exception>
    public Node? FindIn(DomainDocument domain) => Kind == "interface" ? domain.FindInterface(Node, HasMac) : domain.FindDevice(Node);

    /// <summary>An error about devices.</summary>
    public static VirException Error(ErrorCode code, string detail) => VirException.Of(code, ErrorDomain.Test, detail);
}
