using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Flags = Libvirtd.Protocol.ConnectGetAllDomainStatsFlags;
using Groups = Libvirtd.Protocol.DomainStatsTypes;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class DomainStatsTests
{
    private const Groups Every = (Groups)0x7ff;

    private static async Task<Dictionary<string, string>> StatsAsync(Hypervisor host, DomainRef dom, Groups groups, Flags flags = 0)
    {
        DomainStatsRecord record = Assert.Single(await host.Domains.GetAllDomainStats(Call, [dom], groups, flags));
        return record.Params.ToDictionary(static one => one.Field, static one => one.Type == TypedParameterType.String ? one.Text : one.Long.ToString());
    }

    [Fact]
    public async Task Without_a_group_there_is_what_upstreams_driver_tells()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = host.Define("threads", "<iothreads>2</iothreads>");
        Assert.Equal(["state.state", "state.reason"], (await StatsAsync(host, dom, 0)).Keys);
        await host.Domains.Create(Call, dom);
        await host.Domains.SetIothreadParams(Call, dom, 2, [new("poll_grow", 3u)], DomainModificationImpact.Live);
        Dictionary<string, string> stats = await StatsAsync(host, dom, 0);
        Assert.Equal(("2", "32768", "3"), (stats["iothread.count"], stats["iothread.1.poll-max-ns"], stats["iothread.2.poll-grow"]));
        DomainStatsRecord[] all = await host.Domains.GetAllDomainStats(Call, [], 0, 0);
        Assert.Equal([2, 9], all.Select(static one => one.Params.Length));
        await host.Domains.SetIothreadParams(Call, dom, 2, [new("poll_grow", 4u)], DomainModificationImpact.Live);
        all = await host.Domains.GetAllDomainStats(Call, [], 0, 0);
        Assert.Equal(4u, all[1].Params[7].UInt);
        Assert.Equal([2, 2], (await host.Domains.GetAllDomainStats(Call, [], Groups.State, 0)).Select(static one => one.Params.Length));
    }

    [Fact]
    public async Task Every_group_has_its_figures()
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.SetPerfEvents(Call, host.Test, [new("cmt", true)], DomainModificationImpact.Current);
        Dictionary<string, string> stats = await StatsAsync(host, host.Test, Every, Flags.EnforceStats);
        foreach (string name in (string[])["cpu.time", "balloon.current", "vcpu.1.time", "net.0.rx.bytes", "block.0.rd.reqs", "perf.cmt",
            "dirtyrate.calc_status", "vm.remote_tlb_flush.sum"])
        {
            Assert.Contains(name, stats.Keys);
        }

        Assert.Equal(("1", "testnet0", "vda", "/guest/diskimage1"),
            (stats["net.count"], stats["net.0.name"], stats["block.0.name"], stats["block.0.path"]));
        Assert.Equal("argument unsupported: Stats types bits 0x800 are not supported by this daemon",
            Fails(() => host.Domains.GetAllDomainStats(Call, [], Every | (Groups)0x800, Flags.EnforceStats)).Text);
    }

    [Fact]
    public async Task A_domain_that_does_not_run_tells_what_it_is_made_of()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = host.Define("off", devices: "<disk type='file'><source file='/a'/><target dev='vda'/></disk>");
        Dictionary<string, string> stats = await StatsAsync(host, dom, Every);
        Assert.Equal("state.state state.reason balloon.current balloon.maximum vcpu.current vcpu.maximum block.count block.0.name block.0.path "
            + "block.0.allocation block.0.capacity block.0.physical", string.Join(' ', stats.Keys));
    }

    [Fact]
    public async Task A_chain_is_told_image_by_image_when_asked_for()
    {
        const string Chain = "<disk type='file'><source file='/top'/><backingStore type='file'><format type='raw'/><source file='/base'/></backingStore>"
            + "<target dev='vda'/></disk><disk type='file'><source file='/other'/><target dev='vdb'/></disk>";
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = host.Define("chain", devices: Chain);
        Assert.Equal("2", (await StatsAsync(host, dom, Groups.Block))["block.count"]);
        Dictionary<string, string> stats = await StatsAsync(host, dom, Groups.Block, Flags.Backing);
        Assert.Equal(("3", "/top", "/base", "vda", "vdb"),
            (stats["block.count"], stats["block.0.path"], stats["block.1.path"], stats["block.1.name"], stats["block.2.name"]));
    }

    [Fact]
    public async Task A_disks_figures_are_those_of_the_old_call_and_more()
    {
        await using Hypervisor host = await OpenAsync();
        TypedParam[] figures = await host.Domains.BlockStatsFlags(Call, host.Test, "vda", 0);
        Assert.Equal("rd_bytes rd_operations rd_total_times wr_bytes wr_operations wr_total_times flush_operations flush_total_times errs",
            string.Join(' ', figures.Select(static one => one.Field)));
        Assert.Equal("invalid argument: invalid path: vdz", Fails(() => host.Domains.BlockStatsFlags(Call, host.Test, "vdz", 0)).Text);
    }
}
