namespace Libvirtd.Drivers.Test;

/// <summary>Paths as storage pools compare them.</summary>
internal static class StoragePath
{
    /// <summary>The path with single slashes and none at its end; two at its start are kept, for POSIX may give them a meaning.</summary>
    public static string Sanitize(string path)
    {
        if (path.Length == 0)
            return path;
        bool two = path.StartsWith("//", StringComparison.Ordinal) && !path.StartsWith("///", StringComparison.Ordinal);
        return (two ? "//" : path[0] == '/' ? "/" : "") + string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries));
    }
}
