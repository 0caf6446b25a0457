using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>A disk whose odd blocks of 1000 bytes are data, counted from 1, and whose bytes from 2500 to 3500 have changed.</summary>
internal sealed class StripedExport(string name = "vda", long length = 10_000) : NbdExport
{
    public override string Name => name;

    public override string Description => "striped";

    public override long Length => length;

    public override ImmutableArray<string> Contexts => ["base:allocation", "qemu:dirty-bitmap:b"];

    public static byte At(long offset) => offset / 1000 % 2 == 0 ? (byte)(offset % 251 + 1) : (byte)0;

    public override void Read(Span<byte> buffer, long offset)
    {
        for (int i = 0; i < buffer.Length; i++)
            buffer[i] = At(offset + i);
    }

    public override (bool IsData, long Until) MapAt(long offset, long end) => (offset / 1000 % 2 == 0, Math.Min(end, offset / 1000 * 1000 + 1000));

    public override (uint State, long Until) StateAt(int context, long offset, long end)
    {
        if (context == 0)
        {
            (bool isData, long until) = MapAt(offset, end);
            return (isData ? 0u : 3u, until);
        }

        return offset < 2500 ? (0u, Math.Min(end, 2500)) : offset < 3500 ? (1u, Math.Min(end, 3500)) : (0u, end);
    }
}

/// <summary>The other end of an NBD session, which speaks in bytes.</summary>
internal sealed class NbdClient : IAsyncDisposable
{
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly CancellationTokenSource _patience = new();
    private readonly Socket? _socket;

    /// <summary>A session of its own, without a server.</summary>
    public NbdClient(params NbdExport[] exports)
    {
        Pipe toServer = new(new PipeOptions(pauseWriterThreshold: 0));
        Pipe toClient = new(new PipeOptions(pauseWriterThreshold: 0));
        (_input, _output) = (toClient.Reader, toServer.Writer);
        NbdSession session = new(new Ends(toServer.Reader, toClient.Writer), [.. exports.Length == 0 ? [new StripedExport()] : exports]);
        Ended = session.ServeAsync(_patience.Token, Stop);
    }

    private NbdClient(Socket socket)
    {
        _socket = socket;
        NetworkStream stream = new(socket, ownsSocket: true);
        (_input, _output) = (PipeReader.Create(stream), PipeWriter.Create(stream));
        Ended = Task.FromResult<string?>(null);
    }

    /// <summary>Why the session has ended; null where the client said goodbye, and where it lies behind a socket.</summary>
    public Task<string?> Ended { get; }

    /// <summary>Connects to a server.</summary>
    public static async Task<NbdClient> ConnectAsync(EndPoint place)
    {
        Socket socket = new(place.AddressFamily, SocketType.Stream, place is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        await socket.ConnectAsync(place, Stop);
        return new NbdClient(socket);
    }

    public static Task<NbdClient> ConnectAsync(string path) => ConnectAsync(new UnixDomainSocketEndPoint(path));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Reads the greeting and answers it.</summary>
    public async Task<NbdClient> GreetAsync(uint flags = 3)
    {
        Assert.Equal("NBDMAGICIHAVEOPT", Encoding.ASCII.GetString(await ReadAsync(16)));
        Assert.Equal(3, BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(2)));
        await SendAsync(Number(flags, 4));
        return this;
    }

    /// <summary>Chooses the disk vda and begins with requests.</summary>
    public async Task<NbdClient> GoAsync(bool isStructured, params string[] contexts)
    {
        await GreetAsync();
        if (isStructured)
            Assert.Equal([(1u, "")], await OptionAsync(8));
        if (contexts.Length > 0)
            await OptionAsync(10, [.. Text("vda"), .. Number((uint)contexts.Length, 4), .. contexts.SelectMany(Text)]);
        Assert.Equal(1u, (await OptionAsync(7, [.. Text("vda"), .. Number(0, 2)]))[^1].Reply);
        return this;
    }

    public async Task SendAsync(params byte[] bytes) => await _output.WriteAsync(bytes, Stop);

    /// <summary>No more comes from here.</summary>
    public void HangUp() => _output.Complete();

    public void LosePatience() => _patience.Cancel();

