namespace Libvirtd.Interop.Recording;

/// <summary>The recorded sessions that are kept with the tests.</summary>
internal static class Golden
{
    public static string Folder => Path.Combine(Repository.Root, "tests", "Golden");
}
