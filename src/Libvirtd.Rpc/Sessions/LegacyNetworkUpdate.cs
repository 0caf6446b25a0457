using System.Buffers.Binary;

namespace Libvirtd.Rpc.Sessions;

/// <summary>
/// Clients before 7.2.0 send the command and the section of NETWORK_UPDATE swapped; later ones ask feature 16 before each update. So a client that
/// never asked is an old one.
/// </summary>
internal static class LegacyNetworkUpdate
{
    public const int Procedure = 291;

    /// <summary>The arguments in the order that the protocol declares: network, command, section, ...</summary>
    public static byte[] Reorder(ReadOnlySpan<byte> payload)
    {
        byte[] copy = payload.ToArray();
        if (copy.Length < 4)
            return copy;
        uint name = BinaryPrimitives.ReadUInt32BigEndian(copy);
        long command = 4 + ((name + 3L) & ~3L) + 16;
        if (command + 8 <= copy.Length)
        {
            Span<byte> words = copy.AsSpan((int)command, 8);
            uint first = BinaryPrimitives.ReadUInt32BigEndian(words);
            words[4..].CopyTo(words);
            BinaryPrimitives.WriteUInt32BigEndian(words[4..], first);
        }
        return copy;
    }
}
