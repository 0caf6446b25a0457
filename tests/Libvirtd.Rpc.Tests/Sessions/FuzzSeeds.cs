using System.Buffers.Binary;
using System.Collections.Immutable;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>Valid frames of every procedure, and ways to spoil them.</summary>
internal sealed class FuzzSeeds
{
    private const int TriesOfEach = 40;
    private const int Longest = 4096;

    private static readonly uint[] s_telling =
        [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 20, 64, 255, 256, 1024, 2048, 16_384, 16_385, 0x00400000, 0x00400001, 0x7fffffff, 0x80000000, 0xfffffffe, uint.MaxValue];

    private readonly List<byte[]> _frames = [];

    public FuzzSeeds(Random random)
    {
        foreach ((uint program, ImmutableArray<ProcedureInfo> procedures) in new[]
            {
                (RemoteProgram.Number, RemoteProgram.Procedures), (QemuProgram.Number, QemuProgram.Procedures), (LxcProgram.Number, LxcProgram.Procedures),
            })
        {
            foreach (ProcedureInfo procedure in procedures)
            {
                if (program == RemoteProgram.Number && procedure.Number == 2)
                    continue; // it ends the session
                PacketHeader header = RawClient.Header(procedure.Number, 1, program: program);
                AddCalls(header, procedure, random);
                if (procedure.Stream != StreamDirection.None)
                    AddStreamPackets(header);
            }
        }
        _frames.Add(RawClient.Ping);
    }

    public int Count => _frames.Count;

    /// <summary>The next frame: mostly a spoiled one. Only one in <paramref name="fatality"/> may break the framing.</summary>
    public byte[] Next(Random random, int fatality, out bool breaksFraming)
    {
        byte[] frame = [.. _frames[random.Next(_frames.Count)]];
        breaksFraming = false;
        for (int i = random.Next(5); i > 0; i--)
            frame = Spoil(frame, random);
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length);
        // Announcing descriptors that never come ends the session: not too often.
        if (BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(16)) == (int)NetMessageType.CallWithFds && random.Next(fatality) != 0)
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(16), (int)NetMessageType.Call);
        if (BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(16)) == (int)NetMessageType.StreamHole && random.Next(50) != 0)
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(16), (int)NetMessageType.Stream);
        if (BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(12)) == 2 && random.Next(fatality) != 0)
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(12), 3);
        if (random.Next(fatality) != 0)
            return frame;
        breaksFraming = true;
        if (random.Next(2) == 0)
            BinaryPrimitives.WriteUInt32BigEndian(frame, Telling(random));
        else
            frame = frame[..random.Next(frame.Length)];
        return frame;
    }

    private byte[] Spoil(byte[] frame, Random random)
    {
        const int Procedure = 12;
        int at = Procedure + random.Next(frame.Length - Procedure);
        switch (random.Next(7))
        {
            case 0:
                frame[at] ^= (byte)(1 << random.Next(8));
                return frame;
            case 1:
                frame[at] = (byte)random.Next(256);
                return frame;
            case 2 when frame.Length > PacketHeader.Size:
                int word = PacketHeader.Size + (random.Next((frame.Length - PacketHeader.Size + 3) / 4) * 4);
                if (word + 4 <= frame.Length)
                    BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(word), Telling(random));
                return frame;
            case 3:
                return frame[..Math.Max(PacketHeader.Size, at)];
            case 4:
                byte[] other = _frames[random.Next(_frames.Count)];
                return [.. frame[..Math.Max(PacketHeader.Size, at)], .. other[Math.Min(at, other.Length)..]];
            case 5 when frame.Length < Longest:
                return [.. frame, .. frame[at..]];
            default:
                return frame;
        }
    }

    private static uint Telling(Random random) => s_telling[random.Next(s_telling.Length)];

    private void AddCalls(PacketHeader header, ProcedureInfo procedure, Random random)
    {
        if (procedure.Arguments is null)
        {
            _frames.Add(Packet.Make(header, []));
            return;
        }
        HashSet<int> lengths = [];
        byte[] guess = new byte[Longest];
        for (int i = 0; i < TriesOfEach; i++)
        {
            // Zeros decode always; small numbers and letters make fuller values now and then.
            if (i > 0)
                Guess(guess, random);
            try
            {
                using XdrWriter writer = new();
                int length = procedure.Arguments.Transcode(guess, writer);
                if (!lengths.Add(length))
                    continue;
                byte[] arguments = writer.WrittenSpan.ToArray();
                _frames.Add(Packet.Make(header, arguments));
                if (lengths.Count == 1)
                    _frames.Add(Packet.Make(header with { Type = NetMessageType.CallWithFds }, [0, 0, 0, 0, .. arguments]));
            }
            catch (XdrException)
            {
                // Not this time.
            }
        }
    }

    private static void Guess(byte[] guess, Random random)
    {
        for (int at = 0; at < guess.Length; at += 4)
        {
            uint word = random.Next(4) switch
            {
                0 => 0,
                1 => (uint)random.Next(1, 8),
                _ => 0x61616161u + (uint)random.Next(20),
            };
            BinaryPrimitives.WriteUInt32BigEndian(guess.AsSpan(at), word);
        }
    }

    private void AddStreamPackets(PacketHeader call)
    {
        foreach (NetMessageStatus status in Enum.GetValues<NetMessageStatus>())
        {
            _frames.Add(Packet.Make(call.Stream(status), []));
            _frames.Add(Packet.Make(call.Stream(status), "data"u8));
        }
        _frames.Add(Packet.Make(call.Stream(NetMessageStatus.Continue, NetMessageType.StreamHole), new byte[12]));
    }
}
