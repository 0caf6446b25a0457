using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Rpc.Transport;

/// <summary>
/// The descriptors of a connection that nobody took yet, in the order of arrival. Each knows the place in the byte stream of the byte that brought
/// it, so that a descriptor tied to anything but its own marker byte is not mistaken for one that was announced.
/// </summary>
public sealed class ReceivedFiles : IDisposable
{
    /// <summary>More than these waiting unclaimed ends the connection: a packet may announce no more (the protocol's bound of 32).</summary>
    public const int Limit = 32;

    private readonly Lock _gate = new();
    private Queue<(SafeFileHandle File, long Offset)>? _files; // most connections never get one
    private bool _disposed;

    public int Count
    {
        get
        {
            lock (_gate) return _files?.Count ?? 0;
        }
    }

    /// <summary>Takes the oldest descriptor, whichever byte brought it; it is the caller's from now on.</summary>
    public bool TryTake([NotNullWhen(true)] out SafeFileHandle? file)
    {
        lock (_gate)
        {
            file = null;
            if (_files is null || !_files.TryDequeue(out (SafeFileHandle File, long Offset) first)) return false;
            file = first.File;
            return true;
        }
    }

    /// <summary>
    /// Takes the descriptor that came with the byte at <paramref name="offset"/> (counted from the first byte that the connection received).
    /// Descriptors tied to earlier bytes were never announced: they are closed.
    /// </summary>
    public bool TryTake(long offset, [NotNullWhen(true)] out SafeFileHandle? file)
    {
        lock (_gate)
        {
            file = null;
            while (_files is not null && _files.TryPeek(out (SafeFileHandle File, long Offset) first) && first.Offset <= offset)
            {
                _files.Dequeue();
                if (first.Offset == offset)
                {
                    file = first.File;
                    return true;
                }
                first.File.Dispose();
            }
            return false;
        }
    }

    /// <summary>Closes what is left, and all that still comes.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            while (_files is not null && _files.TryDequeue(out (SafeFileHandle File, long Offset) first)) first.File.Dispose();
        }
    }

    /// <summary>Adds one; false (and the descriptor closed) when there are too many.</summary>
    internal bool TryAdd(SafeFileHandle file, long offset)
    {
        lock (_gate)
        {
            if (!_disposed && (_files?.Count ?? 0) < Limit)
            {
                (_files ??= new()).Enqueue((file, offset));
                return true;
            }
        }
        file.Dispose();
        return false;
    }
}
