using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Daemon.Sockets;

namespace Libvirtd.Daemon.Tests;

public class SocketActivationTests
{
    private static IReadOnlyList<ActivatedSocket> Read(string? pid, string? count, string? names) =>
        SocketActivation.Read(name => name switch { "LISTEN_PID" => pid, "LISTEN_FDS" => count, "LISTEN_FDNAMES" => names, _ => null }, 42);

    [Fact]
    public void Names_say_what_the_descriptors_serve() => Assert.Equal(
        [
            new(3, "libvirtd.socket", ServiceKind.Unix), new(4, "libvirtd-ro.socket", ServiceKind.UnixReadOnly),
            new(5, "libvirtd-tcp.socket", ServiceKind.Tcp), new(6, "libvirtd-tcp.socket", ServiceKind.Tcp),
        ],
        Read("42", "4", "libvirtd.socket:libvirtd-ro.socket:libvirtd-tcp.socket:libvirtd-tcp.socket"));

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("41", "1", "libvirtd.socket")]
    [InlineData("42", null, null)]
    [InlineData("42", "0", null)]
    public void Sockets_for_nobody_or_another_process_are_none(string? pid, string? count, string? names) => Assert.Empty(Read(pid, count, names));

    [Theory]
    [InlineData("1", null, "without LISTEN_FDNAMES")]
    [InlineData("2", "libvirtd.socket", "announces 2 sockets, LISTEN_FDNAMES names 1")]
    [InlineData("1", "virtqemud.socket", "'virtqemud.socket' is unknown")]
    [InlineData("x", "libvirtd.socket", "is not a number")]
    [InlineData("1000000", "libvirtd.socket", "is not a number from 0 to 256")]
    public void Contradictions_stop_the_start(string count, string? names, string reason) =>
        Assert.Contains(reason, Assert.Throws<DaemonStartException>(() => Read("42", count, names)).Message, StringComparison.Ordinal);

    [Fact]
    public void Listen_option_does_not_go_with_activation() =>
        Assert.StartsWith("--listen parameter not permitted with systemd activation sockets", Assert.Throws<DaemonStartException>(() =>
            ListenSockets.Open(new DaemonSettings(), DaemonPaths.Of(true, _ => null), listen: true, [new(3, "libvirtd.socket", ServiceKind.Unix)])).Message, StringComparison.Ordinal);
}
