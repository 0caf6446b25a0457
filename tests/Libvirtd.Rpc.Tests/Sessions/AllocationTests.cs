using System.IO.Pipelines;
using Libvirtd.Drivers.Test;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Transport;
using Libvirtd.Xdr;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>What clients poll all day leaves nothing for the collector, from the bytes that come in to those that go out.</summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests
{
    private const int Warmup = 2000;
    private const int Calls = 500;
    private const int Rounds = 20;

    [Theory]
    [InlineData("version", 157)]
    [InlineData("info", 16)]
    [InlineData("lookup", 23)]
    [InlineData("xml", 14)]
    public async Task A_call_that_is_asked_often_allocates_nothing(string what, int procedure)
    {
        // In line, so that all of the server runs on the thread that writes the call.
        (InMemoryTransport ours, InMemoryTransport theirs) = InMemoryTransport.CreatePair(PipeScheduler.Inline);
        await using RpcServer server = new(new RpcServerOptions { Loops = 1 }, [new TestDriver()]);
        Task serving = server.ServeAsync(theirs, new RpcService());
        Ask(ours, Call(66));
        Ask(ours, Call(1, writer =>
        {
            writer.WriteInt32(1);
            writer.WriteString("test:///default", 100);
            writer.WriteInt32(0);
        }));
        byte[] found = Ask(ours, Call(23, writer => writer.WriteString("test", 100)), keep: true);
        byte[] call = Call(procedure, writer =>
        {
            if (what == "lookup")
                writer.WriteString("test", 100);
            else if (what != "version")
                writer.WriteRaw(found.AsSpan(PacketHeader.Size));
            if (what == "xml")
                writer.WriteInt32(0);
        });
        // What the pipes between client and server cost, a ping costs as well: the rest is the call's.
        byte[] ping = Packet.Make(
            new PacketHeader(KeepaliveProgram.Number, KeepaliveProgram.Version, 1, NetMessageType.Message, 0, NetMessageStatus.Ok), []);
        long transport = Allocated(ours, ping);
        Assert.Equal(transport, Allocated(ours, call));
        await ours.DisposeAsync();
        await serving.Soon();
    }

    /// <summary>Bytes for each, on this thread. The least of some rounds: the runtime's own business, such as better code or a pool's new array, only adds.</summary>
    private static long Allocated(InMemoryTransport client, byte[] packet)
    {
        for (int i = 0; i < Warmup; i++)
            Ask(client, packet);
        long least = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Calls; i++)
                Ask(client, packet);
            least = Math.Min(least, (GC.GetAllocatedBytesForCurrentThread() - before) / Calls);
        }
        return least;
    }

    private static byte[] Call(int procedure, Action<XdrWriter>? encode = null) => Packet.Make(
        new PacketHeader(RemoteProgram.Number, RemoteProgram.Version, procedure, NetMessageType.Call, 1, NetMessageStatus.Ok), Packet.Encode(encode));

    /// <summary>Sends a call and takes its answer, which is there at once.</summary>
    private static byte[] Ask(InMemoryTransport client, byte[] call, bool keep = false)
    {
        ValueTask<FlushResult> flush = client.Output.WriteAsync(call);
        Assert.True(flush.IsCompletedSuccessfully);
        Assert.True(client.Input.TryRead(out ReadResult read));
        Assert.True(read.Buffer.Length >= PacketHeader.Size);
        byte[] kept = [];
        if (keep)
        {
            kept = new byte[read.Buffer.Length];
            System.Buffers.BuffersExtensions.CopyTo(read.Buffer, kept);
        }
        client.Input.AdvanceTo(read.Buffer.End);
        return kept;
    }
}
