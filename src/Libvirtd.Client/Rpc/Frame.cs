using System.Buffers;
using System.Buffers.Binary;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Client.Rpc;

/// <summary>One message: header and payload.</summary>
internal readonly record struct Frame(NetMessageHeader Header, byte[] Payload)
{
    public const int LengthBytes = 4;
    public const int HeaderBytes = 24;
    public const int LargestPayload = 33554408;

    /// <summary>Data that one stream packet may carry.</summary>
    public const int LargestStreamData = 262120;

    private const uint Smallest = LengthBytes + HeaderBytes;
    private const uint Largest = 33554436;

    /// <summary>Cuts the first message off the buffer when it is there whole.</summary>
    /// <exception cref="ConnectionLostException">The length is none that a message can have.</exception>
    public static bool TryCut(ref ReadOnlySequence<byte> buffer, out Frame frame)
    {
        frame = default;
        if (buffer.Length < LengthBytes)
            return false;
        Span<byte> head = stackalloc byte[(int)Smallest];
        buffer.Slice(0, LengthBytes).CopyTo(head);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(head);
        if (length is < Smallest or > Largest)
            throw new ConnectionLostException($"the server sent a message of {length} bytes");
        if (buffer.Length < length)
            return false;
        buffer.Slice(0, Smallest).CopyTo(head);
        XdrReader reader = new(head[LengthBytes..]);
        frame = new Frame(NetMessageHeader.Decode(ref reader), buffer.Slice(Smallest, length - Smallest).ToArray());
        buffer = buffer.Slice(length);
        return true;
    }

    /// <summary>Begins a message; <see cref="End"/> fills in its length.</summary>
    public static void Begin(XdrWriter writer, NetMessageHeader header)
    {
        writer.Truncate(0);
        writer.WriteUInt32(0);
        header.Encode(writer);
    }

    public static void End(XdrWriter writer) => writer.Patch(0, (uint)writer.Length);

    /// <summary>The error that a reply or a stream packet carries.</summary>
    public VirException ToException()
    {
        XdrReader reader = new(Payload);
        NetMessageError error = NetMessageError.Decode(ref reader);
        return new VirException((ErrorCode)error.Code, (ErrorDomain)error.Domain, error.Message ?? "Unknown error", error.Str1, error.Str2, error.Str3,
            error.Int1, error.Int2);
    }
}
