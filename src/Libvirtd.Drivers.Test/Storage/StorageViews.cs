using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What is known of a pool at one moment, its volumes among it. Published whole, never changed.</summary>
internal sealed record StoragePoolView
{
    private string? _xml;

    public StoragePoolView(StoragePoolDocument document) => Document = document;

    // A changed copy makes its text anew.
    private StoragePoolView(StoragePoolView other)
    {
        Document = other.Document;
        Next = other.Next;
        IsActive = other.IsActive;
        IsPersistent = other.IsPersistent;
        IsAutostart = other.IsAutostart;
        Capacity = other.Capacity;
        Allocation = other.Allocation;
        Volumes = other.Volumes;
    }

    /// <summary>What it is now.</summary>
    public StoragePoolDocument Document { get; init; }

    /// <summary>What it was defined as while it ran.</summary>
    public StoragePoolDocument? Next { get; init; }

    public bool IsActive { get; init; }

    public bool IsPersistent { get; init; }

    public bool IsAutostart { get; init; }

    /// <summary>Bytes that could be stored.</summary>
    public ulong Capacity { get; init; } = TestDocument.PoolCapacity;

    /// <summary>Bytes that volumes take.</summary>
    public ulong Allocation { get; init; }

    public ulong Available => Capacity > Allocation ? Capacity - Allocation : 0;

    /// <summary>The volumes by name; a pool that is stopped keeps them.</summary>
    public ImmutableSortedDictionary<string, TestVolume> Volumes { get; init; } =
        ImmutableSortedDictionary<string, TestVolume>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>The document's text, made when first asked for.</summary>
    public string Xml => _xml ??= Document.WithSizes(Capacity, Allocation, Available).Format();
}

/// <summary>One storage pool; its name and uuid stay.</summary>
internal sealed class TestStoragePool(StoragePoolRef reference, StoragePoolView view)
{
    private StoragePoolView _view = view;

    public StoragePoolRef Ref { get; } = reference;

    /// <summary>What is known of it now.</summary>
    public StoragePoolView View
    {
        get => Volatile.Read(ref _view);
        set => Volatile.Write(ref _view, value);
    }

    /// <summary>Publishes a changed view. Only one at a time may.</summary>
    public void Change(Func<StoragePoolView, StoragePoolView> change) => View = change(View);
}

/// <summary>What is known of a volume at one moment.</summary>
internal sealed class VolumeView(StorageVolDocument document)
{
    private string? _xml;

    public StorageVolDocument Document { get; } = document;

    /// <summary>Bytes that a guest sees.</summary>
    public ulong Capacity { get; } = document.Capacity;

    /// <summary>Bytes that it takes of its pool.</summary>
    public ulong Allocation { get; } = document.Allocation;

    /// <summary>The document's text, made when first asked for.</summary>
    public string Xml => _xml ??= Document.Format();
}

/// <summary>One volume; its name, key and path stay.</summary>
internal sealed class TestVolume
{
    private VolumeView _view;

    /// <param name="pool">The pool's name.</param>
    /// <param name="document">The volume, with its key and path.</param>
    /// <param name="content">Its bytes, where there are some; a new volume's are all zero.</param>
    public TestVolume(string pool, StorageVolDocument document, VolumeContent? content = null)
    {
        _view = new VolumeView(document);
        Path = document.Path!;
        Ref = new StorageVolRef { Pool = pool, Name = document.Name, Key = document.Key! };
        Content = content ?? new VolumeContent(InitialLength(document));
    }

    public StorageVolRef Ref { get; }

    public string Path { get; }

    public VolumeContent Content { get; }

    /// <summary>What the checkpoints of domains record in it.</summary>
    public ImmutableSortedDictionary<string, ImageBitmap> Bitmaps { get; set; } = ImageFile.NoBitmaps;

    /// <summary>The bytes are what a guest sees, not an image of them.</summary>
    public bool IsRaw => IsRawFormat(View.Document);

    /// <summary>What is known of it now.</summary>
    public VolumeView View
    {
        get => Volatile.Read(ref _view);
        set => Volatile.Write(ref _view, value);
    }

    /// <summary>A raw volume is as long as its disk; an image that nobody wrote is empty.</summary>
    public static long InitialLength(StorageVolDocument document) => IsRawFormat(document) ? (long)document.Capacity : 0;

    private static bool IsRawFormat(StorageVolDocument document) => document.ImageFormat is null or "raw" or "none";
}
