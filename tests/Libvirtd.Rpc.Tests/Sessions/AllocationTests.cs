using System.Buffers.Binary;
using System.Net.Sockets;
using Libvirtd.Drivers.Test;
using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>What clients poll all day leaves nothing for the collector, from the bytes that come in to those that go out.</summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests : IDisposable
{
    private const int Warmup = 2000;
    private const int Calls = 500;
    private const int Rounds = 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("allocations-").FullName;

    public static TheoryData<string, int> Getters => new()
    {
        { "ping", 0 },
        { "version", (int)RemoteProcedure.ConnectGetLibVersion },
        { "info", (int)RemoteProcedure.DomainGetInfo },
        { "state", (int)RemoteProcedure.DomainGetState },
        { "lookup", (int)RemoteProcedure.DomainLookupByName },
        { "lookup by id", (int)RemoteProcedure.DomainLookupById },
        { "lookup by uuid", (int)RemoteProcedure.DomainLookupByUuid },
        { "xml", (int)RemoteProcedure.DomainGetXmlDesc },
        { "active", (int)RemoteProcedure.DomainIsActive },
        { "autostart", (int)RemoteProcedure.DomainGetAutostart },
        { "memory", (int)RemoteProcedure.DomainGetMaxMemory },
        { "capabilities", (int)RemoteProcedure.ConnectGetCapabilities },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Getters))]
    public async Task A_call_that_is_asked_often_allocates_nothing(string what, int procedure)
    {
        string path = Path.Combine(_folder, "sock");
        Socket listening = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listening.Bind(new UnixDomainSocketEndPoint(path));
        listening.Listen();
        await using RpcServer server = new(new RpcServerOptions { Loops = 1 }, [new TestDriver()]);
        server.Listen(listening, new RpcService());
        using Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(path)); // blocking, as a client of the C library is

        byte[] answer = new byte[1 << 20];
        Ask(client, Call(66), answer);
        Ask(client, Call(1, writer =>
        {
            writer.WriteInt32(1);
            writer.WriteString("test:///default", 100);
            writer.WriteInt32(0);
        }), answer);
        byte[] domain = answer[PacketHeader.Size..Ask(client, Call(23, writer => writer.WriteString("test", 100)), answer)];
        Assert.Equal(0, Allocated(client, what == "ping" ? s_ping : Call(procedure, writer => Arguments(what, domain, writer)), answer));
    }

    private static readonly byte[] s_ping = Packet.Make(
        new PacketHeader(KeepaliveProgram.Number, KeepaliveProgram.Version, 1, NetMessageType.Message, 0, NetMessageStatus.Ok), []);

    private static void Arguments(string what, byte[] domain, XdrWriter writer)
    {
        switch (what)
        {
            case "version" or "capabilities":
                break;
            case "lookup":
                writer.WriteString("test", 100);
                break;
            case "lookup by id":
                writer.WriteInt32(1);
                break;
            case "lookup by uuid":
                writer.WriteRaw(domain.AsSpan(8, 16)); // behind the name's length and its four letters
                break;
            default:
                writer.WriteRaw(domain);
                if (what is "xml" or "state")
                    writer.WriteInt32(0);
                break;
        }
    }

    /// <summary>Bytes for each, of all threads. The least of some rounds: the runtime's own business, such as better code or a pool's new array, only adds.</summary>
    private static double Allocated(Socket client, byte[] packet, byte[] answer)
    {
        for (int i = 0; i < Warmup; i++)
            Ask(client, packet, answer);
        long least = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < Calls; i++)
                Ask(client, packet, answer);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        return least / (double)Calls;
    }

    private static byte[] Call(int procedure, Action<XdrWriter>? encode = null) => Packet.Make(
        new PacketHeader(RemoteProgram.Number, RemoteProgram.Version, procedure, NetMessageType.Call, 1, NetMessageStatus.Ok), Packet.Encode(encode));

    /// <summary>Sends a packet and takes its answer whole; returns the answer's length. The assertions of the test library allocate: none here.</summary>
    private static int Ask(Socket client, byte[] packet, byte[] answer)
    {
        if (client.Send(packet) != packet.Length)
            throw new InvalidOperationException("the packet was not sent whole");
        int have = 0;
        while (have < 4 || have < BinaryPrimitives.ReadInt32BigEndian(answer))
        {
            int read = client.Receive(answer, have, answer.Length - have, SocketFlags.None);
            if (read == 0)
                throw new InvalidOperationException("the server closed the connection");
            have += read;
        }
        return PacketHeader.Read(answer).Status == NetMessageStatus.Ok ? have : throw new InvalidOperationException("the answer is an error");
    }
}
