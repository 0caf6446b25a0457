namespace Libvirtd.Interop.Daemons;

/// <summary>
/// A folder of its own under /tmp, made when it is first asked for and removed with all it holds. The path is short: a unix socket's path ends at
/// 107 bytes.
/// </summary>
public sealed class TempFolder : IDisposable
{
    private readonly Lazy<string> _path = new(() => Directory.CreateTempSubdirectory("lv-").FullName);

    public string Path => _path.Value;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes a folder inside and returns its path.</summary>
    public string Folder(string name) => Directory.CreateDirectory(File(name)).FullName;

    public void Dispose()
    {
        if (!_path.IsValueCreated) return;
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
