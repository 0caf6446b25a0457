using System.Net.Sockets;
using System.Runtime.InteropServices;
using Libvirtd.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Drivers.Test;

/// <summary>Sockets that are handed from process to process.</summary>
internal static partial class SocketPair
{
    /// <summary>Two connected stream sockets: one to serve, one to send away.</summary>
    public static (Socket Own, SafeHandle Other) Create()
    {
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        // A name that no file stands for, and that nobody guesses.
        UnixDomainSocketEndPoint place = new("\0libvirtd-net-" + Guid.NewGuid().ToString("N"));
        listener.Bind(place);
        listener.Listen(1);
        Socket other = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Connect(place);
        return (listener.Accept(), new OwnedSocket(other));
    }

    /// <summary>A socket of one's own for a descriptor that its owner will close.</summary>
    /// <exception cref="VirException">The process has no more descriptors, or this is no socket.</exception>
    public static Socket Duplicate(SafeHandle file)
    {
        bool isHeld = false;
        try
        {
            file.DangerousAddRef(ref isHeld);
            int copy = dup((int)file.DangerousGetHandle());
            if (copy < 0)
                throw VirException.SystemError(ErrorDomain.Test, Marshal.GetLastPInvokeError(), "failed to duplicate the descriptor");
            SafeSocketHandle handle = new(copy, ownsHandle: true);
            try
            {
                return new Socket(handle);
            }
            catch (SocketException e)
            {
                handle.Dispose();
                throw VirException.SystemError(ErrorDomain.Test, e.NativeErrorCode, "the descriptor is no socket");
            }
        }
        finally
        {
            if (isHeld)
                file.DangerousRelease();
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup(int file);

    /// <summary>A descriptor that closes with its socket.</summary>
    private sealed class OwnedSocket : SafeHandleMinusOneIsInvalid
    {
        private readonly Socket _socket;

        public OwnedSocket(Socket socket)
            : base(ownsHandle: true)
        {
            _socket = socket;
            SetHandle(socket.Handle);
        }

        protected override bool ReleaseHandle()
        {
            _socket.Dispose();
            return true;
        }
    }
}
