using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Libvirtd.Rpc.Transport;

/// <summary>The Linux system calls of this folder; names and numbers are the kernel's (the same on x86-64 and arm64).</summary>
internal static unsafe partial class Native
{
    public const int EPERM = 1, EINTR = 4, EAGAIN = 11, EMFILE = 24, ENFILE = 23, EPIPE = 32, ENOBUFS = 105, ENOMEM = 12,
        ECONNRESET = 104, ECONNABORTED = 103, ETIMEDOUT = 110, EINPROGRESS = 115, EBADF = 9, EINVAL = 22, ENOTCONN = 107,
        ENOTSOCK = 88, EOPNOTSUPP = 95, EHOSTUNREACH = 113, ENETUNREACH = 101, ECONNREFUSED = 111;

    public const int EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3, EPOLL_CLOEXEC = 0x80000;
    public const int EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800;
    public const int AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    public const int SOL_SOCKET = 1, SO_ERROR = 4, SO_PEERCRED = 17, SCM_RIGHTS = 1, IPPROTO_TCP = 6, TCP_NODELAY = 1;
    public const int MSG_CTRUNC = 0x8, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000, SHUT_WR = 1, SHUT_RDWR = 2;
    public const int F_GETFL = 3, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030, O_NONBLOCK = 0x800;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_ctl(SafeHandle epoll, int operation, SafeHandle target, byte* epollEvent);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_wait(SafeHandle epoll, byte* events, int room, int timeoutMilliseconds);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(SafeHandle file, void* bytes, nint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(nint file);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fcntl(SafeHandle file, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int socketpair(int family, int type, int protocol, int* pair);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int connect(SafeHandle socket, byte* address, int addressLength);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int accept4(SafeHandle listener, byte* address, int* addressLength, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int shutdown(SafeHandle socket, int how);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockopt(SafeHandle socket, int level, int name, void* value, int* length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setsockopt(SafeHandle socket, int level, int name, void* value, int length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockname(SafeHandle socket, byte* address, int* addressLength);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getpeername(SafeHandle socket, byte* address, int* addressLength);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recv(SafeHandle socket, byte* bytes, nint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint send(SafeHandle socket, byte* bytes, nint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recvmsg(SafeHandle socket, MsgHdr* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint sendmsg(SafeHandle socket, MsgHdr* message, int flags);

    /// <summary><c>struct iovec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct IoVec
    {
        public byte* Base;
        public nint Length;
    }

    /// <summary><c>struct msghdr</c>, 64-bit layout.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MsgHdr
    {
        public void* Name;
        public int NameLength;
        public IoVec* Vectors;
        public nint VectorCount;
        public void* Control;
        public nint ControlLength;
        public int Flags;
    }

    /// <summary>A control message with room for one descriptor. The room given to the kernel is <see cref="Bytes"/>, not the size of this struct:
    /// the padding would let a second descriptor in unseen.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FileControl
    {
        public const int Bytes = 20; // CMSG_LEN(4)
        public const int Space = 24; // CMSG_SPACE(4)

        public nint Length;
        public int Level;
        public int Type;
        public int File;
        public int Padding;
    }

    /// <summary>The error number of the last call that set it.</summary>
    public static int LastError
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Marshal.GetLastPInvokeError();
    }

    /// <summary>An exception for the last failed call, with the kernel's words.</summary>
    public static IOException Failure(string what) => Failure(what, LastError);

    public static IOException Failure(string what, int error) => new($"{what}: {Marshal.GetPInvokeErrorMessage(error)}", error);
}
