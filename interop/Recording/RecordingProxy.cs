using System.Buffers.Binary;
using System.Net.Sockets;

namespace Libvirtd.Interop.Recording;

/// <summary>
/// Stands between a client and a server's unix socket, passes every packet on and keeps a copy. It carries one connection, and no file
/// descriptors.
/// </summary>
internal sealed class RecordingProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<Record> _records = [];
    private readonly Task _session;

    private RecordingProxy(string path, string server)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(1);
        _session = ServeAsync(server);
    }

    /// <summary>Listens on <paramref name="path"/> for a client of the server at <paramref name="server"/>.</summary>
    public static RecordingProxy Start(string path, string server) => new(path, server);

    /// <summary>Waits until both sides have closed; returns the session's packets in the order in which they passed.</summary>
    public async Task<IReadOnlyList<Record>> FinishAsync(CancellationToken stop)
    {
        await _session.WaitAsync(TimeSpan.FromSeconds(30), stop);
        return _records;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _session.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ServeAsync(string path)
    {
        using Socket client = await _listener.AcceptAsync();
        using Socket server = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await server.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await Task.WhenAll(PumpAsync(Sender.Client, client, server), PumpAsync(Sender.Server, server, client));
    }

    private async Task PumpAsync(Sender sender, Socket from, Socket to)
    {
        try
        {
            while (await ReadPacketAsync(from) is byte[] packet)
            {
                // Kept before it is passed on: so the answer to a call always comes after it.
                lock (_records) _records.Add(new Record(sender, packet));
                await to.SendAsync(packet);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // One side left without reading the rest, as clients do when they are interrupted.
            from.Close();
            to.Close();
        }
        catch (ObjectDisposedException)
        {
            // The other direction ended that way.
        }
    }

    private static async Task<byte[]?> ReadPacketAsync(Socket from)
    {
        byte[] word = new byte[4];
        if (!await ReadAsync(from, word)) return null;
        int length = BinaryPrimitives.ReadInt32BigEndian(word);
        if (length is < RecordFile.Smallest or > RecordFile.Largest) throw new InvalidDataException($"a packet of {length} bytes");
        byte[] packet = new byte[length];
        word.CopyTo(packet, 0);
        return await ReadAsync(from, packet.AsMemory(4)) ? packet : throw new InvalidDataException("a packet was cut short");
    }

    private static async Task<bool> ReadAsync(Socket from, Memory<byte> buffer)
    {
        for (int done = 0; done < buffer.Length;)
        {
            int read = await from.ReceiveAsync(buffer[done..]);
            if (read == 0) return done == 0 ? false : throw new InvalidDataException("a packet was cut short");
            done += read;
        }

        return true;
    }
}
