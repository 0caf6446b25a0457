using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Sockets;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Daemon.Hosting;

/// <summary>Serves the daemon's sockets with the RPC server and all drivers.</summary>
internal sealed class RpcServerHost(IReadOnlyList<Driver> drivers, TimeProvider time, ILoggerFactory loggers) : IServerHost, IAsyncDisposable
{
    private const string DefaultUriVariable = "LIBVIRT_DEFAULT_URI";
    private IReadOnlyList<ListenSocket> _sockets = [];
    private RpcServer? _server;

    public event Action? IdleChanged;

    public bool Idle => _server is not { ClientCount: > 0 };

    public Task StartAsync(DaemonSettings settings, IReadOnlyList<ListenSocket> sockets, CancellationToken stop)
    {
        _sockets = sockets;
        _server = new RpcServer(ToOptions(settings), drivers, time, loggers.CreateLogger("Libvirtd.Rpc"));
        _server.IdleChanged += _ => IdleChanged?.Invoke();
        foreach (ListenSocket socket in sockets)
        {
            if (socket.Kind is ServiceKind.Unix or ServiceKind.UnixReadOnly or ServiceKind.Tcp)
                _server.Listen(socket.Socket, new RpcService(IsReadOnly: socket.Kind == ServiceKind.UnixReadOnly));
        }
        return Task.CompletedTask;
    }

    // The drivers that exist keep nothing on disk that could be read again.
    public Task ReloadAsync(CancellationToken stop) => Task.CompletedTask;

    public async Task<bool> StopAsync(TimeSpan grace)
    {
        foreach (ListenSocket socket in _sockets)
            socket.Dispose();
        return _server is null || await _server.StopAsync(grace).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
            await server.DisposeAsync().ConfigureAwait(false);
    }

    private static RpcServerOptions ToOptions(DaemonSettings settings) => new()
    {
        MaxClients = ToInt(settings.MaxClients),
        MaxAnonymousClients = ToInt(settings.MaxAnonymousClients),
        // 0 would stall every connection, and 1 would make pings wait in libvirtd: neither can be meant.
        MaxClientRequests = Math.Max(1, ToInt(settings.MaxClientRequests)),
        KeepAliveInterval = TimeSpan.FromSeconds(settings.KeepaliveInterval),
        KeepAliveCount = ToInt(settings.KeepaliveCount),
        LibraryVersion = LibvirtVersion.Number,
        DefaultUri = Environment.GetEnvironmentVariable(DefaultUriVariable) is { Length: > 0 } uri ? uri : null,
    };

    private static int ToInt(uint value) => (int)Math.Min(value, int.MaxValue);
}
