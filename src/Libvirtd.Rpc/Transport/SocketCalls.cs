using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Rpc.Transport;

/// <summary>Single socket operations that never block. Those that move bytes answer a count, <see cref="WouldBlock"/>, or throw.</summary>
internal static unsafe class SocketCalls
{
    public const int WouldBlock = -1;

    /// <summary>Largest <c>sockaddr</c> that the kernel returns.</summary>
    private const int AddressRoom = 128;

    /// <summary>Receives bytes of a socket that cannot carry descriptors; 0 is the end.</summary>
    public static int Receive(SafeHandle socket, Span<byte> target)
    {
        fixed (byte* start = target) // SAFETY: pinned for the call, which keeps no pointer
        {
            while (true)
            {
                nint read = Native.recv(socket, start, target.Length, 0);
                if (read >= 0) return (int)read;
                int error = Native.LastError;
                if (error == Native.EAGAIN) return WouldBlock;
                if (error != Native.EINTR) throw TransportException.FromError("recv", error);
            }
        }
    }

    /// <summary>Receives bytes and at most one descriptor with them; the kernel ends such a read at the byte that brought the descriptor.</summary>
    public static int Receive(SafeHandle socket, Span<byte> target, out SafeFileHandle? file)
    {
        file = null;
        Native.FileControl control = default;
        fixed (byte* start = target) // SAFETY: every pointer below outlives the call; recvmsg keeps none
        {
            Native.IoVec vector = new() { Base = start, Length = target.Length };
            Native.MsgHdr message = default;
            message.Vectors = &vector;
            message.VectorCount = 1;
            nint read;
            while (true)
            {
                message.Control = &control;
                message.ControlLength = Native.FileControl.Bytes;
                read = Native.recvmsg(socket, &message, Native.MSG_CMSG_CLOEXEC);
                if (read >= 0) break;
                int error = Native.LastError;
                if (error == Native.EAGAIN) return WouldBlock;
                if (error != Native.EINTR) throw TransportException.FromError("recvmsg", error);
            }
            if (message.ControlLength >= Native.FileControl.Bytes && control is { Level: Native.SOL_SOCKET, Type: Native.SCM_RIGHTS })
                file = new SafeFileHandle(control.File, ownsHandle: true);
            if ((message.Flags & Native.MSG_CTRUNC) == 0) return (int)read;
        }
        file?.Dispose();
        file = null;
        throw new TransportException(TransportFault.Violation, "descriptors were cut off: several in one control message, or out of descriptors");
    }

    /// <summary>Sends what the socket takes.</summary>
    public static int Send(SafeHandle socket, ReadOnlySpan<byte> source)
    {
        fixed (byte* start = source) // SAFETY: pinned for the call, which keeps no pointer
        {
            while (true)
            {
                nint sent = Native.send(socket, start, source.Length, Native.MSG_NOSIGNAL);
                if (sent >= 0) return (int)sent;
                int error = Native.LastError;
                if (error == Native.EAGAIN) return WouldBlock;
                if (error != Native.EINTR) throw TransportException.FromError("send", error);
            }
        }
    }

    /// <summary>Sends one zero byte that carries a descriptor.</summary>
    public static int SendFile(SafeHandle socket, SafeHandle file)
    {
        bool held = false;
        file.DangerousAddRef(ref held);
        try
        {
            byte marker = 0;
            Native.FileControl control = new()
            {
                Length = Native.FileControl.Bytes,
                Level = Native.SOL_SOCKET,
                Type = Native.SCM_RIGHTS,
                File = (int)file.DangerousGetHandle(),
            };
            Native.IoVec vector = new() { Base = &marker, Length = 1 };
            Native.MsgHdr message = new() { Vectors = &vector, VectorCount = 1, Control = &control, ControlLength = Native.FileControl.Space };
            while (true)
            {
                // SAFETY: all pointers are to this frame; the descriptor is held open until the kernel has its own reference.
                nint sent = Native.sendmsg(socket, &message, Native.MSG_NOSIGNAL);
                if (sent >= 0) return (int)sent;
                int error = Native.LastError;
                if (error == Native.EAGAIN) return WouldBlock;
                if (error != Native.EINTR) throw TransportException.FromError("sendmsg", error);
            }
        }
        finally
        {
            if (held) file.DangerousRelease();
        }
    }

    /// <summary>The peer's process, or null where the kernel knows none.</summary>
    public static PeerCredentials? PeerOf(SafeHandle socket)
    {
        int* credentials = stackalloc int[3]; // struct ucred: pid, uid, gid
        int length = 3 * sizeof(int);
        // SAFETY: the kernel writes at most length bytes.
        int result = Native.getsockopt(socket, Native.SOL_SOCKET, Native.SO_PEERCRED, credentials, &length);
        return result == 0 && length == 3 * sizeof(int) && credentials[0] > 0
            ? new PeerCredentials(credentials[0], (uint)credentials[1], (uint)credentials[2])
            : null;
    }

    /// <summary>The pending error of a socket, 0 for none: how an asynchronous connect ended.</summary>
    public static int PendingError(SafeHandle socket)
    {
        int error;
        int length = sizeof(int);
        // SAFETY: the kernel writes at most length bytes.
        return Native.getsockopt(socket, Native.SOL_SOCKET, Native.SO_ERROR, &error, &length) == 0 ? error : Native.LastError;
    }

    /// <summary>Small replies must not wait for the peer's acknowledgement.</summary>
    public static void SetNoDelay(SafeHandle socket)
    {
        int on = 1;
        // SAFETY: the kernel reads an int. A failure (the peer is gone already) shows at the first read.
        _ = Native.setsockopt(socket, Native.IPPROTO_TCP, Native.TCP_NODELAY, &on, sizeof(int));
    }

    /// <summary>The family of a socket, and its addresses where it is TCP.</summary>
    public static (TransportKind Kind, IPEndPoint? Local, IPEndPoint? Remote) Describe(SafeHandle socket)
    {
        byte* address = stackalloc byte[AddressRoom];
        int length = AddressRoom;
        // SAFETY: the kernel writes at most AddressRoom bytes, here and below.
        if (Native.getsockname(socket, address, &length) < 0) throw Native.Failure("getsockname");
        IPEndPoint? local = Parse(address, length);
        if (local is null) return (TransportKind.Unix, null, null);
        length = AddressRoom;
        return (TransportKind.Tcp, local, Native.getpeername(socket, address, &length) < 0 ? null : Parse(address, length));
    }

    private static IPEndPoint? Parse(byte* address, int length)
    {
        int family = *(ushort*)address;
        if (length > AddressRoom || family is not (Native.AF_INET or Native.AF_INET6)) return null;
        SocketAddress copy = new(family == Native.AF_INET ? System.Net.Sockets.AddressFamily.InterNetwork
            : System.Net.Sockets.AddressFamily.InterNetworkV6, length);
        new ReadOnlySpan<byte>(address, length).CopyTo(copy.Buffer.Span);
        return (IPEndPoint)new IPEndPoint(family == Native.AF_INET ? IPAddress.Any : IPAddress.IPv6Any, 0).Create(copy);
    }
}
