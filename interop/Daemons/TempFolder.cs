namespace Libvirtd.Interop.Daemons;

/// <summary>A folder of its own under /tmp, removed with all it holds. The path is short: a unix socket's path ends at 107 bytes.</summary>
public sealed class TempFolder : IDisposable
{
    public TempFolder() => Path = Directory.CreateTempSubdirectory("lv-").FullName;

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes a folder inside and returns its path.</summary>
    public string Folder(string name) => Directory.CreateDirectory(File(name)).FullName;

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that is just ending may still write here; the next reboot clears /tmp.
        }
    }
}
