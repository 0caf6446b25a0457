using System.Numerics;

namespace Libvirtd.Daemon.Configuration;

/// <summary>The right side of an assignment in a configuration file.</summary>
internal abstract record ConfigValue
{
    private ConfigValue() { }

    /// <summary>A decimal integer of any size: whether it fits is the key's affair. <paramref name="Signed"/>: written with a minus.</summary>
    public sealed record Integer(BigInteger Number, bool Signed) : ConfigValue;

    /// <summary>A quoted string.</summary>
    public sealed record Text(string Content) : ConfigValue;

    /// <summary>Values in brackets.</summary>
    public sealed record List(IReadOnlyList<ConfigValue> Items) : ConfigValue;
}

/// <summary>One assignment, and the line (from 1) on which its name stands.</summary>
internal sealed record ConfigEntry(string Name, ConfigValue Value, int Line);

/// <summary>A file that parsed: its assignments in the order of their appearance. <paramref name="Path"/> is for messages.</summary>
internal sealed record ConfigFile(string Path, IReadOnlyList<ConfigEntry> Entries);
