using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class DomainTuningTests
{
    private const DomainModificationImpact Current = DomainModificationImpact.Current;

    [Fact]
    public async Task Memory_is_set_for_the_run_or_for_the_next()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.SetMemory(Call, test, 1048576);
        Assert.Equal(1048576ul, (await host.Domains.GetInfo(Call, test)).Memory);
        Assert.Equal("Requested operation is not valid: cannot resize the maximum memory on an active domain",
            Fails(() => host.Domains.SetMaxMemory(Call, test, 1048576)).Text);
        await host.Domains.SetMemoryFlags(Call, test, 1048576, DomainMemoryModFlags.Maximum | DomainMemoryModFlags.Config);
        Assert.Contains("<memory unit='KiB'>1048576</memory>\n  <currentMemory unit='KiB'>1048576</currentMemory>",
            host.DomainXml(test, DomainXmlFlags.Inactive), StringComparison.Ordinal);
        Assert.Equal(8388608ul, await host.Domains.GetMaxMemory(Call, test));
        Assert.Equal("invalid argument: cannot set memory higher than max memory", Fails(() => host.Domains.SetMemory(Call, test, 8388609)).Text);
        Assert.Equal("Flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' are mutually exclusive",
            Fails(() => host.Domains.SetMemoryFlags(Call, test, 1, DomainMemoryModFlags.Live | DomainMemoryModFlags.Config)).Text);
    }

    [Fact]
    public async Task Live_and_config_are_refused_where_there_is_no_such_definition()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef off = host.Define("off");
        Assert.Equal("Requested operation is not valid: domain is not running", Fails(() => host.Domains.SetMemory(Call, off, 1)).Text);
        DomainRef passing = host.Start("passing");
        Assert.Equal("Requested operation is not valid: transient domains do not have any persistent config",
            Fails(() => host.Domains.SetMemoryFlags(Call, passing, 1, DomainMemoryModFlags.Config)).Text);
    }

    [Fact]
    public async Task Vcpus_come_and_go_within_their_maximum()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.SetVcpus(Call, test, 1);
        Assert.Contains("<vcpu placement='static' current='1'>2</vcpu>", host.DomainXml(test), StringComparison.Ordinal);
        Assert.Equal(1, await host.Domains.GetVcpusFlags(Call, test, DomainVcpuFlags.Live));
        Assert.Equal(2, await host.Domains.GetVcpusFlags(Call, test, DomainVcpuFlags.Config));
        Assert.Equal(2, await host.Domains.GetMaxVcpus(Call, test));
        Assert.Equal("invalid argument: requested cpu amount exceeds maximum (3 > 2)", Fails(() => host.Domains.SetVcpus(Call, test, 3)).Text);
        Assert.Equal("invalid argument: requested cpu amount exceeds maximum supported amount (33 > 32)",
            Fails(() => host.Domains.SetVcpus(Call, test, 33)).Text);
        await host.Domains.SetVcpusFlags(Call, test, 1, DomainVcpuFlags.Config);
        await host.Domains.SetVcpusFlags(Call, test, 4, DomainVcpuFlags.Config | DomainVcpuFlags.Maximum);
        Assert.Contains("<vcpu placement='static' current='1'>4</vcpu>", host.DomainXml(test, DomainXmlFlags.Inactive), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pinning_is_told_by_every_way_to_ask()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.PinVcpu(Call, test, 0, [0b110]);
        await host.Domains.PinEmulator(Call, test, [1], Current);
        string xml = host.DomainXml(test);
        Assert.Contains("  <cputune>\n    <vcpupin vcpu='0' cpuset='1-2'/>\n    <emulatorpin cpuset='0'/>\n  </cputune>\n", xml, StringComparison.Ordinal);
        DomainGetVcpuPinInfoRet pins = await host.Domains.GetVcpuPinInfo(Call, test, 2, 2, Current);
        Assert.Equal((2, "0600FFFF"), (pins.Num, Convert.ToHexString(pins.Cpumaps)));
        DomainGetVcpusRet vcpus = await host.Domains.GetVcpus(Call, test, 8, 2);
        Assert.Equal([2, 15], vcpus.Info.Select(one => one.Cpu));
        Assert.Equal([1], (await host.Domains.GetEmulatorPinInfo(Call, test, 1, Current)).Cpumaps.AsEnumerable());
        Assert.Equal("invalid argument: requested vcpu '7' is not present in the domain", Fails(() => host.Domains.PinVcpu(Call, test, 7, [1])).Text);
        Assert.Equal("invalid argument: Empty cpu list for pinning", Fails(() => host.Domains.PinEmulator(Call, test, [0], Current)).Text);
    }

    [Fact]
    public async Task Memory_limits_are_kept_and_checked()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.SetMemoryParameters(Call, test, [new("soft_limit", 1000ul)], Current);
        await host.Domains.SetMemoryParameters(Call, test, [new("hard_limit", 10ul)], Current);
        Assert.Contains("  <memtune>\n    <hard_limit unit='KiB'>10</hard_limit>\n    <soft_limit unit='KiB'>1000</soft_limit>\n  </memtune>\n",
            host.DomainXml(test), StringComparison.Ordinal);
        TypedParam[] limits = await host.Domains.GetMemoryParameters(Call, test, Current);
        Assert.Equal([10, 1000, 9007199254740991], limits.Select(one => one.Long));
        Assert.Equal("invalid argument: memory hard_limit tunable value must be lower than or equal to swap_hard_limit",
            Fails(() => host.Domains.SetMemoryParameters(Call, test, [new("swap_hard_limit", 5ul)], Current)).Text);
        Assert.Equal((ErrorCode.ArgumentUnsupported, "argument unsupported: parameter 'size' not supported"),
            Fails(() => host.Domains.SetMemoryParameters(Call, test, [new("size", 5ul)], Current)));
        Assert.Equal("invalid argument: invalid type 'int' for parameter 'soft_limit', expected 'ullong'",
            Fails(() => host.Domains.SetMemoryParameters(Call, test, [new("soft_limit", 5)], Current)).Text);
    }

    [Fact]
    public async Task Title_description_and_metadata_are_set_and_told()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.SetMetadata(Call, test, DomainMetadataType.Title, "hello", null, null, Current);
        await host.Domains.SetMetadata(Call, test, DomainMetadataType.Element, "<a b=\"1\"/>", "k", "urn:x", Current);
        Assert.Contains("  <title>hello</title>\n  <metadata>\n    <k:a xmlns:k=\"urn:x\" b=\"1\"/>\n  </metadata>\n", host.DomainXml(test), StringComparison.Ordinal);
        Assert.DoesNotContain("hello", host.DomainXml(test, DomainXmlFlags.Inactive), StringComparison.Ordinal);
        Assert.Equal("hello", await host.Domains.GetMetadata(Call, test, DomainMetadataType.Title, null, Current));
        Assert.Equal(["test metadata 1 ", "test metadata 2 urn:x"], host.TakeEvents());
        Assert.Equal((ErrorCode.NoDomainMetadata, "metadata not found: Requested metadata element is not present"),
            Fails(() => host.Domains.GetMetadata(Call, test, DomainMetadataType.Element, "urn:y", Current)));
    }

    [Fact]
    public async Task The_balloons_statistics_can_have_a_period()
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.SetMemoryStatsPeriod(Call, host.Test, 4, DomainMemoryModFlags.Current);
        Assert.Contains("    <memballoon model='virtio'>\n      <stats period='4'/>\n      <address", host.DomainXml(host.Test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_action_that_the_event_does_not_know_is_refused()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.SetLifecycleAction(Call, test, DomainLifecycle.Poweroff, DomainLifecycleAction.Restart, Current);
        await host.Domains.Shutdown(Call, test);
        Assert.Equal(DomainState.Running, host.State(test).State);
        Assert.Equal("unsupported configuration: Lifecycle event 'reboot' doesn't support 'coredump-restart' action",
            Fails(() => host.Domains.SetLifecycleAction(Call, test, DomainLifecycle.Reboot, DomainLifecycleAction.CoredumpRestart, Current)).Text);
    }

    [Fact]
    public async Task An_interface_has_its_bandwidth_until_the_average_is_zero()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.SetInterfaceParameters(Call, test, "testnet0",
            [new("inbound.average", 100u), new("inbound.peak", 200u), new("inbound.burst", 300u), new("outbound.average", 5u)], Current);
        Assert.Contains("      <bandwidth>\n        <inbound average='100' peak='200' burst='300'/>\n        <outbound average='5'/>\n      </bandwidth>\n",
            host.DomainXml(test), StringComparison.Ordinal);
        TypedParam[] values = await host.Domains.GetInterfaceParameters(Call, test, "aa:bb:cc:dd:ee:ff", Current);
        Assert.Equal([100, 200, 300, 0, 5, 0, 0], values.Select(one => one.Long));
        await host.Domains.SetInterfaceParameters(Call, test, "testnet0", [new("inbound.average", 0u)], Current);
        Assert.Contains("      <bandwidth>\n        <outbound average='5'/>\n      </bandwidth>\n", host.DomainXml(test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_numa_mode_of_a_running_domain_stays()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        Assert.Equal("unsupported configuration: nodeset for NUMA memory tuning must be set if 'placement' is 'static'",
            Fails(() => host.Domains.SetNumaParameters(Call, test, [new("numa_mode", 2)], Current)).Text);
        await host.Domains.SetNumaParameters(Call, test, [new("numa_nodeset", "0-1")], Current);
        Assert.Contains("  <numatune>\n    <memory mode='strict' nodeset='0-1'/>\n  </numatune>\n", host.DomainXml(test), StringComparison.Ordinal);
        Assert.Equal("Requested operation is not valid: can't change numatune mode for running domain",
            Fails(() => host.Domains.SetNumaParameters(Call, test, [new("numa_mode", 2)], Current)).Text);
        Assert.Equal("numa_mode=0 numa_nodeset=0-1", string.Join(' ', await host.Domains.GetNumaParameters(Call, test, Current)));
    }
}
