using System.Buffers.Binary;
using System.Net.Sockets;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The guest's side of a VNC connection (RFC 6143): it shows the picture that screenshots show, without a password, and takes keys and pointer without
/// a reaction. One connection, until either side ends it.
/// </summary>
internal sealed class DisplayServer(Socket socket, string name) : IDisposable
{
    private const int MostText = 1 << 20;
    private const int MostEncodings = 1024;

    private readonly NetworkStream _client = new(socket, ownsSocket: true);
    private Pixels _format = new(4, 16, 8, 0, false);

    /// <summary>Ends the connection. Safe at any time, from any thread.</summary>
    public void Dispose() => _client.Dispose();

    /// <summary>Serves the client until it, or the domain, is gone.</summary>
    public async Task ServeAsync()
    {
        try
        {
            await using (_client)
            {
                await HandshakeAsync();
                while (await AnswerAsync())
                {
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or EndOfStreamException or SocketException)
        {
            // The client is gone: so is its display.
        }
    }

    private async Task HandshakeAsync()
    {
        const byte NoPassword = 1;
        await _client.WriteAsync("RFB 003.008\n"u8.ToArray());
        await ReadAsync(12); // the client's version
        await _client.WriteAsync(new byte[] { 1, NoPassword });
        await ReadAsync(1);
        await _client.WriteAsync(new byte[4]); // fine
        await ReadAsync(1); // whether the display is shared
        byte[] title = System.Text.Encoding.UTF8.GetBytes(name);
        byte[] init = new byte[24 + title.Length];
        BinaryPrimitives.WriteUInt16BigEndian(init, ScreenImage.Width);
        BinaryPrimitives.WriteUInt16BigEndian(init.AsSpan(2), ScreenImage.Height);
        init[4] = 32;
        init[5] = 24;
        init[7] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(init.AsSpan(8), 255);
        BinaryPrimitives.WriteUInt16BigEndian(init.AsSpan(10), 255);
        BinaryPrimitives.WriteUInt16BigEndian(init.AsSpan(12), 255);
        init[14] = 16;
        init[15] = 8;
        BinaryPrimitives.WriteInt32BigEndian(init.AsSpan(20), title.Length);
        title.CopyTo(init.AsSpan(24));
        await _client.WriteAsync(init);
    }

    /// <summary>Answers one message; false ends the connection.</summary>
    private async Task<bool> AnswerAsync()
    {
        byte[] kind = await ReadAsync(1);
        switch (kind[0])
        {
            case 0: // pixel format
                byte[] format = await ReadAsync(19);
                if (format[3] is not (8 or 16 or 32) || format[6] == 0)
                    return false;
                _format = new Pixels(format[3] / 8, format[13], format[14], format[15], format[5] != 0,
                    BinaryPrimitives.ReadUInt16BigEndian(format.AsSpan(7)), BinaryPrimitives.ReadUInt16BigEndian(format.AsSpan(9)),
                    BinaryPrimitives.ReadUInt16BigEndian(format.AsSpan(11)));
                return true;
            case 2: // encodings: only the plain one is used
                byte[] count = await ReadAsync(3);
                int encodings = BinaryPrimitives.ReadUInt16BigEndian(count.AsSpan(1));
                if (encodings > MostEncodings)
                    return false;
                await ReadAsync(4 * encodings);
                return true;
            case 3: // the picture is asked for
                byte[] request = await ReadAsync(9);
                if (request[0] == 0)
                    await SendPictureAsync();
                return true;
            case 4: // a key
                await ReadAsync(7);
                return true;
            case 5: // the pointer
                await ReadAsync(5);
                return true;
            case 6: // text to paste
                byte[] head = await ReadAsync(7);
                int length = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(3));
                if (length is < 0 or > MostText)
                    return false;
                await ReadAsync(length);
                return true;
            default:
                return false;
        }
    }

    private async Task SendPictureAsync()
    {
        byte[] head = new byte[16];
        head[3] = 1; // one rectangle, the whole picture, plain
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(8), ScreenImage.Width);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(10), ScreenImage.Height);
        await _client.WriteAsync(head);
        byte[] row = new byte[ScreenImage.Width * _format.Bytes];
        for (int y = 0; y < ScreenImage.Height; y++)
        {
            for (int x = 0; x < ScreenImage.Width; x++)
                _format.Write(row.AsSpan(x * _format.Bytes), ScreenImage.ColourAt(x, y));
            await _client.WriteAsync(row);
        }
    }

    private async Task<byte[]> ReadAsync(int count)
    {
        byte[] bytes = new byte[count];
        await _client.ReadExactlyAsync(bytes);
        return bytes;
    }

    /// <summary>How the client wants a pixel.</summary>
    private sealed record Pixels(int Bytes, int RedShift, int GreenShift, int BlueShift, bool IsBigEndian, int RedMost = 255, int GreenMost = 255, int BlueMost = 255)
    {
        public void Write(Span<byte> target, (byte Red, byte Green, byte Blue) colour)
        {
            uint value = ((uint)(colour.Red * RedMost / 255) << RedShift) | ((uint)(colour.Green * GreenMost / 255) << GreenShift)
                | ((uint)(colour.Blue * BlueMost / 255) << BlueShift);
            for (int i = 0; i < Bytes; i++)
                target[IsBigEndian ? Bytes - 1 - i : i] = (byte)(value >> (8 * i));
        }
    }
}
