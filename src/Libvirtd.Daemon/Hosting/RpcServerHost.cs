using Libvirtd.Daemon.Admin;
using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Interop;
using Libvirtd.Daemon.Logging;
using Libvirtd.Daemon.Sockets;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Daemon.Hosting;

/// <summary>
/// Serves the daemon's sockets with two servers: one with all drivers, and one for the administrators of both, so that a crowd of clients cannot
/// keep them out.
/// </summary>
internal sealed class RpcServerHost(IReadOnlyList<Driver> drivers, DaemonLog log, TimeProvider time, ILoggerFactory loggers) : IServerHost, IAsyncDisposable
{
    private const string DefaultUriVariable = "LIBVIRT_DEFAULT_URI";
    private IReadOnlyList<ListenSocket> _sockets = [];
    private RpcServer? _server;
    private RpcServer? _adminServer;

    public event Action? IdleChanged;

    public bool Idle => _server is not { ClientCount: > 0 } && _adminServer is not { ClientCount: > 0 };

    public Task StartAsync(DaemonSettings settings, IReadOnlyList<ListenSocket> sockets, IDaemonControl daemon, CancellationToken stop)
    {
        _sockets = sockets;
        ILogger logger = loggers.CreateLogger("Libvirtd.Rpc");
        RpcServer server = _server = new RpcServer(ToOptions(settings), drivers, time, logger);
        RpcServer adminServer = _adminServer = new RpcServer(ToAdminOptions(settings), [], time, logger);
        server.IdleChanged += _ => IdleChanged?.Invoke();
        adminServer.IdleChanged += _ => IdleChanged?.Invoke();
        AdministeredServer[] servers =
        [
            new("libvirtd", server, new WorkerSizes(settings.MinWorkers, settings.MaxWorkers, settings.PriorityWorkers)),
            new("admin", adminServer, new WorkerSizes(settings.AdminMinWorkers, settings.AdminMaxWorkers, Priority: 0), isAsked: true),
        ];
        AdminServer admin = new(servers, log, daemon);
        foreach (ListenSocket socket in sockets)
        {
            switch (socket.Kind)
            {
                case ServiceKind.Admin:
                    adminServer.Listen(socket.Socket, new RpcService(Admin: admin, OnlyUser: Libc.geteuid()));
                    break;
                case ServiceKind.Unix or ServiceKind.UnixReadOnly or ServiceKind.Tcp:
                    server.Listen(socket.Socket, new RpcService(IsReadOnly: socket.Kind == ServiceKind.UnixReadOnly));
                    break;
            }
        }
        return Task.CompletedTask;
    }

    // The drivers that exist keep nothing on disk that could be read again.
    public Task ReloadAsync(CancellationToken stop) => Task.CompletedTask;

    public async Task<bool> StopAsync(TimeSpan grace)
    {
        foreach (ListenSocket socket in _sockets)
            socket.Dispose();
        bool[] clean = await Task.WhenAll(Servers.Select(server => server.StopAsync(grace))).ConfigureAwait(false);
        return clean.All(stopped => stopped);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RpcServer server in Servers)
            await server.DisposeAsync().ConfigureAwait(false);
    }

    private IEnumerable<RpcServer> Servers => new[] { _server, _adminServer }.OfType<RpcServer>();

    private static RpcServerOptions ToOptions(DaemonSettings settings) => new()
    {
        MaxClients = ToInt(settings.MaxClients),
        MaxAnonymousClients = ToInt(settings.MaxAnonymousClients),
        // 0 would stall every connection, and 1 would make pings wait in libvirtd: neither can be meant.
        MaxClientRequests = Math.Max(1, ToInt(settings.MaxClientRequests)),
        KeepAliveInterval = TimeSpan.FromSeconds(settings.KeepaliveInterval),
        KeepAliveCount = ToInt(settings.KeepaliveCount),
        BusyPoll = TimeSpan.FromMicroseconds(settings.BusyPoll),
        LibraryVersion = LibvirtVersion.Number,
        DefaultUri = Environment.GetEnvironmentVariable(DefaultUriVariable) is { Length: > 0 } uri ? uri : null,
    };

    private static RpcServerOptions ToAdminOptions(DaemonSettings settings) => new()
    {
        Name = "admin",
        MaxClients = ToInt(settings.AdminMaxClients),
        MaxAnonymousClients = 0, // nobody logs in here
        MaxClientRequests = Math.Max(1, ToInt(settings.AdminMaxClientRequests)),
        KeepAliveInterval = TimeSpan.FromSeconds(settings.AdminKeepaliveInterval),
        KeepAliveCount = ToInt(settings.AdminKeepaliveCount),
        BusyPoll = TimeSpan.Zero,
        LibraryVersion = LibvirtVersion.Number,
        Loops = 1,
    };

    private static int ToInt(uint value) => (int)Math.Min(value, int.MaxValue);
}
