using System.Collections.Immutable;
using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>What is known of a network at one moment. Published whole, never changed.</summary>
internal sealed record NetworkView
{
    private string? _xml;

    public NetworkView(NetworkDocument document) => Document = document;

    // A changed copy makes its text anew.
    private NetworkView(NetworkView other)
    {
        Document = other.Document;
        Next = other.Next;
        IsActive = other.IsActive;
        IsPersistent = other.IsPersistent;
        IsAutostart = other.IsAutostart;
        Ports = other.Ports;
    }

    /// <summary>What it is now.</summary>
    public NetworkDocument Document { get; init; }

    /// <summary>What it is to be later, where that differs.</summary>
    public NetworkDocument? Next { get; init; }

    public bool IsActive { get; init; }

    public bool IsPersistent { get; init; }

    public bool IsAutostart { get; init; }

    /// <summary>The guests' places on it, by uuid; a network that stops loses them.</summary>
    public ImmutableSortedDictionary<Guid, NetworkPortDocument> Ports { get; init; } = ImmutableSortedDictionary<Guid, NetworkPortDocument>.Empty;

    /// <summary>The document's text, made when first asked for.</summary>
    public string Xml => _xml ??= Document.Format();
}
