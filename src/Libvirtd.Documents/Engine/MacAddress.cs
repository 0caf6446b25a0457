using System.Globalization;

namespace Libvirtd.Documents;

/// <summary>MAC addresses for guests.</summary>
public static class MacAddress
{
    /// <summary>An address under QEMU's prefix 52:54:00, from the given source of random numbers.</summary>
    public static string New(Random random) => string.Create(CultureInfo.InvariantCulture,
        $"52:54:00:{random.Next(256):x2}:{random.Next(256):x2}:{random.Next(256):x2}");

    /// <summary>Whether a text is an address in any form that libvirt reads.</summary>
    public static bool IsValid(string text) => DocumentText.NormaliseMac(text) is not null;

    /// <summary>Whether an address, as libvirt prints it, is one for groups.</summary>
    public static bool IsMulticast(string address) => (byte.Parse(address.AsSpan(0, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) & 1) != 0;

    internal static string NewRandom() => New(Random.Shared);
}
