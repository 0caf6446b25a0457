using System.Runtime.InteropServices;

namespace Libvirtd.Daemon.Interop;

/// <summary>The few calls of the C library that .NET has no word for.</summary>
internal static unsafe partial class Libc
{
    public const int F_SETFD = 2;
    public const int F_SETLK = 6;
    public const int FD_CLOEXEC = 1;
    public const int EACCES = 13;
    public const int EAGAIN = 11;
    public const int EINTR = 4;
    public const short F_WRLCK = 1;
    private const int MADV_DONTNEED = 4;

    /// <summary>What the texts of a user's or group's entry may take.</summary>
    private const int EntryBytes = 64 << 10;

    /// <summary>struct flock of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FileLock
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Group
    {
        public byte* Name;
        public byte* Password;
        public uint Id;
        public byte** Members;
    }

    /// <summary>struct passwd of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct User
    {
        public byte* Name;
        public byte* Password;
        public uint Id;
        public uint Group;
        public byte* Comment;
        public byte* Home;
        public byte* Shell;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Service
    {
        public byte* Name;
        public byte** Aliases;
        public int Port; // in network order
        public byte* Protocol;
    }

    /// <summary>Pages of a mapping leave memory; when they are touched again they come from the mapping's file.</summary>
    public static void DropPages(ulong start, ulong length) => _ = madvise((void*)start, (nuint)length, MADV_DONTNEED);

    [LibraryImport("libc")]
    public static partial uint umask(uint mask);

    [LibraryImport("libc")]
    public static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setsid();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int dup2(int from, int to);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, byte* bytes, nint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int isatty(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int SetDescriptorFlags(int descriptor, int command, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int SetLock(SafeHandle file, int command, FileLock* range);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int chown(string path, uint owner, uint group);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial Group* getgrnam(string name);

    [LibraryImport("libc")]
    private static partial int getpwuid_r(uint id, User* user, byte* buffer, nuint size, User** found);

    [LibraryImport("libc")]
    private static partial int getgrgid_r(uint id, Group* group, byte* buffer, nuint size, Group** found);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial Service* getservbyname(string name, string protocol);

    [LibraryImport("libc")]
    private static partial int madvise(void* address, nuint length, int advice);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, byte* result);

    /// <summary>Whether a path itself, not what it may link to, is a socket file.</summary>
    public static bool IsSocket(string path)
    {
        const int CurrentFolder = -100, DoNotFollow = 0x100, TypeOnly = 1, ModeOffset = 28, TypeMask = 0xf000, SocketType = 0xc000;
        byte* result = stackalloc byte[256];
        return statx(CurrentFolder, path, DoNotFollow, TypeOnly, result) == 0 && (*(ushort*)(result + ModeOffset) & TypeMask) == SocketType;
    }

    /// <summary>The id of a group by its name, null when there is none. Start-up only: the C function is not thread safe.</summary>
    public static uint? GroupId(string name)
    {
        Group* group = getgrnam(name);
        return group is null ? null : group->Id;
    }

    /// <summary>The name of a user; null when there is none, or its entry is unreasonably long.</summary>
    public static string? UserName(uint id)
    {
        User user;
        User* found = null;
        byte[] buffer = new byte[EntryBytes];
        fixed (byte* start = buffer)
        {
            int status = getpwuid_r(id, &user, start, EntryBytes, &found);
            return status == 0 && found is not null ? Marshal.PtrToStringUTF8((nint)found->Name) : null;
        }
    }

    /// <summary>The name of a group; null when there is none, or its entry (with all members) is unreasonably long.</summary>
    public static string? GroupName(uint id)
    {
        Group group;
        Group* found = null;
        byte[] buffer = new byte[EntryBytes];
        fixed (byte* start = buffer)
        {
            int status = getgrgid_r(id, &group, start, EntryBytes, &found);
            return status == 0 && found is not null ? Marshal.PtrToStringUTF8((nint)found->Name) : null;
        }
    }

    /// <summary>The TCP port of a service by its name, null when there is none. Start-up only: the C function is not thread safe.</summary>
    public static int? ServicePort(string name)
    {
        Service* service = getservbyname(name, "tcp");
        return service is null ? null : (ushort)System.Net.IPAddress.NetworkToHostOrder((short)service->Port);
    }
}
