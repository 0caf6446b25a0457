using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>
/// Recorded sessions of stock clients with upstream: each packet that is decoded and encoded again must come out as it was. The format is described
/// beside the files.
/// </summary>
public sealed class GoldenPacketTests
{
    public static TheoryData<string> Sessions => [.. Files().Select(file => Path.GetFileNameWithoutExtension(file))];

    [Fact]
    public void There_are_recorded_sessions() => Assert.NotEmpty(Files());

    [Theory]
    [MemberData(nameof(Sessions))]
    public void Every_recorded_packet_is_decoded_and_encoded_to_the_same_bytes(string session)
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(Folder(), session + ".bin"));
        int packets = 0;
        for (int at = 0; at < bytes.Length; packets++)
        {
            bool fromServer = bytes[at] == 'S';
            Assert.True(fromServer || bytes[at] == 'C', $"no record begins at {at}");
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 1));
            Check(bytes.AsSpan(at + 1, length), fromServer, $"{session}.bin, packet {packets} at {at}");
            at += 1 + length;
        }
        Assert.NotEqual(0, packets);
    }

    private static void Check(ReadOnlySpan<byte> packet, bool fromServer, string where)
    {
        PacketHeader header = PacketHeader.Read(packet);
        ReadOnlySpan<byte> payload = packet[PacketHeader.Size..];
        using XdrWriter writer = new();
        header.Begin(writer);
        writer.Patch(0, (uint)packet.Length);
        WireCodec? codec = Codec(header, fromServer, where);
        int read = codec?.Transcode(payload, writer) ?? 0;
        if (codec is null && (header.Type is NetMessageType.Stream or NetMessageType.StreamHole || header.Procedure is 0))
        {
            writer.WriteRaw(payload); // raw data
            read = payload.Length;
        }
        Assert.True(read == payload.Length, $"{where}: {header}: {read} of {payload.Length} bytes were read");
        Assert.True(packet.SequenceEqual(writer.WrittenSpan), $"{where}: {header}:\nrecorded {Packet.Hex(packet)}\nencoded  {Packet.Hex(writer.WrittenSpan)}");
    }

    private static WireCodec? Codec(PacketHeader header, bool fromServer, string where)
    {
        if (header.Program == KeepaliveProgram.Number)
            return null;
        ProcedureInfo? procedure = header.Program switch
        {
            RemoteProgram.Number => RemoteProgram.Find(header.Procedure),
            QemuProgram.Number => QemuProgram.Find(header.Procedure),
            LxcProgram.Number => LxcProgram.Find(header.Procedure),
            AdminProgram.Number => AdminProgram.Find(header.Procedure),
            _ => throw new InvalidDataException($"{where}: program {header.Program:x8}"),
        };
        if (header.Type is NetMessageType.StreamHole)
            return new WireCodec<NetStreamHole>();
        if (header.Status == NetMessageStatus.Error && (fromServer || header.Type != NetMessageType.Stream))
            return new WireCodec<NetMessageError>();
        if (header.Type == NetMessageType.Stream)
            return null;
        Assert.True(procedure is not null, $"{where}: procedure {header.Procedure}");
        return header.Type == NetMessageType.Call ? procedure.Arguments : procedure.Result;
    }

    private static string[] Files() => Directory.Exists(Folder()) ? Directory.GetFiles(Folder(), "*.bin") : [];

    private static string Folder([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "Golden"));
}
