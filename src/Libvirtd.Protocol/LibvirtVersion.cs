using System.Globalization;

namespace Libvirtd.Protocol;

/// <summary>The release of libvirt's API that the server speaks and reports everywhere: on the wire, in logs, on the command line.</summary>
public static class LibvirtVersion
{
    /// <summary>major * 1,000,000 + minor * 1,000 + release, as virGetVersion returns it.</summary>
    public const int Number = LibvirtConstants.LibvirVersionNumber;

    /// <summary>The same as text, such as <c>9.0.0</c>.</summary>
    public static string Text { get; } =
        string.Create(CultureInfo.InvariantCulture, $"{Number / 1_000_000}.{Number / 1_000 % 1_000}.{Number % 1_000}");
}
