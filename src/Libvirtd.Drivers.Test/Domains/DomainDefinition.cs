using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// A domain's configuration: its document and what is often read of it. A running domain's has an id. It never changes; texts are made once.
/// </summary>
internal sealed class DomainDefinition
{
    private readonly string?[] _texts = new string?[4];

    public DomainDefinition(DomainDocument document, int id = -1)
    {
        Document = document;
        Id = id;
        Name = document.Name;
        Uuid = document.Uuid;
        MaxMemory = document.MaxMemoryKiB;
        Memory = document.CurrentMemoryKiB;
        MaxVcpus = document.MaxVcpus;
        Vcpus = document.Vcpus;
        HasIoThreads = IoThreads.AreAny(document);
    }

    private DomainDefinition(DomainDefinition other, int id)
    {
        Document = other.Document;
        Id = id;
        Name = other.Name;
        Uuid = other.Uuid;
        MaxMemory = other.MaxMemory;
        Memory = other.Memory;
        MaxVcpus = other.MaxVcpus;
        Vcpus = other.Vcpus;
        HasIoThreads = other.HasIoThreads;
    }

    public DomainDocument Document { get; }

    /// <summary>The number of the running domain; -1 while it does not run.</summary>
    public int Id { get; }

    public string Name { get; }

    public Guid Uuid { get; }

    /// <summary>The memory that the domain has, in KiB.</summary>
    public ulong MaxMemory { get; }

    /// <summary>The memory that the balloon leaves it, in KiB.</summary>
    public ulong Memory { get; }

    public uint MaxVcpus { get; }

    /// <summary>The virtual CPUs that are online.</summary>
    public uint Vcpus { get; }

    public bool HasIoThreads { get; }

    public bool HasMemballoon => Devices("memballoon").FirstOrDefault() is { } balloon && balloon["model"] != "none";

    /// <summary>The children of &lt;devices&gt; of one kind.</summary>
    public IEnumerable<Node> Devices(string kind) => Document.Root.Child("devices")?.All(kind) ?? [];

    /// <summary>The disk with this target, or with this source.</summary>
    public DomainDisk? FindDisk(string path)
    {
        foreach (DomainDisk disk in Document.Disks)
        {
            if (disk.Target == path || (path.StartsWith('/') && disk.Source == path))
                return disk;
        }

        return null;
    }

    public DomainDefinition WithId(int id) => id == Id ? this : new(this, id);

    /// <summary>The same domain with a changed document.</summary>
    public DomainDefinition With(Func<DomainDocument, DomainDocument> change) => new(change(Document), Id);

    /// <summary>The document as text; a running domain's shows its id, unless the inactive form is asked for.</summary>
    /// <param name="flags">SECURE, INACTIVE and MIGRATABLE count.</param>
    public string Text(DomainXmlFlags flags)
    {
        if ((flags & DomainXmlFlags.Migratable) != 0)
            return Format(flags);
        ref string? text = ref _texts[(int)(flags & (DomainXmlFlags.Secure | DomainXmlFlags.Inactive))];
        return Volatile.Read(ref text) ?? (text = Format(flags));
    }

    private string Format(DomainXmlFlags flags)
    {
        FormatFlags format = (flags.HasFlag(DomainXmlFlags.Secure) ? FormatFlags.Secure : 0)
            | (flags.HasFlag(DomainXmlFlags.Inactive) ? FormatFlags.Inactive : 0)
            | (flags.HasFlag(DomainXmlFlags.Migratable) ? FormatFlags.Migratable : 0);
        return Document.Format(format, Id == -1 ? null : Id);
    }
}
