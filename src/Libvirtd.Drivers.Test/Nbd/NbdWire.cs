using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;

namespace Libvirtd.Drivers.Test;

/// <summary>Numbers and texts of a connection, in the network's order of bytes. What is written goes out with the next flush.</summary>
internal sealed class NbdWire(IDuplexPipe transport)
{
    private readonly PipeReader _input = transport.Input;
    private readonly PipeWriter _output = transport.Output;

    /// <summary>Fills a buffer.</summary>
    /// <returns>False: the client has ended the connection before the first byte.</returns>
    /// <exception cref="EndOfStreamException">It did so later.</exception>
    public async ValueTask<bool> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        if (buffer.IsEmpty)
            return true;
        ReadResult read = await _input.ReadAtLeastAsync(buffer.Length, cancel).ConfigureAwait(false);
        if (read.Buffer.Length < buffer.Length)
            return read.Buffer.IsEmpty ? false : throw new EndOfStreamException();
        ReadOnlySequence<byte> part = read.Buffer.Slice(0, buffer.Length);
        part.CopyTo(buffer.Span);
        _input.AdvanceTo(part.End);
        return true;
    }

    /// <summary>Reads bytes that nobody wants.</summary>
    public async ValueTask SkipAsync(long count, CancellationToken cancel)
    {
        while (count > 0)
        {
            ReadResult read = await _input.ReadAsync(cancel).ConfigureAwait(false);
            if (read.Buffer.IsEmpty && read.IsCompleted)
                throw new EndOfStreamException();
            ReadOnlySequence<byte> part = read.Buffer.Slice(0, Math.Min(count, read.Buffer.Length));
            count -= part.Length;
            _input.AdvanceTo(part.End);
        }
    }

    public void Write(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_output.GetSpan(sizeof(ushort)), value);
        _output.Advance(sizeof(ushort));
    }

    public void Write(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_output.GetSpan(sizeof(uint)), value);
        _output.Advance(sizeof(uint));
    }

    public void Write(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_output.GetSpan(sizeof(ulong)), value);
        _output.Advance(sizeof(ulong));
    }

    public void Write(string text)
    {
        int length = Encoding.UTF8.GetBytes(text, _output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length)));
        _output.Advance(length);
    }

    /// <summary>Room for bytes that are about to be written; <see cref="Advance"/> says that they are.</summary>
    public Span<byte> GetSpan(int length) => _output.GetSpan(length)[..length];

    public void Advance(int length) => _output.Advance(length);

    /// <exception cref="EndOfStreamException">Nobody reads any more.</exception>
    public async ValueTask FlushAsync(CancellationToken cancel)
    {
        FlushResult flushed = await _output.FlushAsync(cancel).ConfigureAwait(false);
        if (flushed.IsCompleted || flushed.IsCanceled)
            throw new EndOfStreamException();
    }
}
