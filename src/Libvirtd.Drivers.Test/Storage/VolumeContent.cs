using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// A volume's bytes. A volume that nobody wrote to has no file: all its bytes are zero. The file is closed when the volume is gone and no stream
/// uses it any more.
/// </summary>
internal sealed class VolumeContent(long length)
{
    private readonly Lock _lock = new();
    private SafeFileHandle? _file;
    private long _length = length;
    private int _users = 1;

    /// <summary>Bytes from the first to the last.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>Nothing was ever written.</summary>
    public bool IsEmpty => Volatile.Read(ref _file) is null;

    /// <summary>The file, for one who <see cref="Acquire"/>d the content; null while nothing was written.</summary>
    public SafeFileHandle? File => Volatile.Read(ref _file);

    /// <summary>The file, made now if there was none.</summary>
    public SafeFileHandle OpenFile()
    {
        lock (_lock)
            return _file ??= VolumeFile.Create(_length);
    }

    /// <summary>Keeps the file open until <see cref="Release"/>. False: the volume is gone.</summary>
    public bool Acquire()
    {
        lock (_lock)
        {
            if (_users == 0)
                return false;
            _users++;
            return true;
        }
    }

    /// <summary>The volume, or one who <see cref="Acquire"/>d it, needs it no more.</summary>
    public void Release()
    {
        SafeFileHandle? unused = null;
        lock (_lock)
        {
            if (--_users == 0)
                (unused, _file) = (_file, null);
        }

        unused?.Dispose();
    }

    /// <summary>The content reaches at least so far.</summary>
    public void Extend(long length)
    {
        lock (_lock)
        {
            if (length <= _length)
                return;
            if (_file is not null && RandomAccess.GetLength(_file) < length)
                VolumeFile.SetLength(_file, length);
            _length = length;
        }
    }

    /// <summary>Cuts the content, or lets it end in zeros.</summary>
    public void SetLength(long length)
    {
        lock (_lock)
        {
            if (_file is not null)
                VolumeFile.SetLength(_file, length);
            _length = length;
        }
    }

    /// <summary>All bytes become zero.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            if (_file is null)
                return;
            VolumeFile.SetLength(_file, 0);
            VolumeFile.SetLength(_file, _length);
        }
    }

    /// <summary>Another content with the same bytes, as far as <paramref name="length"/>; takes time when there are many.</summary>
    public VolumeContent Copy(long length, CancellationToken cancel)
    {
        VolumeContent copy = new(length);
        if (File is not { } file)
            return copy;
        try
        {
            VolumeFile.Copy(file, copy.OpenFile(), Math.Min(length, Length), cancel);
            return copy;
        }
        catch
        {
            copy.Release();
            throw;
        }
    }
}
