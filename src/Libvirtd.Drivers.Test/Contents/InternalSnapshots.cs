using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>The bytes of internal snapshots, which lie inside the images. Names of snapshots are their domain's own.</summary>
internal static class InternalSnapshots
{
    /// <summary>Keeps the bytes of the disks that lie inside their images.</summary>
    public static void Keep(TestImages images, DomainView view, SnapshotDefinition snapshot)
    {
        foreach (ChainImage image in Inside(images, view, snapshot))
            images.Contents.Open(image).Keep(Name(view, snapshot));
    }

    /// <summary>An image's bytes are what they were.</summary>
    /// <param name="images">The host's images.</param>
    /// <param name="view">The snapshot's domain.</param>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="image">The image that it lies in.</param>
    /// <param name="copy">A copy of that image, which is to have them instead; null for the image itself.</param>
    public static void Return(TestImages images, DomainView view, SnapshotDefinition snapshot, ChainImage image, ChainImage? copy = null)
    {
        if (images.Contents.Find(image) is not { } content)
            return;
        if (copy is null)
            content.Return(Name(view, snapshot));
        else
            images.Contents.Open(copy).Lay(content.Share(Name(view, snapshot)));
    }

    /// <summary>A snapshot is deleted.</summary>
    public static void LetGo(TestImages images, DomainView view, SnapshotDefinition snapshot)
    {
        foreach (ChainImage image in Inside(images, view, snapshot))
            images.Contents.Find(image)?.LetGo(Name(view, snapshot));
    }

    /// <summary>The images are those of the snapshot's own domain document: the domain itself may run on others by now.</summary>
    private static IEnumerable<ChainImage> Inside(TestImages images, DomainView view, SnapshotDefinition snapshot)
    {
        foreach (DomainDisk disk in (snapshot.Document.Domain ?? view.Definition.Document).Disks)
        {
            if (snapshot.IsInside(disk.Target) && images.ChainOf(disk.Node).Active is { IsLocal: true, Path: not null } image)
                yield return image;
        }
    }

    private static string Name(DomainView view, SnapshotDefinition snapshot) => $"{view.Definition.Uuid:N} {snapshot.Name}";
}
