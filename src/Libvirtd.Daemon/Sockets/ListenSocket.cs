using System.Net.Sockets;
using Libvirtd.Protocol;

namespace Libvirtd.Daemon.Sockets;

/// <summary>What a listening socket serves.</summary>
internal enum ServiceKind
{
    Unix,
    UnixReadOnly,
    Admin,
    Tcp,
    Tls,
}

/// <summary>A bound, listening socket.</summary>
/// <param name="Inherited">From a service manager, which also owns the file.</param>
/// <param name="Path">The file of a unix socket that this daemon made; it removes it at exit.</param>
/// <param name="Auth">How its clients prove who they are.</param>
internal sealed record ListenSocket(Socket Socket, ServiceKind Kind, bool Inherited, string? Path, AuthType Auth) : IDisposable
{
    /// <summary>The place, for people.</summary>
    public override string ToString() => Path ?? Socket.LocalEndPoint?.ToString() ?? "an inherited socket";

    /// <summary>Closes the socket and removes its file.</summary>
    public void Dispose()
    {
        // The file goes first: a client that finds it must find somebody behind it.
        if (Path is not null)
        {
            try
            {
                File.Delete(Path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The next daemon takes a stale file over.
            }
        }
        Socket.Dispose();
    }
}
