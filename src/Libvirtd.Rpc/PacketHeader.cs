using System.Buffers.Binary;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc;

/// <summary>The six words of every message, after the length word.</summary>
internal readonly record struct PacketHeader(uint Program, uint Version, int Procedure, NetMessageType Type, uint Serial, NetMessageStatus Status)
{
    /// <summary>Bytes of a message without payload: the length word and the header.</summary>
    public const int Size = 28;

    /// <summary>The largest value of the length word.</summary>
    public const int MaxMessage = 33_554_436;

    /// <summary>The most payload that a stream packet carries.</summary>
    public const int MaxStreamData = 262_120;

    /// <summary>Reads the header of a whole message, which is at least <see cref="Size"/> bytes.</summary>
    public static PacketHeader Read(ReadOnlySpan<byte> message) => new(
        BinaryPrimitives.ReadUInt32BigEndian(message[4..]),
        BinaryPrimitives.ReadUInt32BigEndian(message[8..]),
        BinaryPrimitives.ReadInt32BigEndian(message[12..]),
        (NetMessageType)BinaryPrimitives.ReadInt32BigEndian(message[16..]),
        BinaryPrimitives.ReadUInt32BigEndian(message[20..]),
        (NetMessageStatus)BinaryPrimitives.ReadInt32BigEndian(message[24..]));

    /// <summary>Writes length word and header into <paramref name="target"/>.</summary>
    public void Write(Span<byte> target, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, length);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], Program);
        BinaryPrimitives.WriteUInt32BigEndian(target[8..], Version);
        BinaryPrimitives.WriteInt32BigEndian(target[12..], Procedure);
        BinaryPrimitives.WriteInt32BigEndian(target[16..], (int)Type);
        BinaryPrimitives.WriteUInt32BigEndian(target[20..], Serial);
        BinaryPrimitives.WriteInt32BigEndian(target[24..], (int)Status);
    }

    /// <summary>Writes a length word of 0, to be patched, and the header.</summary>
    public void Begin(XdrWriter writer)
    {
        Span<byte> head = stackalloc byte[Size];
        Write(head, 0);
        writer.WriteRaw(head);
    }

    /// <summary>The header of the answer to this call.</summary>
    public PacketHeader Reply(NetMessageStatus status = NetMessageStatus.Ok, bool withFiles = false) =>
        this with { Type = withFiles ? NetMessageType.ReplyWithFds : NetMessageType.Reply, Status = status };

    /// <summary>The header of a packet of the stream that this call opened.</summary>
    public PacketHeader Stream(NetMessageStatus status, NetMessageType type = NetMessageType.Stream) => this with { Type = type, Status = status };
}
