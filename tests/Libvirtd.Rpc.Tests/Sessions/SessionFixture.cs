using Libvirtd.Protocol;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>A server with a fake driver, and clients within the process.</summary>
internal sealed class SessionFixture : IAsyncDisposable
{
    private readonly List<RawClient> _clients = [];

    public SessionFixture(RpcServerOptions? options = null, TimeProvider? time = null, FakeDriver? driver = null)
    {
        Driver = driver ?? new FakeDriver();
        Server = new RpcServer(options ?? new RpcServerOptions { Loops = 1 }, [Driver], time);
    }

    public RpcServer Server { get; }

    public FakeDriver Driver { get; }

    public FakeConnection Connection => Driver.Connection;

    /// <summary>The server's side of the last connection.</summary>
    public Task Serving { get; private set; } = Task.CompletedTask;

    public RawClient Connect(TransportKind kind = TransportKind.Unix, bool readOnly = false, int roomBytes = 208 << 10)
    {
        (InMemoryTransport ours, InMemoryTransport theirs) = InMemoryTransport.CreatePair(kind: kind, roomBytes: roomBytes);
        Serving = Task.Run(() => Server.ServeAsync(theirs, new RpcService(readOnly)));
        RawClient client = new(ours);
        _clients.Add(client);
        return client;
    }

    /// <summary>A client that its user disposes.</summary>
    public RawClient ConnectOnce(out Task serving)
    {
        (InMemoryTransport ours, InMemoryTransport theirs) = InMemoryTransport.CreatePair();
        serving = Task.Run(() => Server.ServeAsync(theirs, new RpcService()));
        return new RawClient(ours);
    }

    public async Task<RawClient> OpenAsync(TransportKind kind = TransportKind.Unix, bool readOnly = false, int roomBytes = 208 << 10)
    {
        RawClient client = Connect(kind, readOnly, roomBytes);
        await client.OpenAsync();
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RawClient client in _clients)
            await client.DisposeAsync();
        await Server.DisposeAsync();
    }
}

internal static class Patiently
{
    /// <summary>The task's end, which must come within a time limit.</summary>
    public static Task Soon(this Task task) => task.WaitAsync(RawClient.Patience);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(RawClient.Patience);

    /// <summary>Waits for a state that others bring about.</summary>
    public static async Task UntilAsync(Func<bool> holds, string what)
    {
        long start = Environment.TickCount64;
        while (!holds())
        {
            if (Environment.TickCount64 - start > RawClient.Patience.TotalMilliseconds)
                Assert.Fail($"never: {what}");
            await Task.Delay(1);
        }
    }

    public static (int Code, int Domain, string Message) Rpc(string message) => ((int)ErrorCode.Rpc, (int)ErrorDomain.Rpc, message);

    public static (int Code, int Domain, string Message) Internal(string message) =>
        ((int)ErrorCode.InternalError, (int)ErrorDomain.Rpc, "internal error: " + message);
}
