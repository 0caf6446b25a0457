using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace Libvirtd.Daemon.Hosting;

/// <summary>Which server the program runs: the one place that knows.</summary>
internal static class ServerComposition
{
    /// <summary>Registers the server and its drivers.</summary>
    public static void Add(IServiceCollection services) => services.AddSingleton<IServerHost, BacklogServer>();

    /// <summary>Holds the sockets open and leaves every client in the backlog.</summary>
    private sealed class BacklogServer : IServerHost
    {
        private IReadOnlyList<ListenSocket> _sockets = [];

        public event Action? IdleChanged
        {
            add { }
            remove { }
        }

        public bool Idle => true;

        public Task StartAsync(DaemonSettings settings, IReadOnlyList<ListenSocket> sockets, CancellationToken stop)
        {
            _sockets = sockets;
            return Task.CompletedTask;
        }

        public Task ReloadAsync(CancellationToken stop) => Task.CompletedTask;

        public Task<bool> StopAsync(TimeSpan grace)
        {
            foreach (ListenSocket socket in _sockets) socket.Dispose();
            return Task.FromResult(true);
        }
    }
}
