using Libvirtd.Drivers;
using Libvirtd.Drivers.Test;
using Microsoft.Extensions.DependencyInjection;

namespace Libvirtd.Daemon.Hosting;

/// <summary>Which server the program runs, and with which drivers: the one place that knows.</summary>
internal static class ServerComposition
{
    /// <summary>Registers the server and its drivers, in the order in which they are asked to open a URI.</summary>
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<IReadOnlyList<Driver>>(static provider =>
            [new TestDriver(provider.GetRequiredService<TimeProvider>(), new IdentitySource()) { RemotePeers = RemotePeer.OpenAsync }]);
        services.AddSingleton<IServerHost, RpcServerHost>();
    }
}
