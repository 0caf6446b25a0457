using System.Runtime.InteropServices;

namespace Libvirtd.Rpc.Transport;

/// <summary>An owned file descriptor. Every system call goes through the handle, so a number is never used after it was closed.</summary>
internal sealed class FileDescriptor : SafeHandle
{
    public FileDescriptor(int descriptor)
        : base(-1, ownsHandle: true) => SetHandle(descriptor);

    public override bool IsInvalid => handle == -1;

    /// <summary>Wraps the result of a call that makes a descriptor; throws what the call failed with.</summary>
    public static FileDescriptor OfResult(int descriptor, string what) => descriptor >= 0 ? new(descriptor) : throw Native.Failure(what);

    protected override bool ReleaseHandle() => Native.close(handle) == 0;
}
