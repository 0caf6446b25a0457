using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Client.Transport;

/// <summary>Linux's recvmsg and sendmsg with SCM_RIGHTS, one descriptor a message; 64-bit layouts.</summary>
internal static unsafe partial class FileMessages
{
    private const int SolSocket = 1;
    private const int ScmRights = 1;
    private const int MsgDontWait = 0x40;
    private const int MsgNoSignal = 0x4000;
    private const int MsgCloseOnExec = 0x40000000;
    private const int TryAgain = 11;
    private const int Interrupted = 4;
    private const int ControlHeader = 16;
    private const int ControlRoom = 64;

    /// <summary>Receives without waiting. Returns the bytes, 0 at the end, -1 when there is nothing yet.</summary>
    /// <exception cref="IOException">The connection is broken, or several descriptors came at once.</exception>
    public static int TryReceive(SafeHandle socket, Span<byte> buffer, out SafeFileHandle? file)
    {
        file = null;
        byte* control = stackalloc byte[ControlRoom];
        fixed (byte* data = buffer)
        {
            Vector vector = new() { Base = data, Length = (nuint)buffer.Length };
            Header header = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlRoom };
            nint received = ReceiveMessage(socket, &header, MsgDontWait | MsgCloseOnExec);
            if (received < 0)
                return Marshal.GetLastPInvokeError() is TryAgain or Interrupted ? -1 : throw Failure("receive");
            int several = 0;
            if (header.ControlLength >= ControlHeader + sizeof(int))
            {
                nuint length = *(nuint*)control;
                int level = *(int*)(control + sizeof(nuint)), type = *(int*)(control + sizeof(nuint) + sizeof(int));
                if (level == SolSocket && type == ScmRights)
                {
                    int* descriptors = (int*)(control + ControlHeader);
                    several = (int)((Math.Min(length, header.ControlLength) - ControlHeader) / sizeof(int));
                    file = new SafeFileHandle(descriptors[0], ownsHandle: true);
                    for (int i = 1; i < several; i++)
                        new SafeFileHandle(descriptors[i], ownsHandle: true).Dispose();
                }
            }
            if (several > 1)
            {
                file!.Dispose();
                throw new IOException("the server sent several file descriptors in one message");
            }
            return (int)received;
        }
    }

    /// <summary>Sends one zero byte with one descriptor. False: the socket's buffer is full.</summary>
    /// <exception cref="IOException">The connection is broken, or the descriptor is closed.</exception>
    public static bool TrySend(SafeHandle socket, SafeHandle file)
    {
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            byte zero = 0;
            byte* control = stackalloc byte[ControlHeader + sizeof(nuint)];
            *(nuint*)control = ControlHeader + sizeof(int);
            *(int*)(control + sizeof(nuint)) = SolSocket;
            *(int*)(control + sizeof(nuint) + sizeof(int)) = ScmRights;
            *(int*)(control + ControlHeader) = (int)file.DangerousGetHandle();
            Vector vector = new() { Base = &zero, Length = 1 };
            Header header = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = (nuint)(ControlHeader + sizeof(nuint)) };
            if (SendMessage(socket, &header, MsgDontWait | MsgNoSignal) == 1)
                return true;
            return Marshal.GetLastPInvokeError() is TryAgain or Interrupted ? false : throw Failure("send");
        }
        finally
        {
            if (held)
                file.DangerousRelease();
        }
    }

    private static IOException Failure(string what) => new($"cannot {what} on the socket: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeHandle socket, Header* header, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeHandle socket, Header* header, int flags);

    [StructLayout(LayoutKind.Sequential)]
    private struct Vector
    {
        public byte* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
