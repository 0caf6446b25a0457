namespace Libvirtd.Interop.Processes;

/// <summary>What Debian's package manager has installed.</summary>
internal static class Debian
{
    private static readonly string s_database = Upstream.Path("/var/lib/dpkg/info");

    /// <summary>Says which of the packages is not installed; null when all are.</summary>
    public static string? Missing(params IEnumerable<string> packages) =>
        packages.FirstOrDefault(package => !IsInstalled(package)) is string name ? $"the Debian package {name} is not installed" : null;

    // A package that exists for several architectures at once is listed under its architecture.
    private static bool IsInstalled(string package) => Directory.Exists(s_database)
        && (File.Exists(Path.Combine(s_database, $"{package}.list")) || Directory.EnumerateFiles(s_database, $"{package}:*.list").Any());
}
