namespace Libvirtd.Documents;

/// <summary>Names of images as paths. Nothing looks at a file system: what a link points to is not known.</summary>
public static class ImagePath
{
    /// <summary>The path that <paramref name="name"/> means inside the image at <paramref name="overlay"/>: a relative name begins in that image's folder.</summary>
    public static string Resolve(string overlay, string name) => name.StartsWith('/') ? Clean(name) : Clean(Folder(overlay) + name);

    /// <summary>The path without empty parts, dots and steps back.</summary>
    public static string Clean(string path) => path.StartsWith('/') ? Path.GetFullPath(path) : path;

    /// <summary>All of a name up to and with its last slash.</summary>
    public static string Folder(string path) => path[..(path.LastIndexOf('/') + 1)];
}
