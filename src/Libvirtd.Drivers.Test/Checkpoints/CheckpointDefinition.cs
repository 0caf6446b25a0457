using System.Globalization;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A checkpoint's document and what is often read of it. It never changes.</summary>
internal sealed class CheckpointDefinition(DomainCheckpointDocument document) : IMoment<CheckpointDefinition>
{
    public DomainCheckpointDocument Document { get; } = document;

    public string Name { get; } = document.Name;

    public string? Parent { get; } = document.ParentName;

    /// <summary>The disks whose changes the checkpoint tracks, and the bitmaps that track them.</summary>
    public IEnumerable<(string Disk, string Bitmap)> Bitmaps
    {
        get
        {
            foreach (Node disk in Document.Disks)
            {
                if (disk["checkpoint"] == "bitmap" && disk["bitmap"] is { } bitmap)
                    yield return (disk["name"]!, bitmap);
            }
        }
    }

    public CheckpointDefinition WithParent(string? parent) => parent == Parent ? this : new(Document.WithParent(parent));

    /// <summary>The document as text.</summary>
    /// <param name="flags">SECURE and NO_DOMAIN count.</param>
    /// <param name="sizes">The bytes that each disk's bitmap has recorded, by the disk's name in the guest; a disk that is not in it shows none.</param>
    public string Text(DomainCheckpointXmlFlags flags, IReadOnlyDictionary<string, ulong>? sizes = null)
    {
        DomainCheckpointDocument shown = sizes is not { Count: > 0 } ? Document : Document.With(root =>
        {
            foreach (Node disk in root.Child("disks")?.All("disk") ?? [])
            {
                if (sizes.TryGetValue(disk["name"]!, out ulong size))
                    disk["size"] = size.ToString(CultureInfo.InvariantCulture);
            }
        });
        return shown.Format(flags.HasFlag(DomainCheckpointXmlFlags.Secure) ? FormatFlags.Secure : FormatFlags.None,
            withDomain: !flags.HasFlag(DomainCheckpointXmlFlags.NoDomain));
    }
}
