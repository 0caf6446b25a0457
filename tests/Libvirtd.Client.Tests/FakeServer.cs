using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Libvirtd.Client.Rpc;
using Libvirtd.Client.Transport;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Client.Tests;

/// <summary>The server's end of a connection, played by a test: it takes the client's messages one by one and answers as the test says.</summary>
internal sealed class FakeServer(RpcTransport transport) : IAsyncDisposable
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static (FakeServer Server, RpcTransport Client) Pair()
    {
        PipeOptions options = new(pauseWriterThreshold: 64 * 1024 * 1024, resumeWriterThreshold: 1024 * 1024);
        Pipe toServer = new(options), toClient = new(options);
        return (new FakeServer(RpcTransport.FromPipe(new Duplex(toServer.Reader, toClient.Writer))),
            RpcTransport.FromPipe(new Duplex(toClient.Reader, toServer.Writer)));
    }

    public static async Task<(FakeServer Server, RpcTransport Client)> UnixPairAsync()
    {
        string path = Path.Combine(Path.GetTempPath(), $"lvx-{Guid.NewGuid():N}.sock");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        try
        {
            RpcTransport client = await RpcTransport.ConnectUnixAsync(path, Cancel);
            return (new FakeServer(new UnixTransport(await listener.AcceptAsync(Cancel))), client);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>An open connection and its server.</summary>
    public static async Task<(FakeServer Server, LibvirtConnection Connection)> OpenAsync(LibvirtClientOptions? options = null, bool unix = false)
    {
        (FakeServer server, RpcTransport client) = unix ? await UnixPairAsync() : Pair();
        options ??= new LibvirtClientOptions { KeepAliveInterval = TimeSpan.Zero, CloseTimeout = TimeSpan.FromMilliseconds(50) };
        Task<LibvirtConnection> opening = LibvirtConnection.OpenAsync(client, "test:///default", options, Cancel);
        await server.ReplyAsync(await server.ExpectAsync(66), new AuthListRet { Types = [AuthType.None] });
        if (options.KeepAliveInterval > TimeSpan.Zero)
            await server.ReplyAsync(await server.ExpectAsync(60), new ConnectSupportsFeatureRet { Supported = 1 });
        await server.ReplyAsync(await server.ExpectAsync(1), default(NoValue));
        return (server, await opening);
    }

    public async Task<Frame> ReceiveAsync()
    {
        while (true)
        {
            ReadResult read = await transport.Input.ReadAsync(Cancel);
            ReadOnlySequence<byte> buffer = read.Buffer;
            bool cut = Frame.TryCut(ref buffer, out Frame frame);
            transport.Input.AdvanceTo(buffer.Start, cut ? buffer.Start : buffer.End);
            if (cut)
                return frame;
            if (read.IsCompleted || read.IsCanceled)
                throw new EndOfStreamException();
        }
    }

    public async Task<Frame> ExpectAsync(int procedure, NetMessageType type = NetMessageType.Call)
    {
        Frame frame = await ReceiveAsync();
        Assert.Equal((procedure, type), (frame.Header.Proc, frame.Header.Type));
        return frame;
    }

    public Task ReplyAsync<T>(Frame call, T value)
        where T : IXdrValue<T> => SendAsync(call.Header with { Type = NetMessageType.Reply }, Encode(value));

    public Task FailAsync(Frame call, int code, string message, NetMessageType type = NetMessageType.Reply) => SendAsync(
        call.Header with { Type = type, Status = NetMessageStatus.Error },
        Encode(new NetMessageError
        {
            Code = code,
            Domain = 12,
            Message = message,
            Level = 2,
            Dom = null,
            Str1 = "%s",
            Str2 = message,
            Str3 = null,
            Int1 = 5,
            Int2 = 6,
            Net = null,
        }));

    public Task EventAsync<T>(int procedure, T message)
        where T : IXdrValue<T> => SendAsync(
        new NetMessageHeader
        {
            Prog = RemoteProgram.Number,
            Vers = 1,
            Proc = procedure,
            Type = NetMessageType.Message,
            Serial = 1,
            Status = NetMessageStatus.Ok,
        },
        Encode(message));

    public Task StreamAsync(Frame call, NetMessageStatus status, byte[] data, NetMessageType type = NetMessageType.Stream) =>
        SendAsync(call.Header with { Type = type, Status = status }, data);

    public async Task SendAsync(NetMessageHeader header, byte[] payload)
    {
        using XdrWriter writer = new();
        Frame.Begin(writer, header);
        writer.WriteRaw(payload);
        Frame.End(writer);
        await SendRawAsync(writer.WrittenSpan.ToArray());
    }

    public async Task SendRawAsync(byte[] bytes) => await transport.Output.WriteAsync(bytes, Cancel);

    public async Task SendFilesAsync(params SafeHandle[] files) => await transport.SendFilesAsync(files);

    public async Task<SafeHandle> ReceiveFileAsync()
    {
        ReadResult read = await transport.Input.ReadAtLeastAsync(1, Cancel);
        transport.Input.AdvanceTo(read.Buffer.GetPosition(1));
        return transport.TakeFile()!;
    }

    public static byte[] Encode<T>(T value)
        where T : IXdrValue<T>
    {
        using XdrWriter writer = new();
        value.Encode(writer);
        return writer.WrittenSpan.ToArray();
    }

    public static T Decode<T>(Frame frame)
        where T : IXdrValue<T>
    {
        XdrReader reader = new(frame.Payload);
        return T.Decode(ref reader);
    }

    public ValueTask DisposeAsync() => transport.DisposeAsync();

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
