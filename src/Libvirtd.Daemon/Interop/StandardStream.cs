using System.Runtime.InteropServices;

namespace Libvirtd.Daemon.Interop;

/// <summary>
/// Output to one of the process' standard descriptors, whatever it stands for at the moment. (.NET's console streams duplicate the
/// descriptor: a daemon in the background would hold on to the terminal or pipe that it was started from.)
/// </summary>
internal sealed unsafe class StandardStream(int descriptor) : Stream
{
    /// <summary>Text to stdout.</summary>
    public static TextWriter Output() => new StreamWriter(new StandardStream(1)) { AutoFlush = true };

    /// <summary>Text to stderr.</summary>
    public static TextWriter Error() => new StreamWriter(new StandardStream(2)) { AutoFlush = true };

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Writes all of it. A reader that is gone takes nothing, and that is no error: there is nobody to tell.</summary>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            for (int done = 0; done < buffer.Length;)
            {
                nint written = Libc.write(descriptor, start + done, buffer.Length - done);
                if (written > 0) done += (int)written;
                else if (Marshal.GetLastPInvokeError() != Libc.EINTR) return;
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush() { }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
