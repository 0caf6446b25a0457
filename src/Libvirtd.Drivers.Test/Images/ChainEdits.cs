using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>Changes of the chains in documents.</summary>
internal static class ChainEdits
{
    /// <summary>The document with other chains.</summary>
    /// <param name="document">A domain.</param>
    /// <param name="images">Tells the chains.</param>
    /// <param name="change">Makes a disk's chain, by its target; null, or the same chain, where it stays as it is.</param>
    public static DomainDocument WithChains(this DomainDocument document, TestImages images, Func<string, DiskChain, DiskChain?> change)
    {
        Dictionary<string, DiskChain>? changed = null;
        foreach (DomainDisk disk in document.Disks)
        {
            DiskChain chain = images.ChainOf(disk.Node);
            if (change(disk.Target, chain) is { } next && !ReferenceEquals(next, chain))
                (changed ??= new(StringComparer.Ordinal)).Add(disk.Target, next);
        }

        return changed is null ? document : document.With(root =>
        {
            foreach (Node disk in root.Child("devices")!.All("disk"))
            {
                if (changed.TryGetValue(new DomainDisk(disk).Target, out DiskChain? chain))
                    chain.Write(disk);
            }
        });
    }

    /// <summary>Both definitions of a domain with other chains.</summary>
    public static DomainView WithChains(this DomainView view, TestImages images, Func<string, DiskChain, DiskChain?> change)
    {
        DomainDefinition live = With(view.Definition);
        DomainDefinition? pending = view.Pending is null ? null : With(view.Pending);
        return ReferenceEquals(live, view.Definition) && ReferenceEquals(pending, view.Pending)
            ? view
            : view with { Definition = live, Pending = pending };

        DomainDefinition With(DomainDefinition definition)
        {
            DomainDocument next = definition.Document.WithChains(images, change);
            return ReferenceEquals(next, definition.Document) ? definition : definition.With(_ => next);
        }
    }

    /// <summary>The chain of a document's disk; null where there is no such disk.</summary>
    public static DiskChain? FindChain(this TestImages images, DomainDocument? document, string target)
    {
        foreach (DomainDisk disk in document?.Disks ?? [])
        {
            if (disk.Target == target)
                return images.ChainOf(disk.Node);
        }

        return null;
    }
}
