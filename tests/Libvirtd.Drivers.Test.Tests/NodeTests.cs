using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class NodeTests : IAsyncDisposable
{
    private const string Nehalem = "<cpu><arch>x86_64</arch><model>Nehalem</model></cpu>";

    private readonly Hypervisor _host = Hypervisor.OpenAsync().Result;

    private static FakeCall Call => Hypervisor.Call;

    private ConnectDriver Connect => _host.Connect;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Memory_of_the_machine_and_of_a_cell()
    {
        Assert.Equal(["total 6291456", "free 3145728", "buffers 98304", "cached 786432"],
            (await Connect.NodeGetMemoryStats(Call, -1, 0)).Select(static stat => $"{stat.Field} {stat.Value}"));
        Assert.Equal(["total 4194304", "free 2097152"], (await Connect.NodeGetMemoryStats(Call, 1, 0)).Select(static stat => $"{stat.Field} {stat.Value}"));
        Assert.Equal("cellNum in virHostMemGetStats must be less than or equal to 1", Hypervisor.Fails(() => _ = Connect.NodeGetMemoryStats(Call, 2, 0)).Text);
    }

    [Fact]
    public async Task Sharing_of_memory_is_changed_in_parts()
    {
        _ = Connect.NodeSetMemoryParameters(Call, [new("shm_pages_to_scan", 7u)], 0);
        TypedParam[] all = await Connect.NodeGetMemoryParameters(Call, 0);
        Assert.Equal(8, all.Length);
        Assert.Equal([new("shm_pages_to_scan", 7u), new("shm_sleep_millisecs", 20u)], all[..2]);
        Assert.Equal(ErrorCode.ArgumentUnsupported, Hypervisor.Fails(() => _ = Connect.NodeSetMemoryParameters(Call, [new("shm_full_scans", 7ul)], 0)).Code);
        Assert.Equal(ErrorCode.InvalidArg, Hypervisor.Fails(() => _ = Connect.NodeSetMemoryParameters(Call, [new("shm_pages_to_scan", 7ul)], 0)).Code);
    }

    [Fact]
    public async Task Huge_pages_take_memory_from_ordinary_ones_and_show_in_the_capabilities()
    {
        string before = await Connect.GetCapabilities(Call);
        Assert.Equal(2, await Connect.NodeAllocPages(Call, [2048], [100], -1, 2, 0));
        Assert.Equal(1, await Connect.NodeAllocPages(Call, [2048], [10], 1, 1, 0));
        string after = await Connect.GetCapabilities(Call);
        Assert.Contains("<pages unit='KiB' size='2048'>100</pages>", after, StringComparison.Ordinal);
        Assert.Contains("<pages unit='KiB' size='2048'>110</pages>", after, StringComparison.Ordinal);
        Assert.Contains("<pages unit='KiB' size='4'>473088</pages>", after, StringComparison.Ordinal);
        Assert.Equal(2, await Connect.NodeAllocPages(Call, [2048], [0], 0, 2, NodeAllocPagesFlags.Set));
        Assert.Equal(before, await Connect.GetCapabilities(Call));
    }

    [Theory]
    [InlineData(4, 1, 0, ErrorCode.OperationUnsupported)]
    [InlineData(3072, 1, 0, ErrorCode.OperationFailed)]
    [InlineData(2048, 100_000, 0, ErrorCode.OperationFailed)]
    [InlineData(2048, ulong.MaxValue, 0, ErrorCode.OperationFailed)]
    [InlineData(2048, 1, 2, ErrorCode.InternalError)]
    public void Pages_that_cannot_be_are_refused(uint size, ulong count, int cell, ErrorCode code) =>
        Assert.Equal(code, Hypervisor.Fails(() => _ = Connect.NodeAllocPages(Call, [size], [count], cell, uint.MaxValue, 0)).Code);

    [Fact]
    public async Task The_machine_rests_once_at_a_time()
    {
        VirtualClock clock = new();
        await using Hypervisor host = await Hypervisor.OpenAsync(new TestDriver(clock, new IdentitySource(1)));
        Assert.Equal("invalid argument: Suspend duration is too short", Hypervisor.Fails(() => _ = host.Connect.NodeSuspendForDuration(Call, 0, 59, 0)).Text);
        await host.Connect.NodeSuspendForDuration(Call, NodeSuspendTarget.Mem, 60, 0);
        Assert.Equal("Requested operation is not valid: Suspend operation already in progress",
            Hypervisor.Fails(() => _ = host.Connect.NodeSuspendForDuration(Call, NodeSuspendTarget.Disk, 60, 0)).Text);
        clock.Advance(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        await host.Connect.NodeSuspendForDuration(Call, NodeSuspendTarget.Hybrid, ulong.MaxValue, 0);
    }

    [Theory]
    [InlineData("<cpu><arch>x86_64</arch><model>Haswell-noTSX</model><vendor>Intel</vendor></cpu>", 1)]
    [InlineData(Nehalem, 2)]
    [InlineData("<cpu match='strict'><model>Nehalem</model></cpu>", 0)]
    [InlineData("<cpu match='exact'><model>Nehalem</model><feature policy='forbid' name='avx'/></cpu>", 0)]
    [InlineData("<cpu match='exact'><model>Haswell</model></cpu>", 0)]
    [InlineData("<cpu match='exact'><model>Haswell</model><feature policy='disable' name='hle'/><feature policy='optional' name='rtm'/></cpu>", 1)]
    [InlineData("<cpu><arch>aarch64</arch><model>x</model></cpu>", 0)]
    public async Task A_cpu_is_compared_with_the_hosts(string xml, int result)
    {
        Assert.Equal(result, await Connect.CompareCpu(Call, xml, 0));
        Assert.Equal(result, await Connect.CompareHypervisorCpu(Call, null, "i686", null, "test", xml, 0));
    }

    [Fact]
    public void The_reason_of_an_incompatible_cpu_is_told_on_request()
    {
        const string Wanted = "<cpu match='exact'><model>Haswell</model></cpu>";
        Assert.Equal((ErrorCode.CpuIncompatible, "the CPU is incompatible with host CPU: Host CPU does not provide required features: hle, rtm"),
            Hypervisor.Fails(() => _ = Connect.CompareCpu(Call, Wanted, ConnectCompareCpuFlags.FailIncompatible)));
        Assert.Equal("internal error: Unknown CPU model nope",
            Hypervisor.Fails(() => _ = Connect.CompareCpu(Call, "<cpu match='exact'><model>nope</model></cpu>", 0)).Text);
    }

    [Fact]
    public async Task The_hypervisors_baseline_leaves_out_what_cannot_migrate()
    {
        const string Cpu = "<cpu><arch>x86_64</arch><model>Nehalem</model><feature name='invtsc'/></cpu>";
        Assert.Contains("invtsc", await Connect.BaselineHypervisorCpu(Call, null, null, null, null, [Cpu], 0), StringComparison.Ordinal);
        Assert.DoesNotContain("invtsc", await Connect.BaselineHypervisorCpu(Call, null, null, null, null, [Cpu], ConnectBaselineCpuFlags.Migratable),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Capabilities_of_domains_are_those_of_the_machines_guests()
    {
        string text = await Connect.GetDomainCapabilities(Call, null, null, null, null, 0);
        Assert.Contains("<path>/usr/bin/test-hv</path>", text, StringComparison.Ordinal);
        Assert.Equal(text, await Connect.GetDomainCapabilities(Call, null, null, null, null, (ConnectGetDomainCapabilitiesFlags)1));
        Assert.Contains("<model fallback='forbid'>Haswell-noTSX</model>", text, StringComparison.Ordinal);
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: could not find capabilities for arch=x86_64 domaintype=kvm "),
            Hypervisor.Fails(() => _ = Connect.GetDomainCapabilities(Call, null, "x86_64", null, "kvm", 0)));
        Assert.Equal("invalid argument: unknown architecture: nope", Hypervisor.Fails(() => _ = Connect.GetDomainCapabilities(Call, null, "nope", null, null, 0)).Text);
    }

    [Fact]
    public async Task Pools_of_all_types_are_to_be_had()
    {
        string text = await _host.Connection.StoragePools.GetStoragePoolCapabilities(Call, 0);
        Assert.StartsWith("<storagepoolCapabilities>\n  <pool type='dir' supported='yes'>\n    <volOptions>\n      <defaultFormat type='raw'/>\n"
            + "      <enum name='targetFormatType'>\n        <value>none</value>\n        <value>raw</value>\n", text, StringComparison.Ordinal);
        Assert.Contains("  <pool type='iscsi' supported='yes'>\n  </pool>\n", text, StringComparison.Ordinal);
        Assert.Equal(14, text.Split("<pool ").Length - 1);
    }

    [Fact]
    public void A_machine_without_encrypted_memory_says_so() =>
        Assert.Equal(ErrorCode.OperationUnsupported, Hypervisor.Fails(() => _ = Connect.NodeGetSevInfo(Call, 0)).Code);
}