    /// <summary>Sends an option and reads the answers, up to the one that ends them; texts are as they are, other answers as hexadecimal digits.</summary>
    public async Task<List<(uint Reply, string Data)>> OptionAsync(uint option, params byte[] data)
    {
        await SendAsync([.. "IHAVEOPT"u8, .. Number(option, 4), .. Number((uint)data.Length, 4), .. data]);
        List<(uint Reply, string Data)> replies = [];
        while (true)
        {
            byte[] head = await ReadAsync(20);
            Assert.Equal(0x3e889045565a9u, BinaryPrimitives.ReadUInt64BigEndian(head));
            Assert.Equal(option, BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(8)));
            uint reply = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(12));
            byte[] content = await ReadAsync((int)BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(16)));
            replies.Add((reply, reply switch
            {
                2 => Encoding.UTF8.GetString(content.AsSpan(4)),
                3 => Convert.ToHexString(content),
                4 => $"{BinaryPrimitives.ReadUInt32BigEndian(content)} {Encoding.UTF8.GetString(content.AsSpan(4))}",
                _ => Encoding.UTF8.GetString(content),
            }));
            if (reply is 1 or > 0x80000000)
                return replies;
        }
    }

    public Task RequestAsync(ushort command, ulong offset, uint length, ushort flags = 0, ulong cookie = 42, params byte[] payload) =>
        SendAsync(Request(command, offset, length, flags, cookie, payload));

    public static byte[] Request(ushort command, ulong offset, uint length, ushort flags = 0, ulong cookie = 42, params byte[] payload) =>
        [.. Number(0x25609513, 4), .. Number(flags, 2), .. Number(command, 2), .. Number(cookie, 8), .. Number(offset, 8), .. Number(length, 4), .. payload];

    /// <summary>Reads a part of the disk; after <see cref="GoAsync"/> without structured replies.</summary>
    public async Task<byte[]> DiskAsync(ulong offset, int length)
    {
        await RequestAsync(0, offset, (uint)length);
        Assert.Equal(0u, await SimpleAsync());
        return await ReadAsync(length);
    }

    /// <summary>The status of a part of the disk, context by context, such as <c>0=100:0 50:3</c>.</summary>
    public async Task<string[]> StatusAsync(ulong offset, uint length, ushort flags = 0)
    {
        await RequestAsync(7, offset, length, flags);
        List<string> all = [];
        foreach ((int type, byte[] data) in await ChunksAsync())
        {
            Assert.Equal(5, type);
            all.Add($"{BinaryPrimitives.ReadUInt32BigEndian(data)}=" + string.Join(' ', data[4..].Chunk(8)
                .Select(static one => $"{BinaryPrimitives.ReadUInt32BigEndian(one)}:{BinaryPrimitives.ReadUInt32BigEndian(one.AsSpan(4))}")));
        }

        return [.. all];
    }

    /// <summary>A simple reply's error.</summary>
    public async Task<uint> SimpleAsync(ulong cookie = 42)
    {
        byte[] head = await ReadAsync(16);
        Assert.Equal(0x67446698u, BinaryPrimitives.ReadUInt32BigEndian(head));
        Assert.Equal(cookie, BinaryPrimitives.ReadUInt64BigEndian(head.AsSpan(8)));
        return BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(4));
    }

    /// <summary>All chunks of a structured reply.</summary>
    public async Task<List<(int Type, byte[] Data)>> ChunksAsync(ulong cookie = 42)
    {
        List<(int Type, byte[] Data)> chunks = [];
        while (true)
        {
            byte[] head = await ReadAsync(20);
            Assert.Equal(0x668e33efu, BinaryPrimitives.ReadUInt32BigEndian(head));
            Assert.Equal(cookie, BinaryPrimitives.ReadUInt64BigEndian(head.AsSpan(8)));
            byte[] data = await ReadAsync((int)BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(16)));
            chunks.Add((BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(6)), data));
            if (head[5] == 1)
                return chunks;
        }
    }

    public async Task<byte[]> ReadAsync(int count)
    {
        if (count == 0)
            return [];
        ReadResult read = await _input.ReadAtLeastAsync(count, Stop);
        Assert.True(read.Buffer.Length >= count, "the server has hung up");
        byte[] bytes = System.Buffers.BuffersExtensions.ToArray(read.Buffer.Slice(0, count));
        _input.AdvanceTo(read.Buffer.GetPosition(count));
        return bytes;
    }

    /// <summary>The server has ended the connection, and sent nothing more.</summary>
    public async Task<string?> HungUpAsync()
    {
        string? why = await Ended.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        Assert.False((await _input.ReadAsync(Stop)).Buffer.Length > 0);
        return why;
    }

    public static byte[] Number(ulong value, int bytes)
    {
        byte[] number = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(number, value);
        return number[^bytes..];
    }

    /// <summary>A text with its length before it.</summary>
    public static byte[] Text(string text) => [.. Number((uint)Encoding.UTF8.GetByteCount(text), 4), .. Encoding.UTF8.GetBytes(text)];

    public async ValueTask DisposeAsync()
    {
        HangUp();
        await Ended;
        _patience.Dispose();
        _socket?.Dispose();
    }

    public sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
