using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Libvirtd.Protocol;

namespace Libvirtd.Rpc;

/// <summary>One whole packet in the input.</summary>
/// <param name="Packet">Length word, header and payload.</param>
/// <param name="Files">Marker bytes behind it, one for each file descriptor.</param>
internal readonly record struct Frame(ReadOnlySequence<byte> Packet, int Files);

/// <summary>Cuts the input into packets; what no packet can be ends the connection.</summary>
internal static class Framer
{
    private const int MaxFiles = 32;
    private const int TypeOffset = 16;

    /// <summary>Finds the first packet; false when it is not there whole yet.</summary>
    /// <exception cref="ProtocolViolationException">The length word or the descriptor count cannot be.</exception>
    public static bool TryRead(ReadOnlySequence<byte> input, bool canPassFiles, out Frame frame)
    {
        frame = default;
        if (input.Length < 4)
            return false;
        uint length = ReadWord(input, 0);
        if (length < PacketHeader.Size || length > PacketHeader.MaxMessage)
            throw new ProtocolViolationException(Describe(input, length));
        if (input.Length < length)
            return false;
        int files = 0;
        if ((NetMessageType)ReadWord(input, TypeOffset) == NetMessageType.CallWithFds)
        {
            files = length >= PacketHeader.Size + 4 ? (int)Math.Min(ReadWord(input, PacketHeader.Size), int.MaxValue)
                : throw new ProtocolViolationException("a call with file descriptors does not say how many");
            if (files > MaxFiles)
                throw new ProtocolViolationException($"{files} file descriptors announced, at most {MaxFiles} are taken");
            if (files > 0 && !canPassFiles)
                throw new ProtocolViolationException("file descriptors announced on a connection that cannot pass them");
            if (input.Length < length + files)
                return false;
        }
        frame = new Frame(input.Slice(0, length), files);
        return true;
    }

    private static uint ReadWord(ReadOnlySequence<byte> input, int offset)
    {
        ReadOnlySpan<byte> first = input.FirstSpan;
        if (first.Length >= offset + 4)
            return BinaryPrimitives.ReadUInt32BigEndian(first[offset..]);
        Span<byte> word = stackalloc byte[4];
        input.Slice(offset, 4).CopyTo(word);
        return BinaryPrimitives.ReadUInt32BigEndian(word);
    }

    // "GET " is 1195725856: a browser or a port scan, which libvirt's own text leaves the operator to guess.
    private static string Describe(ReadOnlySequence<byte> input, uint length)
    {
        Span<byte> start = stackalloc byte[4];
        input.Slice(0, 4).CopyTo(start);
        string hint = start.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0 ? $" (the text \"{Encoding.ASCII.GetString(start)}\": not a libvirt client)"
            : start[0] == 0x16 ? " (a TLS handshake on a plain port)" : "";
        return $"a packet of {length} bytes was announced, allowed are {PacketHeader.Size} to {PacketHeader.MaxMessage}{hint}";
    }
}
