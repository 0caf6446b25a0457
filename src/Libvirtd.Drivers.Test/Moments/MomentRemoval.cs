namespace Libvirtd.Drivers.Test;

/// <summary>What a deletion does to a tree of moments.</summary>
/// <param name="Rest">What is left.</param>
/// <param name="Gone">What goes, each moment after those below it.</param>
internal readonly record struct MomentRemoval<T>(MomentTree<T> Rest, IReadOnlyList<MomentNode<T>> Gone)
    where T : IMoment<T>;
