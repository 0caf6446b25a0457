using Libvirtd.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// Bytes that were written over others: a sparse file, and which of its bytes count. A layer that several use never changes; who alone uses it may
/// write to it. The file is made by the first write, and closed when nobody uses the layer any more.
/// </summary>
internal sealed class ContentLayer(ExtentSet present)
{
    private SafeFileHandle? _file;
    private int _users = 1;

    /// <summary>The bytes that it has, be they zero or not; all others are those of the layers below.</summary>
    public ExtentSet Present { get; private set; } = present;

    /// <summary>All its bytes are zero.</summary>
    public bool IsZero => Volatile.Read(ref _file) is null;

    /// <summary>Somebody else uses it too.</summary>
    public bool IsShared => Volatile.Read(ref _users) > 1;

    /// <summary>Is used by one more. Only who uses it himself, and keeps it meanwhile, may say so.</summary>
    public ContentLayer Acquire()
    {
        Interlocked.Increment(ref _users);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            Interlocked.Exchange(ref _file, null)?.Dispose();
    }

    public void Read(Span<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            int count = _file is { } file ? RandomAccess.Read(file, buffer, offset) : 0;
            if (count == 0)
            {
                buffer.Clear();
                return;
            }

            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <exception cref="VirException">The file cannot be written (VIR_ERR_SYSTEM_ERROR).</exception>
    public void Write(ReadOnlySpan<byte> data, long offset)
    {
        try
        {
            RandomAccess.Write(OpenFile(), data, offset);
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            throw new VirException(ErrorCode.SystemError, ErrorDomain.Storage, $"cannot write a volume's contents: {e.Message}", inner: e);
        }

        Present = Present.With(offset, offset + data.Length);
    }

    /// <summary>Makes a range zero, and gives back what it takes.</summary>
    public void Punch(long offset, long end)
    {
        if (_file is { } file)
        {
            if (end == long.MaxValue)
                VolumeFile.SetLength(file, Math.Min(offset, RandomAccess.GetLength(file)));
            else
                VolumeFile.Punch(file, offset, end - offset);
        }

        Present = Present.With(offset, end);
    }

    /// <summary>Where data begins at or after an offset; <paramref name="end"/> where none does.</summary>
    public long NextData(long offset, long end) => _file is { } file ? VolumeFile.NextData(file, offset, end) : end;

    /// <summary>Where the data at an offset ends.</summary>
    public long NextHole(long offset, long end) => _file is { } file ? VolumeFile.NextHole(file, offset, end) : offset;

    /// <summary>Takes over what another layer, which lay above, has.</summary>
    public void Take(ContentLayer above)
    {
        foreach (Extent extent in above.Present)
        {
            long offset = extent.Start;
            while (offset < extent.End)
            {
                long data = above.NextData(offset, extent.End);
                if (data > offset)
                    Punch(offset, data);
                long hole = data < extent.End ? above.NextHole(data, extent.End) : data;
                if (hole > data)
                {
                    VolumeFile.Copy(above._file!, OpenFile(), data, hole);
                    Present = Present.With(data, hole);
                }

                offset = hole;
            }
        }
    }

    private SafeFileHandle OpenFile() => _file ??= VolumeFile.Create();
}
