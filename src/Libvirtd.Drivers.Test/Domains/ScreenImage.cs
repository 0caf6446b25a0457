using System.Buffers.Binary;
using System.IO.Compression;

namespace Libvirtd.Drivers.Test;

/// <summary>What every guest of <c>test:///</c> shows on its screen: a plain gradient, as a PNG file.</summary>
internal static class ScreenImage
{
    public const string MimeType = "image/png";

    public const int Width = 640;
    public const int Height = 480;

    private const byte BitsPerChannel = 8;
    private const byte ColourRgb = 2;
    private static readonly Lazy<byte[]> s_file = new(Draw);

    /// <summary>The file; the same each time.</summary>
    public static ReadOnlyMemory<byte> File => s_file.Value;

    /// <summary>The colour of a point.</summary>
    public static (byte Red, byte Green, byte Blue) ColourAt(int x, int y) => ((byte)(x * 96 / Width), (byte)(y * 128 / Height), 160);

    private static byte[] Draw()
    {
        using MemoryStream file = new();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n']);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), Height);
        header[8] = BitsPerChannel;
        header[9] = ColourRgb;
        WriteChunk(file, "IHDR"u8, header);
        WriteChunk(file, "IDAT"u8, Pixels());
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    /// <summary>The rows, each after a byte 0 that says that it is not filtered.</summary>
    private static byte[] Pixels()
    {
        using MemoryStream packed = new();
        using (ZLibStream pack = new(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            byte[] row = new byte[1 + (3 * Width)];
            for (int y = 0; y < Height; y++)
            {
                for (int x = 0; x < Width; x++)
                {
                    (row[1 + (3 * x)], row[2 + (3 * x)], row[3 + (3 * x)]) = ColourAt(x, y);
                }

                pack.Write(row);
            }
        }

        return packed.ToArray();
    }

    /// <summary>A chunk: length, type, data, and the checksum of type and data.</summary>
    private static void WriteChunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(type);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Checksum(Checksum(uint.MaxValue, type), data));
        file.Write(number);
    }

    /// <summary>CRC-32 as ISO 3309 has it, before its last inversion.</summary>
    private static uint Checksum(uint crc, ReadOnlySpan<byte> data)
    {
        foreach (byte one in data)
        {
            crc ^= one;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
        }

        return crc;
    }
}
