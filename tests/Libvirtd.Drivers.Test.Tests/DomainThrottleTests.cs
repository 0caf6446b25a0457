using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Impact = Libvirtd.Protocol.DomainModificationImpact;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class DomainThrottleTests
{
    [Fact]
    public async Task Limits_of_a_disk_are_kept_in_the_definition_that_is_meant()
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.SetBlockIoTune(Call, host.Test, "vda", [new("total_bytes_sec", 5ul), new("total_bytes_sec_max", 6ul)], Impact.Live);
        await host.Domains.SetBlockIoTune(Call, host.Test, "/guest/diskimage1", [new("group_name", "all")], Impact.Config);
        TypedParam[] live = await host.Domains.GetBlockIoTune(Call, host.Test, "vda", Impact.Live);
        TypedParam[] config = await host.Domains.GetBlockIoTune(Call, host.Test, "vda", Impact.Config);
        Assert.Equal((20, 5ul, 6ul, ""), (live.Length, live[0].ULong, live[6].ULong, live[13].Text));
        Assert.Equal((0ul, "all"), (config[0].ULong, config[13].Text));
        Assert.Contains("<iotune>\n        <group_name>all</group_name>\n      </iotune>", host.DomainXml(host.Test, DomainXmlFlags.Inactive),
            StringComparison.Ordinal);
        await host.Domains.SetBlockIoTune(Call, host.Test, "vda", [new("total_bytes_sec", 0ul), new("total_bytes_sec_max", 0ul)], Impact.Live);
        Assert.DoesNotContain("iotune", host.DomainXml(host.Test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_that_contradict_each_other_change_nothing()
    {
        await using Hypervisor host = await OpenAsync();
        string before = host.DomainXml(host.Test);
        Assert.Equal("invalid argument: total and read/write of iops_sec cannot be set at the same time",
            Fails(() => host.Domains.SetBlockIoTune(Call, host.Test, "vda", [new("total_iops_sec", 1ul), new("read_iops_sec", 1ul)], 0)).Text);
        Assert.Equal("invalid argument: read_iops_sec cannot be set higher than read_iops_sec_max ",
            Fails(() => host.Domains.SetBlockIoTune(Call, host.Test, "vda", [new("read_iops_sec", 2ul), new("read_iops_sec_max", 1ul)], 0)).Text);
        Assert.Equal(ErrorCode.ArgumentUnsupported,
            Fails(() => host.Domains.SetBlockIoTune(Call, host.Test, "vda", [new("size_iops_sec", 1000000000000001ul)], 0)).Code);
        Assert.Equal(before, host.DomainXml(host.Test));
    }

    [Fact]
    public async Task One_bad_weight_does_not_lose_the_others()
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal("invalid argument: invalid value 'x,b,2' for parameter 'device_read_iops_sec' of device 'a'",
            Fails(() => host.Domains.SetBlkioParameters(Call, host.Test, [new("device_read_iops_sec", "a,x,b,2"), new("weight", 300u)], 0)).Text);
        await host.Domains.SetBlkioParameters(Call, host.Test, [new("device_write_bytes_sec", "/dev/sda,18446744073709551615")], 0);
        TypedParam[] all = await host.Domains.GetBlkioParameters(Call, host.Test, 0);
        Assert.Equal(300u, all[0].UInt);
        Assert.Equal("/dev/sda,18446744073709551615", all[5].Text);
        await host.Domains.SetBlkioParameters(Call, host.Test, [new("device_write_bytes_sec", "/dev/sda,0"), new("weight", 0u)], 0);
        Assert.DoesNotContain("blkiotune", host.DomainXml(host.Test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Threads_come_and_go_and_are_pinned()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = host.Define("threads", "<iothreads>2</iothreads>",
            "<disk type='file'><driver iothread='1'/><source file='/a'/><target dev='vda'/></disk>");
        await host.Domains.AddIothread(Call, dom, 7, Impact.Config);
        await host.Domains.PinIothread(Call, dom, 7, [0b10], Impact.Config);
        DomainGetIothreadInfoRet threads = await host.Domains.GetIothreadInfo(Call, dom, Impact.Config);
        Assert.Equal([(1u, "03"), (2u, "03"), (7u, "02")], threads.Info.Select(static one => (one.IothreadId, Convert.ToHexString(one.Cpumap))));
        Assert.Contains("<iothreads>3</iothreads>\n  <iothreadids>\n    <iothread id='1'/>\n    <iothread id='2'/>\n    <iothread id='7'/>",
            host.DomainXml(dom), StringComparison.Ordinal);
        Assert.Equal("invalid argument: cannot remove IOThread 1 since it is being used by disk 'vda'",
            Fails(() => host.Domains.DelIothread(Call, dom, 1, Impact.Config)).Text);
        await host.Domains.DelIothread(Call, dom, 7, Impact.Config);
        Assert.DoesNotContain("iothreadpin", host.DomainXml(dom), StringComparison.Ordinal);
        Assert.Equal("invalid argument: cannot find IOThread '7' in iothreadids list", Fails(() => host.Domains.DelIothread(Call, dom, 7, 0)).Text);
    }

    [Fact]
    public async Task A_billion_threads_are_too_many_to_tell()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = host.Define("many", "<iothreads>1000000000</iothreads>");
        Assert.Equal(ErrorCode.Rpc, Fails(() => host.Domains.GetIothreadInfo(Call, dom, Impact.Config)).Code);
    }

    [Fact]
    public async Task Addresses_follow_from_network_id_and_place()
    {
        const string Nets = "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface>"
            + "<interface type='bridge'><mac address='52:54:00:00:00:02'/><source bridge='br0'/></interface>";
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = host.Define("nets", devices: Nets);
        Assert.Equal(ErrorCode.OperationInvalid, Fails(() => host.Domains.InterfaceAddresses(Call, dom, 0, 0)).Code);
        await host.Domains.Create(Call, dom);
        DomainInterface[] found = await host.Domains.InterfaceAddresses(Call, dom, DomainInterfaceAddressesSource.Lease, 0);
        Assert.Equal(["testnet0 192.168.122.23/24", "testnet1 192.168.0.2/24"],
            found.Select(static one => $"{one.Name} {one.Addrs[0].Addr}/{one.Addrs[0].Prefix}"));
        Assert.Equal("argument unsupported: Unknown IP address data source 9",
            Fails(() => host.Domains.InterfaceAddresses(Call, dom, (DomainInterfaceAddressesSource)9, 0)).Text);
    }
}
