using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class NetworkPartTests : IAsyncDisposable
{
    private const string Port = "<networkport><owner><name>vm</name><uuid>00000000-0000-4000-8000-000000000a11</uuid></owner><mac address='52:54:00:00:00:07'/>{0}</networkport>";

    private readonly Hypervisor _host = Hypervisor.OpenAsync().Result;

    private static FakeCall Call => Hypervisor.Call;

    private NetworkDriver Networks => _host.Connection.Networks;

    private NetworkPortDriver Ports => _host.Connection.NetworkPorts;

    private NetworkRef Default => Networks.LookupByName(Call, "default").Result;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_port_gets_its_place_and_is_gone_when_the_network_stops()
    {
        NetworkPortRef port = Create();
        Assert.Contains("<plug type='network' bridge='virbr0'/>", await Ports.GetXmlDesc(Call, port, 0), StringComparison.Ordinal);
        Assert.Equal([port], await Ports.ListAllPorts(Call, Default, 0));
        Assert.Equal(port, await Ports.LookupByUuid(Call, Default, port.Uuid));
        _ = Networks.Destroy(Call, Default);
        Assert.Equal((ErrorCode.NoNetworkPort, $"network port not found: Network port with UUID {port.Uuid} does not exist"),
            Hypervisor.Fails(() => _ = Ports.GetXmlDesc(Call, port, 0)));
        Assert.Equal("Requested operation is not valid: network 'default' is not active", Hypervisor.Fails(() => Create()).Text);
    }

    [Fact]
    public async Task A_port_with_a_place_must_be_reclaimed()
    {
        const string Placed = "<plug type='bridge' bridge='br7'/>";
        Assert.Equal("invalid argument: Port reclaim not requested but plug type is not none", Hypervisor.Fails(() => Create(Placed)).Text);
        Assert.Equal("invalid argument: Port reclaim requested but plug type is none", Hypervisor.Fails(() => Create("", NetworkPortCreateFlags.Reclaim)).Text);
        NetworkPortRef port = Create(Placed, NetworkPortCreateFlags.Reclaim);
        Assert.Contains("bridge='br7'", await Ports.GetXmlDesc(Call, port, 0), StringComparison.Ordinal);
        _ = Ports.Delete(Call, port, 0);
        Assert.Empty(await Ports.ListAllPorts(Call, Default, 0));
    }

    [Fact]
    public async Task Rates_of_a_port_are_set_and_told()
    {
        NetworkPortRef port = Create();
        Assert.Empty(await Ports.GetParameters(Call, port, 0));
        _ = Ports.SetParameters(Call, port, [new("inbound.average", 100u), new("inbound.peak", 200u), new("outbound.peak", 9u)], 0);
        Assert.Equal([new("inbound.average", 100u), new("inbound.peak", 200u), new("inbound.floor", 0u), new("inbound.burst", 0u)],
            await Ports.GetParameters(Call, port, 0));
        Assert.Contains("<inbound average='100' peak='200'/>", await Ports.GetXmlDesc(Call, port, 0), StringComparison.Ordinal);
        Assert.Equal(ErrorCode.OperationUnsupported, Hypervisor.Fails(() => _ = Ports.SetParameters(Call, port, [new("inbound.floor", 5u)], 0)).Code);
        Assert.Equal(ErrorCode.ArgumentUnsupported, Hypervisor.Fails(() => _ = Ports.SetParameters(Call, port, [new("nonsense", 5u)], 0)).Code);
    }

    [Fact]
    public async Task Metadata_is_kept_live_or_for_the_next_start()
    {
        _ = Networks.SetMetadata(Call, Default, NetworkMetadataType.Title, "here", null, null, NetworkUpdateFlags.Live);
        _ = Networks.SetMetadata(Call, Default, NetworkMetadataType.Element, "<a/>", "k", "urn:x", NetworkUpdateFlags.Config | NetworkUpdateFlags.Live);
        Assert.Equal("here", Get(NetworkMetadataType.Title));
        Assert.Equal("<a/>", Get(NetworkMetadataType.Element, "urn:x", NetworkUpdateFlags.Config));
        Assert.Equal((ErrorCode.NoNetworkMetadata, "network metadata not found: Requested metadata element is not present"),
            Hypervisor.Fails(() => Get(NetworkMetadataType.Title, null, NetworkUpdateFlags.Config)));
        Assert.Contains("<title>here</title>", await Networks.GetXmlDesc(Call, Default, 0), StringComparison.Ordinal);
        Assert.Equal(2, _host.TakeEvents().Count(static text => text == nameof(NetworkMetadataChangeEvent)));
        Assert.Equal(ErrorCode.InvalidArg, Hypervisor.Fails(() => Get((NetworkMetadataType)7)).Code);
    }

    [Fact]
    public async Task A_running_guest_has_a_lease_that_stays_the_same_and_is_renewed()
    {
        VirtualClock clock = new();
        await using Hypervisor host = await Hypervisor.OpenAsync(new TestDriver(clock, new IdentitySource(1)));
        NetworkDhcpLease first = Assert.Single(await Leases(host));
        Assert.Equal(("virbr0", "aa:bb:cc:dd:ee:ff", "test", 24u, "01:aa:bb:cc:dd:ee:ff"), (first.Iface, first.Mac, first.Hostname, first.Prefix, first.Clientid));
        Protocol.DomainInterface[] seen = await host.Domains.InterfaceAddresses(Call, host.Test, DomainInterfaceAddressesSource.Lease, 0);
        Assert.Equal(seen[0].Addrs[0].Addr, first.Ipaddr);
        Assert.InRange(first.Expirytime - clock.GetUtcNow().ToUnixTimeSeconds(), 1801, 3600);
        clock.Advance(TimeSpan.FromHours(1), TestContext.Current.CancellationToken);
        NetworkDhcpLease renewed = Assert.Single(await Leases(host));
        Assert.Equal((first.Ipaddr, first.Expirytime + 3600), (renewed.Ipaddr, renewed.Expirytime));
        _ = host.Domains.Destroy(Call, host.Test);
        Assert.Empty(await Leases(host));
    }

    [Fact]
    public async Task A_guest_that_the_network_knows_gets_its_address_and_name()
    {
        NetworkRef network = await Networks.CreateXml(Call, """
            <network><name>n</name><bridge name='br5'/>
            <ip address='10.9.0.1' prefix='16'><dhcp><range start='10.9.1.1' end='10.9.1.200'/><host mac='52:54:00:00:00:01' name='known' ip='10.9.0.2'>
            <lease expiry='0'/></host></dhcp></ip></network>
            """);
        for (int i = 1; i <= 3; i++)
        {
            string link = i == 3 ? "<link state='down'/>" : "";
            DomainRef guest = _host.Define($"g{i}",
                devices: $"<interface type='network'><mac address='52:54:00:00:00:0{i}'/><source network='n'/>{link}</interface>");
            await _host.Domains.Create(Call, guest);
        }

        NetworkDhcpLease[] leases = await Networks.GetDhcpLeases(Call, network, null, 0);
        Assert.Equal([("10.9.0.2", "known"), ("10.9.1.42", "g2")], leases.Select(static lease => (lease.Ipaddr, lease.Hostname!)));
        Assert.Equal(0, leases[0].Expirytime);
        Assert.Equal("10.9.1.42", Assert.Single(await Networks.GetDhcpLeases(Call, network, "52:54:00:00:00:02", 0)).Ipaddr);
        Assert.Equal(ErrorCode.InvalidMac, Hypervisor.Fails(() => _ = Networks.GetDhcpLeases(Call, network, "nope", 0)).Code);
    }

    private static async Task<NetworkDhcpLease[]> Leases(Hypervisor host) =>
        await host.Connection.Networks.GetDhcpLeases(Call, await host.Connection.Networks.LookupByName(Call, "default"), null, 0);

    private string Get(NetworkMetadataType type, string? uri = null, NetworkUpdateFlags flags = 0) => Networks.GetMetadata(Call, Default, type, uri, flags).Result;

    private NetworkPortRef Create(string more = "", NetworkPortCreateFlags flags = 0) =>
        Ports.CreateXml(Call, Default, Port.Replace("{0}", more, StringComparison.Ordinal), flags).Result;
}
