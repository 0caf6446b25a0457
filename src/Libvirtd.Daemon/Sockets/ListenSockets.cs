using System.Net.Sockets;
using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Protocol;

namespace Libvirtd.Daemon.Sockets;

/// <summary>All sockets of a daemon: inherited ones when there are any, else its own.</summary>
internal static class ListenSockets
{
    /// <summary>libvirtd's stand-in for max_queued_clients = 0.</summary>
    private const int DefaultBacklog = 30;

    /// <summary>Opens everything that the settings ask for, or nothing.</summary>
    /// <param name="listen">--listen was given.</param>
    /// <exception cref="DaemonStartException">A socket cannot be had, or a service needs what is not there.</exception>
    public static IReadOnlyList<ListenSocket> Open(
        DaemonSettings settings, DaemonPaths paths, bool listen, IReadOnlyList<ActivatedSocket> activated)
    {
        if (activated.Count > 0)
        {
            return listen
                ? throw Refuse("--listen parameter not permitted with systemd activation sockets: the socket units open the ports")
                : Adopt(settings, activated);
        }
        List<ListenSocket> opened = [];
        try
        {
            OpenUnix(settings, paths, opened);
            if (listen) OpenNetwork(settings, paths, opened);
            return opened;
        }
        catch
        {
            foreach (ListenSocket socket in opened) socket.Dispose();
            throw;
        }
    }

    private static int Backlog(uint queue) => queue switch
    {
        0 => DefaultBacklog,
        > int.MaxValue => int.MaxValue,
        _ => (int)queue,
    };

    private static void OpenUnix(DaemonSettings settings, DaemonPaths paths, List<ListenSocket> opened)
    {
        DaemonPaths.SocketPaths files = paths.Sockets(settings.UnixSocketDirectory);
        uint? group = settings.UnixSocketGroup is { Length: > 0 } name ? UnixListener.GroupId(name) : null;
        Open(files.ReadWrite, settings.UnixSocketReadWriteMode, ServiceKind.Unix, settings.MaxQueuedClients);
        if (files.ReadOnly is not null) Open(files.ReadOnly, settings.UnixSocketReadOnlyMode, ServiceKind.UnixReadOnly, settings.MaxQueuedClients);
        if (files.Admin is not null) Open(files.Admin, settings.UnixSocketAdminMode, ServiceKind.Admin, settings.AdminMaxQueuedClients);

        void Open(string path, UnixFileMode mode, ServiceKind kind, uint queue)
        {
            AuthType auth = ServiceAuth.Of(settings, kind);
            // Members of the group may use the daemon; it is administered by its own user alone.
            uint? owner = kind == ServiceKind.Admin ? null : group;
            opened.Add(new ListenSocket(UnixListener.Open(path, mode, owner, Backlog(queue)), kind, Inherited: false, path, auth));
        }
    }

    private static void OpenNetwork(DaemonSettings settings, DaemonPaths paths, List<ListenSocket> opened)
    {
        if (settings.ListenTcp)
        {
            AuthType auth = ServiceAuth.Of(settings, ServiceKind.Tcp);
            foreach (Socket socket in TcpListeners.Open(settings.ListenAddress, settings.TcpPort, Backlog(settings.MaxQueuedClients)))
                opened.Add(new ListenSocket(socket, ServiceKind.Tcp, Inherited: false, Path: null, auth));
        }
        if (settings.ListenTls) TlsFiles.Require(settings, paths);
    }

    private static List<ListenSocket> Adopt(DaemonSettings settings, IReadOnlyList<ActivatedSocket> activated)
    {
        List<ListenSocket> adopted = [];
        foreach (ActivatedSocket passed in activated)
        {
            if (passed.Kind == ServiceKind.Tls)
                throw Refuse($"the activation socket '{passed.Name}' cannot be served: TLS is not supported yet; stop its socket unit");
            AuthType auth = ServiceAuth.Of(settings, passed.Kind);
            adopted.Add(new ListenSocket(passed.Take(), passed.Kind, Inherited: true, Path: null, auth));
        }
        return adopted;
    }

    private static DaemonStartException Refuse(string message) => new(ExitStatus.Network, message);
}
