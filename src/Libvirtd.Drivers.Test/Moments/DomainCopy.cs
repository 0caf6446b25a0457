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
        return document.Devices.Any(static device => EmptyBandwidth(device) is not null || EmptyGroup(device) is not null)
            ? document.With(RemoveEmptyLimits)
            : document;
    }

    private static void RemoveEmptyLimits(Node root)
    {
        foreach (Node device in root.Child("devices")!.Children)
        {
            if (EmptyBandwidth(device) is { } bandwidth)
                device.Remove(bandwidth);
            if (EmptyGroup(device) is not { } group)
                continue;
            Node tune = device.Child("iotune")!;
            tune.Remove(group);
            if (tune.Children.Count == 0)
                device.Remove(tune);
        }
    }

    private static Node? EmptyBandwidth(Node net) => net.Child("bandwidth") is { Children.Count: 0 } empty ? empty : null;

    private static Node? EmptyGroup(Node disk) => disk.Child("iotune")?.Child("group_name") is { Text: "" } empty ? empty : null;
}
