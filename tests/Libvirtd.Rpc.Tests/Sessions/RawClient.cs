using System.Buffers;
using System.IO.Pipelines;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Transport;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>A client that sends and receives bytes and hides nothing.</summary>
internal sealed class RawClient(ITransport transport) : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private uint _serial;

    public ITransport Transport => transport;

    public Task SendAsync(params byte[][] packets) => transport.Output.WriteAsync(packets.SelectMany(packet => packet).ToArray()).AsTask().WaitAsync(Patience);

    public static PacketHeader Header(int procedure, uint serial, NetMessageType type = NetMessageType.Call, NetMessageStatus status = NetMessageStatus.Ok,
        uint program = RemoteProgram.Number, uint version = 1) => new(program, version, procedure, type, serial, status);

    /// <summary>The bytes of a call; serials count up.</summary>
    public byte[] Call(int procedure, Action<XdrWriter>? arguments = null, uint program = RemoteProgram.Number) =>
        Packet.Make(Header(procedure, _serial++, program: program), Packet.Encode(arguments));

    /// <summary>Calls and returns the next packet, which must be the reply.</summary>
    public async Task<Packet> CallAsync(int procedure, Action<XdrWriter>? arguments = null, uint program = RemoteProgram.Number)
    {
        uint serial = _serial;
        await SendAsync(Call(procedure, arguments, program));
        Packet reply = await ReadAsync();
        Assert.Equal((procedure, serial), (reply.Header.Procedure, reply.Header.Serial));
        Assert.True(reply.Header.Type is NetMessageType.Reply or NetMessageType.ReplyWithFds, reply.Header.ToString());
        return reply;
    }

    public async Task<Packet> CallOkAsync(int procedure, Action<XdrWriter>? arguments = null, uint program = RemoteProgram.Number)
    {
        Packet reply = await CallAsync(procedure, arguments, program);
        if (reply.IsError)
            Assert.Fail(reply.Error().ToString());
        return reply;
    }

    public Task OpenAsync(string name = "fake:///", uint flags = 0) => CallOkAsync(1, writer =>
    {
        writer.WriteBool(true);
        writer.WriteString(name, 1000);
        writer.WriteUInt32(flags);
    });

    /// <summary>A ping: when its answer comes, all that was sent before has been read.</summary>
    public static byte[] Ping { get; } = Packet.Make(Header(1, 0, NetMessageType.Message, program: KeepaliveProgram.Number), []);

    public Task PingAsync() => SendAsync(Ping);

    /// <summary>Pings, and expects nothing but the answer.</summary>
    public async Task SyncAsync()
    {
        await PingAsync();
        Assert.True(IsPong(await ReadAsync()));
    }

    public static bool IsPong(Packet packet) => packet.Header.Program == KeepaliveProgram.Number && packet.Header.Procedure == 2;

    public async Task<Packet> ReadAsync()
    {
        Packet? packet = await TryReadAsync();
        Assert.True(packet is not null, "the server closed the connection");
        return packet;
    }

    /// <summary>The next packet; null at the end.</summary>
    public async Task<Packet?> TryReadAsync()
    {
        while (true)
        {
            ReadResult read;
            try
            {
                read = await transport.Input.ReadAsync().AsTask().WaitAsync(Patience);
            }
            catch (TransportException)
            {
                return null;
            }
            ReadOnlySequence<byte> buffer = read.Buffer;
            if (Framer.TryRead(buffer, canPassFiles: false, out Frame frame))
            {
                byte[] whole = frame.Packet.ToArray();
                transport.Input.AdvanceTo(frame.Packet.End);
                return new Packet(PacketHeader.Read(whole), whole);
            }
            transport.Input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                return null;
        }
    }

    /// <summary>One byte outside of packets: a descriptor's marker.</summary>
    public async Task<byte> ReadMarkerAsync()
    {
        ReadResult read = await transport.Input.ReadAtLeastAsync(1).AsTask().WaitAsync(Patience);
        byte marker = read.Buffer.FirstSpan[0];
        transport.Input.AdvanceTo(read.Buffer.GetPosition(1));
        return marker;
    }

    /// <summary>The server closes without another packet.</summary>
    public async Task EndsAsync() => Assert.Null(await TryReadAsync());

    public ValueTask DisposeAsync() => transport.DisposeAsync();
}
