using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainSnapshotListFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>Which snapshots a list takes.</summary>
internal static class SnapshotFilter
{
    /// <summary>All flags that a list knows.</summary>
    public const Flags All = Flags.Metadata | Flags.NoMetadata | Flags.Leaves | Flags.NoLeaves | Flags.Inactive | Flags.Active | Flags.DiskOnly
        | Flags.Internal | Flags.External | Flags.Roots | Flags.Topological;

    /// <summary>The snapshots of a tree, or of those below one of them, that the flags let pass.</summary>
    public static List<SnapshotNode> List(this SnapshotTree tree, SnapshotNode? from, Flags flags)
    {
        // Every snapshot that is known has metadata.
        if ((flags & (Flags.Metadata | Flags.NoMetadata)) == Flags.NoMetadata)
            return [];
        MomentQuery query = new(flags.HasFlag(Flags.Roots), flags.HasFlag(Flags.Topological), flags.HasFlag(Flags.Leaves), flags.HasFlag(Flags.NoLeaves));
        return tree.List(from, query, snapshot => Matches(snapshot, flags));
    }

    private static bool Matches(SnapshotDefinition snapshot, Flags flags)
    {
        if ((flags & (Flags.Inactive | Flags.Active | Flags.DiskOnly)) != 0)
        {
            Flags own = snapshot.State switch
            {
                SnapshotDefinition.Shutoff => Flags.Inactive,
                SnapshotDefinition.DiskSnapshot => Flags.DiskOnly,
                _ => Flags.Active,
            };
            if ((flags & own) == 0)
                return false;
        }

        Flags location = flags & (Flags.Internal | Flags.External);
        return location is 0 or (Flags.Internal | Flags.External) || location.HasFlag(Flags.External) == snapshot.IsExternal;
    }
}
