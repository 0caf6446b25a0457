using System.Globalization;
using System.Text;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>A whole packet as it came.</summary>
internal sealed record Packet(PacketHeader Header, byte[] Whole)
{
    public ReadOnlySpan<byte> Payload => Whole.AsSpan(PacketHeader.Size);

    public bool IsError => Header.Status == NetMessageStatus.Error;

    public int FirstWord => new XdrReader(Payload).ReadInt32();

    /// <summary>Code, domain and message of an error packet.</summary>
    public (int Code, int Domain, string Message) Error()
    {
        Assert.True(IsError, $"no error: {Hex(Whole)}");
        XdrReader reader = new(Payload);
        int code = reader.ReadInt32();
        int domain = reader.ReadInt32();
        Assert.True(reader.ReadBool());
        return (code, domain, reader.ReadString(1 << 20));
    }

    /// <summary>Words in hexadecimal, as the specification's examples are written.</summary>
    public static string Hex(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new();
        for (int i = 0; i < bytes.Length; i++)
        {
            if (i > 0 && i % 4 == 0)
                text.Append(' ');
            text.Append(bytes[i].ToString("x2", CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }

    public static byte[] FromHex(string words) => Convert.FromHexString(string.Concat(words.Where(c => !char.IsWhiteSpace(c))));

    /// <summary>A packet with that header; its length word is right.</summary>
    public static byte[] Make(PacketHeader header, ReadOnlySpan<byte> payload)
    {
        byte[] whole = new byte[PacketHeader.Size + payload.Length];
        header.Write(whole, whole.Length);
        payload.CopyTo(whole.AsSpan(PacketHeader.Size));
        return whole;
    }

    public static byte[] Encode(Action<XdrWriter>? encode)
    {
        if (encode is null)
            return [];
        using XdrWriter writer = new();
        encode(writer);
        return writer.WrittenSpan.ToArray();
    }
}
