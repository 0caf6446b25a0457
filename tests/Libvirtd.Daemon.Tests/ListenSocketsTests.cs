using System.Net;
using System.Net.Sockets;
using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Daemon.Sockets;
using Libvirtd.Protocol;

namespace Libvirtd.Daemon.Tests;

public sealed class ListenSocketsTests : IDisposable
{
    private static readonly DaemonPaths s_system = DaemonPaths.Of(privileged: true, _ => null);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private DaemonSettings Settings => new() { UnixSocketDirectory = _folder.Path };

    [Fact]
    public void Unix_sockets_get_their_modes_and_are_removed_at_the_end()
    {
        DaemonSettings settings = Settings with { UnixSocketReadWriteMode = (UnixFileMode)0b110_100_000 };
        IReadOnlyList<ListenSocket> sockets = ListenSockets.Open(settings, s_system, listen: false, []);
        Assert.Equal([ServiceKind.Unix, ServiceKind.UnixReadOnly, ServiceKind.Admin], sockets.Select(s => s.Kind));
        Assert.Equal((UnixFileMode)0b110_100_000, File.GetUnixFileMode(_folder["libvirt-sock"]));
        Assert.Equal((UnixFileMode)0b111_111_111, File.GetUnixFileMode(_folder["libvirt-sock-ro"]));
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(_folder["libvirt-admin-sock"]));
        Assert.All(sockets, s => Assert.Equal(AuthType.None, s.Auth));
        foreach (ListenSocket socket in sockets) socket.Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Stale_socket_is_taken_over_and_a_live_one_is_not()
    {
        string path = _folder["s"];
        Socket dead = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        dead.Bind(new UnixDomainSocketEndPoint(path)); // bound, and nobody listens: as a killed daemon leaves it
        using Socket first = UnixListener.Open(path, (UnixFileMode)0b111_000_000, group: null, backlog: 1);
        DaemonStartException failure = Assert.Throws<DaemonStartException>(() => UnixListener.Open(path, 0, group: null, backlog: 1));
        Assert.StartsWith($"another daemon is listening on '{path}'", failure.Message, StringComparison.Ordinal);
        Assert.Equal(ExitStatus.Network, failure.Status);
        Assert.True(File.Exists(path));
        dead.Dispose();
    }

    [Fact]
    public void What_is_no_socket_is_left_alone()
    {
        File.WriteAllText(_folder["s"], "");
        DaemonStartException failure = Assert.Throws<DaemonStartException>(() => UnixListener.Open(_folder["s"], 0, group: null, backlog: 1));
        Assert.Contains("is not a socket", failure.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder["s"]));
    }

    [Fact]
    public void Path_that_no_address_holds_is_refused_by_name()
    {
        string path = _folder[new string('x', 120)];
        Assert.Contains("longer than 107 bytes",
            Assert.Throws<DaemonStartException>(() => UnixListener.Open(path, 0, group: null, backlog: 1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("root", 0u)]
    [InlineData("0", 0u)]
    [InlineData("+12345", 12345u)]
    public void Group_is_a_name_or_a_number(string group, uint id) => Assert.Equal(id, UnixListener.GroupId(group));

    [Fact]
    public void Unknown_group_is_refused() =>
        Assert.Contains("Failed to parse group 'no such group'",
            Assert.Throws<DaemonStartException>(() => UnixListener.GroupId("no such group")).Message, StringComparison.Ordinal);

    [Fact]
    public void Tcp_listens_on_every_family_with_one_port()
    {
        DaemonSettings settings = Settings with { ListenTls = false, ListenTcp = true, TcpPort = "0", AuthTcp = new(AuthType.None, "f:1") };
        IReadOnlyList<ListenSocket> sockets = ListenSockets.Open(settings, s_system, listen: true, []);
        IPEndPoint[] ends = [.. sockets.Where(s => s.Kind == ServiceKind.Tcp).Select(s => (IPEndPoint)s.Socket.LocalEndPoint!)];
        Assert.Contains(ends, end => end.AddressFamily == AddressFamily.InterNetwork);
        Assert.Single(ends.Select(end => end.Port).Distinct());
        foreach (ListenSocket socket in sockets) socket.Dispose();
    }

    [Fact]
    public void Port_in_use_is_refused_even_between_daemons_that_both_reuse_addresses()
    {
        using Socket first = Assert.Single(TcpListeners.Open("127.0.0.1", "0", backlog: 1));
        string port = ((IPEndPoint)first.LocalEndPoint!).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        DaemonStartException failure = Assert.Throws<DaemonStartException>(() => TcpListeners.Open("127.0.0.1", port, backlog: 1));
        Assert.Equal($"Unable to bind to 127.0.0.1 port {port}: Address already in use", failure.Message);
    }

    [Fact]
    public void Unknown_service_name_is_refused() =>
        Assert.Contains("neither a port number nor a service name",
            Assert.Throws<DaemonStartException>(() => TcpListeners.Open("127.0.0.1", "no-such-service", backlog: 1)).Message, StringComparison.Ordinal);

    [Fact]
    public void Tcp_without_a_decision_about_authentication_is_refused_and_leaves_nothing_behind()
    {
        DaemonSettings settings = Settings with { ListenTls = false, ListenTcp = true, TcpPort = "0" };
        DaemonStartException failure = Assert.Throws<DaemonStartException>(() => ListenSockets.Open(settings, s_system, listen: true, []));
        Assert.Contains("auth_tcp is not set, and its default \"sasl\" is not supported yet; set auth_tcp = \"none\"", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Polkit_is_refused_with_place_and_fix_and_never_ignored()
    {
        DaemonSettings settings = Settings with { AuthUnixReadWrite = new(AuthType.Polkit, "/etc/x.conf:12") };
        DaemonStartException failure = Assert.Throws<DaemonStartException>(() => ListenSockets.Open(settings, s_system, listen: false, []));
        Assert.StartsWith("/etc/x.conf:12: auth_unix_rw = \"polkit\" is not supported yet; set auth_unix_rw = \"none\"", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Listening_for_tls_without_certificates_names_the_missing_file()
    {
        DaemonSettings settings = Settings with { KeyFile = "/nonexistent/k", CertificateFile = "/nonexistent/c", AuthorityFile = "/nonexistent/ca" };
        DaemonStartException failure = Assert.Throws<DaemonStartException>(() => ListenSockets.Open(settings, s_system, listen: true, []));
        Assert.StartsWith("Cannot read CA certificate '/nonexistent/ca': No such file or directory", failure.Message, StringComparison.Ordinal);
        Assert.Equal(ExitStatus.Network, failure.Status);
    }

    [Fact]
    public void Tls_files_come_all_or_none()
    {
        DaemonSettings settings = Settings with { CertificateFile = "/nonexistent/c" };
        Assert.Contains("No server key path set",
            Assert.Throws<DaemonStartException>(() => ListenSockets.Open(settings, s_system, listen: true, [])).Message, StringComparison.Ordinal);
    }
}
