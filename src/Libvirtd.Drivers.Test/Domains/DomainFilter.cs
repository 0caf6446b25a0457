using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.ConnectListAllDomainsFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>Which domains a list takes: each group of flags restricts it, unless none or all of the group is set.</summary>
internal static class DomainFilter
{
    /// <summary>All flags that restrict a list.</summary>
    public const Flags All = (Flags)0xffff;

    public static bool Matches(DomainView view, Flags flags) =>
        flags == 0
        || (Passes(flags, Flags.Active, Flags.Inactive, view.IsActive)
            && Passes(flags, Flags.Persistent, Flags.Transient, view.IsPersistent)
            && PassesState(flags, view.State)
            && Passes(flags, Flags.Managedsave, Flags.NoManagedsave, view.HasManagedSave)
            && Passes(flags, Flags.Autostart, Flags.NoAutostart, view.Autostart)
            && Passes(flags, Flags.HasSnapshot, Flags.NoSnapshot, view.Snapshots.Count > 0)
            && Passes(flags, Flags.HasCheckpoint, Flags.NoCheckpoint, view.Checkpoints.Count > 0));

    private static bool Passes(Flags flags, Flags yes, Flags no, bool has) => (flags & (yes | no)) == 0 || (flags & (has ? yes : no)) != 0;

    private static bool PassesState(Flags flags, DomainState state)
    {
        if ((flags & (Flags.Running | Flags.Paused | Flags.Shutoff | Flags.Other)) == 0)
            return true;
        Flags own = state switch
        {
            DomainState.Running => Flags.Running,
            DomainState.Paused => Flags.Paused,
            DomainState.Shutoff => Flags.Shutoff,
            _ => Flags.Other,
        };
        return (flags & own) != 0;
    }
}
