using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The domain that a moment keeps. Upstream copies by writing and reading: what it cannot read is lost, or no copy can be made.</summary>
internal static class DomainCopy
{
    /// <exception cref="VirException">A virtual CPU is pinned to no CPU at all.</exception>
    public static DomainDocument Of(DomainDocument document)
    {
        if (document.Root.Child("cputune")?.All("vcpupin").Any(static pin => pin["cpuset"] is "") == true)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, "Failed to parse bitmap ''");
        return document.Interfaces.Any(static net => EmptyLimits(net.Node) is not null) ? document.With(RemoveEmptyLimits) : document;
    }

    private static void RemoveEmptyLimits(Node root)
    {
        foreach (Node net in root.Child("devices")!.All("interface"))
        {
            if (EmptyLimits(net) is { } empty)
                net.Remove(empty);
        }
    }

    private static Node? EmptyLimits(Node net) => net.Child("bandwidth") is { Children.Count: 0 } empty ? empty : null;
}
