namespace Libvirtd.Interop;

internal static class Repository
{
    /// <summary>The folder that holds the solution, found upwards from where the tests run.</summary>
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Libvirtd.Net.sln"))) return folder;
        }

        throw new InvalidOperationException($"no Libvirtd.Net.sln above {AppContext.BaseDirectory}");
    }
}
