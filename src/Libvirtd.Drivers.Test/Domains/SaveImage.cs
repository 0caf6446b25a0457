using System.Buffers.Binary;
using System.Text;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The file of a saved test domain: a magic word, the length of the document, the document. There is no memory to save.</summary>
internal static class SaveImage
{
    private const int MostBytes = 8192;
    private const int IsDirectory = 21; // EISDIR

    private static ReadOnlySpan<byte> Magic => "TestGuestMagic\0"u8;

    /// <summary>Writes the image of a domain; a file that could not be written whole is removed.</summary>
    public static async Task WriteAsync(string path, DomainDefinition definition)
    {
        string name = definition.Name;
        byte[] xml = Encoding.UTF8.GetBytes(definition.Text(DomainXmlFlags.Secure));
        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, xml.Length);
        FileStream file = Open(path, FileMode.Create, $"saving domain '{name}' to '{path}': open failed");
        try
        {
            await using (file)
            {
                await file.WriteAsync(Magic.ToArray());
                await file.WriteAsync(length);
                await file.WriteAsync(xml);
            }
        }
        catch (IOException e)
        {
            File.Delete(path);
            throw SystemError(e, path, $"saving domain '{name}' to '{path}': write failed");
        }
    }

    /// <summary>Writes a core dump, which is the magic word.</summary>
    public static async Task DumpAsync(string path, string name)
    {
        await using FileStream file = Open(path, FileMode.Create, $"domain '{name}' coredump: failed to open {path}");
        try
        {
            await file.WriteAsync(Magic.ToArray());
        }
        catch (IOException e)
        {
            throw SystemError(e, path, $"domain '{name}' coredump: failed to write header to {path}");
        }
    }

    /// <summary>The document in an image.</summary>
    public static async Task<string> ReadAsync(string path)
    {
        if (Directory.Exists(path)) // which the system opens, but does not read
            throw VirException.SystemError(ErrorDomain.Test, IsDirectory, $"incomplete save header in '{path}'");
        await using FileStream file = Open(path, FileMode.Open, $"cannot read domain image '{path}'");
        byte[] head = new byte[Magic.Length + sizeof(int)];
        int read = await file.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false);
        if (read < Magic.Length)
            throw VirException.SystemError(ErrorDomain.Test, 0, $"incomplete save header in '{path}'");
        if (!head.AsSpan().StartsWith(Magic))
            throw VirException.Internal(ErrorDomain.Test, "mismatched header magic");
        if (read < head.Length)
            throw VirException.SystemError(ErrorDomain.Test, 0, $"failed to read metadata length in '{path}'");
        int length = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(Magic.Length));
        if (length is < 1 or > MostBytes)
            throw VirException.Internal(ErrorDomain.Test, "length of metadata out of range");
        byte[] xml = new byte[length];
        if (await file.ReadAtLeastAsync(xml, length, throwOnEndOfStream: false) < length)
            throw VirException.SystemError(ErrorDomain.Test, 0, $"incomplete metadata in '{path}'");
        return Encoding.UTF8.GetString(xml);
    }

    private static FileStream Open(string path, FileMode mode, string failure)
    {
        try
        {
            FileStreamOptions options = new() { Mode = mode, Access = mode == FileMode.Open ? FileAccess.Read : FileAccess.Write };
            if (mode == FileMode.Create && !OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            return new FileStream(path, options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw SystemError(e, path, failure);
        }
    }

    private static VirException SystemError(Exception e, string path, string text)
    {
        const int NoSuchFile = 2;
        const int InputOutput = 5;
        const int PermissionDenied = 13;
        int errno = e switch
        {
            FileNotFoundException or DirectoryNotFoundException => NoSuchFile,
            UnauthorizedAccessException when Directory.Exists(path) => IsDirectory,
            UnauthorizedAccessException when e.InnerException is IOException { HResult: var inner and > 0 and < 256 } => inner,
            UnauthorizedAccessException => PermissionDenied,
            _ when e.HResult is > 0 and < 256 => e.HResult,
            _ => InputOutput,
        };
        return VirException.SystemError(ErrorDomain.Test, errno, text);
    }
}
