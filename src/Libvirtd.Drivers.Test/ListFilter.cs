namespace Libvirtd.Drivers.Test;

/// <summary>Filters of lists come in groups: flags of one group are alternatives, a group without a flag lets all pass.</summary>
internal static class ListFilter
{
    /// <summary>Whether a yes-or-no group lets an object pass.</summary>
    public static bool Passes(uint flags, uint yes, uint no, bool value) =>
        (flags & (yes | no)) == 0 || (flags & (value ? yes : no)) != 0;
}
