using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using Libvirtd.Drivers.Test;
using Libvirtd.Protocol;
using Libvirtd.Rpc;
using Libvirtd.Rpc.Transport;
using Libvirtd.Xdr;

namespace Libvirtd.Benchmarks;

/// <summary>
/// A call from the bytes that come in to those that go out: framing, session, dispatcher, the in-memory hypervisor, and the reply. All of it runs
/// on the thread of the benchmark, over pipes in memory, so that no socket is measured.
/// </summary>
public class DispatchBenchmarks : IDisposable
{
    private const int HeaderBytes = 28;
    private InMemoryTransport _client = null!;
    private RpcServer _server = null!;
    private Task _serving = Task.CompletedTask;
    private byte[] _call = [];

    [Params("version", "info", "state", "lookup", "xml", "capabilities", "list of 1,000")]
    public string What { get; set; } = "";

    [GlobalSetup]
    public void Prepare()
    {
        (_client, InMemoryTransport theirs) = InMemoryTransport.CreatePair(PipeScheduler.Inline, roomBytes: 4 << 20);
        _server = new RpcServer(new RpcServerOptions { Loops = 1 }, [new TestDriver()]);
        _serving = _server.ServeAsync(theirs, new RpcService());
        Ask(Packet(RemoteProcedure.AuthList));
        Ask(Packet(RemoteProcedure.ConnectOpen, writer =>
        {
            writer.WriteBool(true);
            writer.WriteString("test:///default", 100);
            writer.WriteInt32(0);
        }));
        byte[] domain = Ask(Packet(RemoteProcedure.DomainLookupByName, writer => writer.WriteString("test", 100)), keep: true);
        for (int i = 0; What.StartsWith("list", StringComparison.Ordinal) && i < 999; i++)
        {
            string xml = $"<domain type='test'><name>d{i}</name><memory>8192</memory><os><type>hvm</type></os></domain>";
            Ask(Packet(RemoteProcedure.DomainDefineXml, writer => writer.WriteString(xml, 1 << 20)));
        }
        _call = What switch
        {
            "version" => Packet(RemoteProcedure.ConnectGetLibVersion),
            "info" => Packet(RemoteProcedure.DomainGetInfo, writer => writer.WriteRaw(domain)),
            "state" => Packet(RemoteProcedure.DomainGetState, writer => WithFlags(writer, domain)),
            "lookup" => Packet(RemoteProcedure.DomainLookupByName, writer => writer.WriteString("test", 100)),
            "xml" => Packet(RemoteProcedure.DomainGetXmlDesc, writer => WithFlags(writer, domain)),
            "capabilities" => Packet(RemoteProcedure.ConnectGetCapabilities),
            _ => Packet(RemoteProcedure.ConnectListAllDomains, static writer =>
            {
                writer.WriteInt32(1);
                writer.WriteInt32(0);
            }),
        };
    }

    [Benchmark]
    public int Call() => Ask(_call, keep: false).Length;

    [GlobalCleanup]
    public void Dispose()
    {
        _client.DisposeAsync().AsTask().Wait();
        _serving.Wait();
        _server.DisposeAsync().AsTask().Wait();
        GC.SuppressFinalize(this);
    }

    private static void WithFlags(XdrWriter writer, byte[] domain)
    {
        writer.WriteRaw(domain);
        writer.WriteInt32(0);
    }

    private static byte[] Packet(RemoteProcedure procedure, Action<XdrWriter>? encode = null)
    {
        using XdrWriter writer = new();
        writer.WriteInt32(0);
        writer.WriteUInt32(RemoteProgram.Number);
        writer.WriteUInt32(RemoteProgram.Version);
        writer.WriteInt32((int)procedure);
        writer.WriteInt32(0); // a call
        writer.WriteInt32(1); // its serial
        writer.WriteInt32(0); // status ok
        encode?.Invoke(writer);
        writer.Patch(0, (uint)writer.Length);
        return writer.WrittenSpan.ToArray();
    }

    /// <summary>Sends a call; its answer is there at once. Returns the payload where it is kept.</summary>
    private byte[] Ask(byte[] call, bool keep = false)
    {
        ValueTask<FlushResult> flush = _client.Output.WriteAsync(call);
        if (!flush.IsCompletedSuccessfully || !_client.Input.TryRead(out ReadResult read))
            throw new InvalidOperationException("the answer did not come at once");
        ReadOnlySpan<byte> first = read.Buffer.FirstSpan;
        if (first.Length < HeaderBytes || BinaryPrimitives.ReadInt32BigEndian(first[24..]) != 0)
            throw new InvalidOperationException("the answer is an error");
        byte[] kept = keep ? read.Buffer.Slice(HeaderBytes).ToArray() : [];
        _client.Input.AdvanceTo(read.Buffer.End);
        return kept;
    }
}
