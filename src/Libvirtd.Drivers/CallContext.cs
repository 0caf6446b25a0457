using System.Runtime.InteropServices;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers;

/// <summary>What a driver may know of the call that it answers. Valid until the callback's task has ended.</summary>
public abstract class CallContext
{
    /// <summary>Who calls.</summary>
    public abstract ClientIdentity Identity { get; }

    /// <summary>The connection may not change anything.</summary>
    public abstract bool IsReadOnly { get; }

    /// <summary>Ends when the client has gone away. What must not be left half done ignores it.</summary>
    public abstract CancellationToken Cancellation { get; }

    /// <summary>The file descriptors that came with the call, in order. They are closed when the call ends; a driver that keeps one duplicates it.</summary>
    public abstract IReadOnlyList<SafeHandle> Files { get; }

    /// <summary>Sends a file descriptor with the reply; it is closed after that.</summary>
    /// <exception cref="VirException">The protocol's limit of 32 is exceeded.</exception>
    public abstract void AddReplyFile(SafeHandle file);
}
