using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Libvirtd.Daemon.Interop;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Daemon.Hosting;

/// <summary>
/// The pid file: the pid in decimal, without a line end, under a POSIX write lock on the first byte for as long as the process lives. The
/// lock, not the content, says that the daemon runs. Nothing in this process may open the file again: closing it would drop the lock.
/// </summary>
internal sealed class PidFile : IDisposable
{
    private const int MaxAttempts = 20;

    private readonly string _path;
    private SafeFileHandle? _file;

    private PidFile(string path, SafeFileHandle file)
    {
        _path = path;
        _file = file;
    }

    /// <summary>Creates or takes over the file.</summary>
    /// <exception cref="DaemonStartException">Another process holds it, or it cannot be written.</exception>
    public static PidFile Acquire(string path)
    {
        try
        {
            for (int attempt = 0; attempt < MaxAttempts; attempt++)
            {
                SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
                Lock(path, file);
                // A stopping daemon unlinks the file before it lets go of the lock: the file that we locked may be gone already.
                if (IsStillAt(path, file))
                {
                    RandomAccess.SetLength(file, 0);
                    RandomAccess.Write(file, Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)), 0);
                    return new PidFile(path, file);
                }
                file.Dispose();
            }
            throw new DaemonStartException(ExitStatus.Failure, $"Failed to acquire pid file '{path}': it keeps being replaced");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DaemonStartException(ExitStatus.Failure, $"Failed to open pid file '{path}': {failure.Message}");
        }
    }

    /// <summary>Removes the file, then releases the lock.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _file, null) is not SafeFileHandle file) return;
        try
        {
            File.Delete(_path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The lock is what counts; the next daemon takes the file over.
        }
        file.Dispose();
    }

    private static unsafe void Lock(string path, SafeFileHandle file)
    {
        Libc.FileLock range = new() { Type = Libc.F_WRLCK, Length = 1 };
        if (Libc.SetLock(file, Libc.F_SETLK, &range) == 0) return;
        int code = Marshal.GetLastPInvokeError();
        string message = Marshal.GetLastPInvokeErrorMessage();
        file.Dispose();
        throw new DaemonStartException(ExitStatus.Failure, code is Libc.EACCES or Libc.EAGAIN
            ? $"Failed to acquire pid file '{path}': another instance of the daemon is running"
            : $"Failed to acquire pid file '{path}': {message}");
    }

    private static bool IsStillAt(string path, SafeFileHandle file)
    {
        string? target = File.ResolveLinkTarget($"/proc/self/fd/{file.DangerousGetHandle()}", returnFinalTarget: false)?.FullName;
        return target is not null && !target.EndsWith(" (deleted)", StringComparison.Ordinal) && File.Exists(path);
    }
}
