using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Daemon.Interop;

namespace Libvirtd.Daemon.Sockets;

/// <summary>Makes a listening unix socket.</summary>
internal static class UnixListener
{
    /// <summary>What fits the kernel's address, without its closing zero.</summary>
    public const int MaxPathBytes = 107;

    private const uint KeepOwner = uint.MaxValue;

    /// <summary>Binds and listens. A stale file is taken over, a live one is not.</summary>
    /// <param name="mode">Rights of the file, from the first moment on.</param>
    /// <param name="group">Owner group of the file; null leaves it.</param>
    /// <exception cref="DaemonStartException">It cannot be had.</exception>
    public static Socket Open(string path, UnixFileMode mode, uint? group, int backlog)
    {
        if (Encoding.UTF8.GetByteCount(path) > MaxPathBytes)
            throw Refuse($"the socket path '{path}' is longer than {MaxPathBytes} bytes; choose a shorter unix_sock_dir");
        RemoveStale(path);
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bool bound = false;
        try
        {
            // By umask and not by a later chmod: there is no moment at which the file is open to more than it should be.
            uint before = Libc.umask(~(uint)mode & 0x1ff);
            try
            {
                socket.Bind(new UnixDomainSocketEndPoint(path));
                bound = true;
            }
            finally
            {
                _ = Libc.umask(before);
            }
            if (group is uint id && Libc.chown(path, KeepOwner, id) != 0)
                throw Refuse($"Failed to change group of '{path}' to {id}: {Marshal.GetLastPInvokeErrorMessage()}");
            socket.Listen(backlog);
            return socket;
        }
        catch (SocketException failure)
        {
            Discard();
            throw Refuse($"Failed to bind socket to '{path}': {failure.Message}");
        }
        catch
        {
            Discard();
            throw;
        }

        void Discard()
        {
            socket.Dispose();
            if (bound) File.Delete(path);
        }
    }

    /// <summary>The id of a group given by name or number.</summary>
    /// <exception cref="DaemonStartException">There is no such group.</exception>
    public static uint GroupId(string group)
    {
        if (Libc.GroupId(group) is uint id) return id;
        // A leading plus says that it is a number even when a group of that name exists.
        return uint.TryParse(group.AsSpan(group.StartsWith('+') ? 1 : 0), NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number
            : throw Refuse($"Failed to parse group '{group}': there is no such group (unix_sock_group)");
    }

    private static void RemoveStale(string path)
    {
        // Exists follows links, and to a dangling one nothing could be bound either.
        FileInfo file = new(path);
        if (!file.Exists && file.LinkTarget is null) return;
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionRefused && Libc.IsSocket(path))
        {
            // Nobody listens: the daemon that made it was killed.
            try
            {
                file.Delete();
            }
            catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
            {
                throw Refuse($"Failed to remove the stale socket '{path}': {denied.Message}");
            }
            return;
        }
        catch (SocketException failure) when (failure.SocketErrorCode is SocketError.ConnectionRefused or SocketError.NotSocket)
        {
            throw Refuse($"'{path}' exists and is not a socket; remove it or choose another unix_sock_dir");
        }
        catch (SocketException failure) when (failure.SocketErrorCode is not (SocketError.WouldBlock or SocketError.InProgress))
        {
            throw Refuse($"Failed to find out who listens on '{path}': {failure.Message}");
        }
        throw Refuse($"another daemon is listening on '{path}'; stop it, or choose another unix_sock_dir");
    }

    private static DaemonStartException Refuse(string message) => new(ExitStatus.Network, message);
}
