using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Transport;

/// <summary>Loops, a folder for sockets, and connected pairs, for one test.</summary>
public sealed class TransportFixture : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<IAsyncDisposable> _owned = [];

    public TransportFixture(int loops = 2)
    {
        Loops = new EpollLoopGroup(loops, busyPoll: TimeSpan.FromMicroseconds(50));
        Directory.CreateDirectory(Folder);
    }

    public EpollLoopGroup Loops { get; }

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), "rpc-" + Path.GetRandomFileName());

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public T Own<T>(T item)
        where T : IAsyncDisposable
    {
        lock (_owned) _owned.Add(item);
        return item;
    }

    public Socket ListenUnix(out string path, int backlog = 128)
    {
        path = Path.Combine(Folder, Path.GetRandomFileName());
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(backlog);
        return listener;
    }

    public static Socket ListenTcp(out int port)
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(128);
        port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        return listener;
    }

    /// <summary>A raw socket's transport and the raw socket at the other end, blocking.</summary>
    public async Task<(SocketTransport Ours, Socket Raw)> AcceptRawAsync(TransportOptions? options = null, bool tcp = false)
    {
        TaskCompletionSource<SocketTransport> accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        EndPoint target;
        Socket listener;
        if (tcp)
        {
            listener = ListenTcp(out int port);
            target = new IPEndPoint(IPAddress.Loopback, port);
        }
        else
        {
            listener = ListenUnix(out string path);
            target = new UnixDomainSocketEndPoint(path);
        }
        Own(new SocketAcceptor(listener, Loops, accepted.TrySetResult, options));
        Socket raw = new(target.AddressFamily, SocketType.Stream, tcp ? ProtocolType.Tcp : ProtocolType.Unspecified);
        raw.Connect(target);
        return (Own(await accepted.Task.WaitAsync(Patience, Stop)), raw);
    }

    public (SocketTransport One, SocketTransport Other) Pair(TransportOptions? options = null)
    {
        (SocketTransport one, SocketTransport other) = SocketTransport.CreatePair(Loops.Next(), Loops.Next(), options);
        return (Own(one), Own(other));
    }

    /// <summary>Sends back whatever comes, until the end.</summary>
    public static async Task EchoAsync(ITransport transport)
    {
        try
        {
            while (true)
            {
                ReadResult read = await transport.Input.ReadAsync();
                foreach (ReadOnlyMemory<byte> part in read.Buffer) await transport.Output.WriteAsync(part);
                transport.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) break;
            }
        }
        catch (TransportException)
        {
            // the peer went away
        }
        transport.Input.Complete();
        await transport.DisposeAsync();
    }

    public static async Task<byte[]> ReadExactlyAsync(ITransport transport, int count)
    {
        while (true)
        {
            ReadResult read = await transport.Input.ReadAsync(Stop).AsTask().WaitAsync(Patience, Stop);
            if (read.Buffer.Length >= count)
            {
                byte[] bytes = read.Buffer.Slice(0, count).ToArray();
                transport.Input.AdvanceTo(read.Buffer.GetPosition(count));
                return bytes;
            }
            Assert.False(read.IsCompleted, "the stream ended early");
            transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Reads and consumes until the peer's end.</summary>
    public static async Task<long> ReadToEndAsync(ITransport transport)
    {
        long total = 0;
        while (true)
        {
            ReadResult read = await transport.Input.ReadAsync(Stop).AsTask().WaitAsync(Patience, Stop);
            total += read.Buffer.Length;
            transport.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return total;
        }
    }

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(Patience);
        while (!condition())
        {
            Assert.False(patience.IsCancellationRequested, "never: " + what);
            await Task.Delay(2, Stop);
        }
    }

    public static byte[] Pattern(int length, int seed = 1)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        IAsyncDisposable[] owned;
        lock (_owned) owned = [.. _owned];
        foreach (IAsyncDisposable item in owned.Reverse()) await item.DisposeAsync();
        Loops.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
