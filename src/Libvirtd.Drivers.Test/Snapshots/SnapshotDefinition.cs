using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A snapshot's document and what is often read of it. It never changes; texts are made once.</summary>
internal sealed class SnapshotDefinition(DomainSnapshotDocument document) : IMoment<SnapshotDefinition>
{
    public const string Running = "running";
    public const string Paused = "paused";
    public const string Shutoff = "shutoff";
    public const string DiskSnapshot = "disk-snapshot";

    private readonly string?[] _texts = new string?[2];

    public DomainSnapshotDocument Document { get; } = document;

    public string Name { get; } = document.Name;

    /// <summary>The domain's state when the snapshot was made, in the document's words.</summary>
    public string? State { get; } = document.State;

    /// <summary>The name of the parent.</summary>
    public string? Parent { get; } = document.ParentName;

    /// <summary>The snapshot holds a running guest's memory.</summary>
    public bool IsOnline => State is Running or Paused;

    /// <summary>The memory or a disk is kept in a file of its own.</summary>
    public bool IsExternal { get; } =
        document.MemoryLocation == SnapshotPlace.External || document.Disks.Any(static disk => disk["snapshot"] == SnapshotPlace.External);

    /// <summary>Where the snapshot keeps a disk: "no", "internal" or "external"; null where it does not name the disk.</summary>
    public string? PlaceOf(string target)
    {
        foreach (Node disk in Document.Disks)
        {
            if (disk["name"] == target)
                return disk["snapshot"];
        }

        return null;
    }

    /// <summary>Whether a disk lies inside its own image: where the snapshot says so, and where an internal one does not name the disk.</summary>
    public bool IsInside(string target) => PlaceOf(target) is { } place ? place == SnapshotPlace.Internal : !IsExternal;

    public SnapshotDefinition WithParent(string? parent) => parent == Parent ? this : new(Document.WithParent(parent));

    /// <summary>The document as text; one without the domain names it by <paramref name="uuid"/>.</summary>
    public string Text(DomainSnapshotXmlFlags flags, Guid uuid)
    {
        bool isSecure = flags.HasFlag(DomainSnapshotXmlFlags.Secure);
        ref string? text = ref _texts[isSecure ? 1 : 0];
        return Volatile.Read(ref text) ?? (text = Format(isSecure ? FormatFlags.Secure : FormatFlags.None, uuid));
    }

    private string Format(FormatFlags flags, Guid uuid)
    {
        if (Document.Domain is not null)
            return Document.Format(flags);
        Node domain = new("domain");
        domain.Add(new Node("uuid") { Text = uuid.ToString("D") });
        return Document.With(root => root.Add(domain)).Format(flags);
    }
}
