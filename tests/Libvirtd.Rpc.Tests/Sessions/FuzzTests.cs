using System.Globalization;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>Hostile input: no frame brings the server down, makes it hang, or makes it grow.</summary>
[Collection(nameof(Alone))]
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int FramesOfASession = 500;
    private const int Workers = 2;

#if DEBUG
    private const int Frames = 20_000;
#else
    private const int Frames = 1_000_000;
#endif

    private int _closed;
    private int _alive;

    [Fact]
    public async Task A_million_spoiled_frames_leave_the_server_as_it_was()
    {
        int seed = Setting("LIBVIRTD_FUZZ_SEED", Environment.TickCount);
        int frames = Setting("LIBVIRTD_FUZZ_FRAMES", Frames);
        output.WriteLine($"LIBVIRTD_FUZZ_SEED={seed} LIBVIRTD_FUZZ_FRAMES={frames}");
        await using SessionFixture fixture = new(new RpcServerOptions { Loops = 1 });
        fixture.Driver.OnOpen = _ => new(MakeConnection());
        FuzzSeeds seeds = new(new Random(seed));
        Assert.True(seeds.Count > 1000, $"only {seeds.Count} seeds");
        await RunAsync(fixture, seeds, seed - 1, 2 * FramesOfASession); // so that what is made once is made

        long heap = GC.GetTotalMemory(forceFullCollection: true);
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        long start = Environment.TickCount64;
        int each = frames / Workers;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => RunAsync(fixture, seeds, seed + worker, each))));
        long perFrame = (GC.GetTotalAllocatedBytes(precise: true) - allocated) / frames;
        await Patiently.UntilAsync(() => fixture.Server.ClientCount == 0, "all sessions end");
        long growth = GC.GetTotalMemory(forceFullCollection: true) - heap;
        output.WriteLine($"{frames} frames in {Environment.TickCount64 - start} ms; {_alive} sessions lived, {_closed} were closed; "
            + $"{perFrame} bytes allocated per frame, {growth} kept");
        Assert.True(growth < 32 << 20, $"seed {seed}: the heap has grown by {growth} bytes");
        Assert.True(perFrame < 32 << 10, $"seed {seed}: {perFrame} bytes per frame");
        Assert.True(_alive > _closed / 4, $"seed {seed}: {_alive} sessions lived, {_closed} were closed: the frames do not reach far");
        RawClient afterwards = await fixture.OpenAsync();
        await afterwards.SyncAsync();
    }

    private async Task RunAsync(SessionFixture fixture, FuzzSeeds seeds, int seed, int frames)
    {
        Random random = new(seed);
        for (int done = 0; done < frames; done += FramesOfASession)
        {
            try
            {
                await SessionAsync(fixture, seeds, random);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}, session {done / FramesOfASession}", failure);
            }
        }
    }

    private async Task SessionAsync(SessionFixture fixture, FuzzSeeds seeds, Random random)
    {
        const uint LastSerial = 0xfeedface;
        await using RawClient client = fixture.ConnectOnce(out Task serving);
        await client.OpenAsync();
        using MemoryStream batch = new();
        bool isBroken = false;
        for (int i = 0; i < FramesOfASession && !isBroken; i++)
            batch.Write(seeds.Next(random, 4000, out isBroken));
        if (!isBroken)
            batch.Write(Packet.Make(RawClient.Header(66, LastSerial), []));
        Task<bool> answered = AnsweredAsync(client, LastSerial);
        try
        {
            await client.Transport.Output.WriteAsync(batch.ToArray()).AsTask().Soon();
            if (isBroken)
                client.Transport.Output.Complete(); // it may wait for the rest of a frame
        }
        catch (TransportException)
        {
            // Closed already.
        }
        if (await answered)
            Interlocked.Increment(ref _alive);
        else
            Interlocked.Increment(ref _closed);
        await client.DisposeAsync();
        await serving.Soon();
    }

    // True when the last call is answered, false when the connection is closed before. Nothing else ends it, but a time limit.
    private static async Task<bool> AnsweredAsync(RawClient client, uint lastSerial)
    {
        while (await client.TryReadAsync() is { } packet)
        {
            Assert.True(packet.Header.Type is NetMessageType.Reply or NetMessageType.Stream or NetMessageType.StreamHole or NetMessageType.Message, packet.Header.ToString());
            if (packet.Header.Serial == lastSerial)
                return true;
        }
        return false;
    }

    private static FakeConnection MakeConnection()
    {
        FakeConnection connection = new();
        connection.Guests.OnConsole = _ => new Sink();
        connection.Guests.OnScreenshot = _ => ("image/png", new Sink());
        connection.Guests.OnSuspend = _ =>
        {
            connection.Events.Raise(new DomainLifecycleEvent { Dom = FakeDomains.Vm1, Event = 3, Detail = 0 });
            return default;
        };
        connection.Guests.All = [FakeDomains.Vm1];
        connection.Guests.Defined = ["a", "b"];
        connection.Guests.Parameters = [new("a", 1), new("b", "text")];
        connection.Volumes.OnStream = () => new Sink();
        return connection;
    }

    private static int Setting(string name, int value) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int set) ? set : value;

    private sealed class Sink : StreamEndpoint
    {
        private bool _read;

        public override ValueTask<StreamRead> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
        {
            StreamRead read = new(_read ? 0 : 10);
            _read = true;
            return new(read);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel) => default;

        public override ValueTask WriteHoleAsync(long length, CancellationToken cancel) => default;
    }
}
