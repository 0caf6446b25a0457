using System.Collections.Immutable;

namespace Libvirtd.Drivers.Test;

/// <summary>What is known of a domain beyond its definitions, from one run to the next.</summary>
internal sealed record KeptView
{
    public static KeptView Empty { get; } = new();

    /// <summary>It starts by itself at the host's next start, and only then.</summary>
    public bool AutostartOnce { get; init; }

    /// <summary>The definition in the managed save image, where it is known.</summary>
    public DomainDefinition? Saved { get; init; }

    /// <summary>The keys that may log in to the guest, by user.</summary>
    public ImmutableDictionary<string, ImmutableArray<string>> SshKeys { get; init; } = ImmutableDictionary<string, ImmutableArray<string>>.Empty;
}
