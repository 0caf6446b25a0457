namespace Libvirtd.Client.Tests;

public sealed class UriTests
{
    [Theory]
    [InlineData("test+unix:///default?socket=/run/x", "test:///default", "/run/x")]
    [InlineData("test+unix:///default?socket=/run/x&foo=bar", "test:///default?foo=bar", "/run/x")]
    [InlineData("test+unix:///default?socket=/run/x&name=test:///default", "test:///default", "/run/x")]
    [InlineData("qemu+unix:///system?socket=/run/x&No_Verify=1&x=a%20b", "qemu:///system?x=a%20b", "/run/x")]
    [InlineData("qemu+unix:///?socket=/run/x", "qemu:///", "/run/x")]
    [InlineData("test+unix:?socket=/run/x", "test://", "/run/x")]
    [InlineData("remote+unix:///?socket=/run/x", "", "/run/x")]
    [InlineData("qemu+tcp://host/system", "qemu:///system", null)]
    [InlineData("qemu://user@host:1/system#part", "qemu:///system#part", null)]
    [InlineData("qemu:///system", "qemu:///system", null)]
    [InlineData("", "", null)]
    public void The_way_to_the_server_is_taken_out_of_the_name(string uri, string name, string? socket)
    {
        LibvirtUri parsed = LibvirtUri.Parse(uri);
        Assert.Equal(name, parsed.Name);
        Assert.Equal(socket, parsed.Socket);
    }

    [Theory]
    [InlineData("qemu:///system", LibvirtTransport.Unix, "", 0)]
    [InlineData("qemu+tcp://host/system", LibvirtTransport.Tcp, "host", 16509)]
    [InlineData("qemu+tcp://host:99/system", LibvirtTransport.Tcp, "host", 99)]
    [InlineData("qemu+tcp:///system", LibvirtTransport.Tcp, "localhost", 16509)]
    [InlineData("qemu+tcp://[::1]:99/system", LibvirtTransport.Tcp, "::1", 99)]
    [InlineData("qemu://host/system", LibvirtTransport.Tls, "host", 16514)]
    public void A_host_without_transport_means_TLS_and_none_a_Unix_socket(string uri, LibvirtTransport transport, string host, int port)
    {
        LibvirtUri parsed = LibvirtUri.Parse(uri);
        Assert.Equal((transport, host, port), (parsed.Transport, parsed.Host, parsed.Port));
    }

    [Theory]
    [InlineData("no uri")]
    [InlineData("qemu+ssh://host/system")]
    [InlineData("qemu+tcp://host:0/system")]
    [InlineData("qemu+tcp://host:65536/system")]
    [InlineData("qemu+tcp://host:x/system")]
    public void What_cannot_be_reached_is_refused(string uri) => Assert.Throws<FormatException>(() => LibvirtUri.Parse(uri));
}
