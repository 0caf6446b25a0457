namespace Libvirtd.Drivers.Test;

/// <summary>Where new uuids and MAC addresses come from: from the system, or from a seed so that a run can be repeated.</summary>
public sealed class IdentitySource(int? seed = null)
{
    private readonly Lock _lock = new();
    private readonly Random _random = seed is { } value ? new Random(value) : new Random();

    /// <summary>A random uuid, version 4.</summary>
    public Guid NextUuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>A MAC address whose first three bytes are <paramref name="prefix"/>, such as 52:54:00.</summary>
    public string NextMac(string prefix = "52:54:00")
    {
        Span<byte> bytes = stackalloc byte[3];
        Fill(bytes);
        return $"{prefix}:{bytes[0]:x2}:{bytes[1]:x2}:{bytes[2]:x2}";
    }

    private void Fill(Span<byte> bytes)
    {
        lock (_lock)
            _random.NextBytes(bytes);
    }
}
