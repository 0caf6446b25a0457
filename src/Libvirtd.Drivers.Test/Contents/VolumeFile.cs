using System.Runtime.InteropServices;
using Libvirtd.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// A sparse file without a name: it holds contents of a volume and is gone with its last handle, even when the process is killed.
/// </summary>
internal static partial class VolumeFile
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int KeepSize = 1;
    private const int PunchHole = 2;
    private const int NoSuchAddress = 6;
    private const int NotSupported = 95;
    private const int ZeroBlock = 64 * 1024;

    /// <summary>Bytes that the kernel is asked to copy at once.</summary>
    private const int CopyBlock = 16 * 1024 * 1024;

    /// <summary>A new file without bytes.</summary>
    public static SafeFileHandle Create()
    {
        string path = Path.Combine(Folder(), $"libvirtd-net-{Guid.NewGuid():N}");
        try
        {
            SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
            File.Delete(path);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VirException(ErrorCode.SystemError, ErrorDomain.Storage, $"cannot create a file for a volume's contents: {e.Message}", inner: e);
        }
    }

    public static void SetLength(SafeFileHandle file, long length)
    {
        try
        {
            RandomAccess.SetLength(file, length);
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            throw new VirException(ErrorCode.SystemError, ErrorDomain.Storage, $"cannot resize a volume to {length} bytes: {e.Message}", inner: e);
        }
    }

    /// <summary>Where the next data begins, at or after <paramref name="offset"/>; <paramref name="end"/> where there is none.</summary>
    public static long NextData(SafeFileHandle file, long offset, long end) => Seek(file, offset, SeekData, end);

    /// <summary>Where the next hole begins, at or after <paramref name="offset"/>; the end of the file is one.</summary>
    public static long NextHole(SafeFileHandle file, long offset, long end) => Seek(file, offset, SeekHole, end);

    /// <summary>Makes a range of the file read as zero and gives its blocks back. What is beyond the file's end stays so.</summary>
    public static void Punch(SafeFileHandle file, long offset, long length)
    {
        length = Math.Min(length, RandomAccess.GetLength(file) - offset);
        if (length <= 0 || fallocate(file, PunchHole | KeepSize, offset, length) == 0)
            return;
        int errno = Marshal.GetLastPInvokeError();
        if (errno != NotSupported)
            throw VirException.SystemError(ErrorDomain.Storage, errno, "cannot make a hole");
        // A file system without holes: zeros do as well.
        byte[] zeros = new byte[(int)Math.Min(length, ZeroBlock)];
        for (long done = 0; done < length; done += zeros.Length)
            RandomAccess.Write(file, zeros.AsSpan(0, (int)Math.Min(zeros.Length, length - done)), offset + done);
    }

    /// <summary>Copies a range.</summary>
    /// <param name="from">The source, which has data there.</param>
    /// <param name="to">The destination.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="end">The byte after the last.</param>
    public static void Copy(SafeFileHandle from, SafeFileHandle to, long offset, long end)
    {
        while (offset < end)
        {
            long input = offset;
            long output = offset;
            nint copied = copy_file_range(from, ref input, to, ref output, (nuint)Math.Min(end - offset, CopyBlock), 0);
            if (copied < 0)
                throw VirException.SystemError(ErrorDomain.Storage, Marshal.GetLastPInvokeError(), "cannot copy a volume's contents");
            if (copied == 0)
                return;
            offset += copied;
        }
    }

    /// <summary>Contents may be large: they belong on a disk, which /tmp often is not.</summary>
    private static string Folder() => Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } folder ? folder
        : Directory.Exists("/var/tmp") ? "/var/tmp" : Path.GetTempPath();

    private static long Seek(SafeFileHandle file, long offset, int whence, long end)
    {
        long found = lseek(file, offset, whence);
        if (found >= 0)
            return Math.Min(found, end);
        int errno = Marshal.GetLastPInvokeError();
        return errno == NoSuchAddress ? end : throw VirException.SystemError(ErrorDomain.Storage, errno, "cannot seek in a volume's contents");
    }

    // SAFETY: each call takes the handle's descriptor for its own duration and passes plain numbers; the two offsets of copy_file_range are our locals.
    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint copy_file_range(SafeFileHandle input, ref long inputOffset, SafeFileHandle output, ref long outputOffset, nuint length,
        uint flags);
}
