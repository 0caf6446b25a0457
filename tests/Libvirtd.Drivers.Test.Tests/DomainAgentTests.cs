using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Impact = Libvirtd.Protocol.DomainModificationImpact;
using KeyFlags = Libvirtd.Protocol.DomainAuthorizedSshKeysSetFlags;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class DomainAgentTests
{
    [Fact]
    public async Task Every_group_of_guest_information_agrees_with_the_single_calls()
    {
        await using Hypervisor host = await OpenAsync();
        Dictionary<string, TypedParam> info = (await host.Domains.GetGuestInfo(Call, host.Test, 0, 0)).ToDictionary(static one => one.Field);
        DomainFsinfo[] systems = (await host.Domains.GetFsinfo(Call, host.Test, 0)).Info;
        Assert.Equal(await host.Domains.GetHostname(Call, host.Test, 0), info["hostname"].Text);
        Assert.Equal((uint)systems.Length, info["fs.count"].UInt);
        Assert.Equal((systems[1].Name, systems[1].Mountpoint), (info["fs.1.name"].Text, info["fs.1.mountpoint"].Text));
        Assert.Equal("192.168.122.3", info["if.0.addr.0.addr"].Text);
        Assert.Equal(("root", "debian", 0, "/dev/vda"),
            (info["user.0.name"].Text, info["os.id"].Text, info["timezone.offset"].Int, info["disk.0.name"].Text));
        Assert.Equal(["hostname"], (await host.Domains.GetGuestInfo(Call, host.Test, DomainGuestInfoTypes.Hostname, 0)).Select(static one => one.Field));
        Assert.Equal("invalid argument: unsupported guest information types '0x100'",
            Fails(() => host.Domains.GetGuestInfo(Call, host.Test, (DomainGuestInfoTypes)0x100, 0)).Text);
        Assert.Equal("Requested operation is not valid: domain is not running",
            Fails(() => host.Domains.GetGuestInfo(Call, host.Define("off"), 0, 0)).Text);
    }

    [Fact]
    public async Task A_guest_leaves_cpus_unused_until_the_next_start()
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.SetGuestVcpus(Call, host.Test, "1", 0, 0);
        Assert.Equal(["0-1", "0", "1"], (await host.Domains.GetGuestVcpus(Call, host.Test, 0)).Select(static one => one.Text));
        Assert.Equal("Operation not supported: vCPU '0' is not offlinable", Fails(() => host.Domains.SetGuestVcpus(Call, host.Test, "0", 0, 0)).Text);
        Assert.Equal("invalid argument: guest is missing vCPUs '2,5'", Fails(() => host.Domains.SetGuestVcpus(Call, host.Test, "1-2,5", 1, 0)).Text);
        Assert.Equal("invalid argument: Failed to parse bitmap 'x'", Fails(() => host.Domains.SetGuestVcpus(Call, host.Test, "x", 1, 0)).Text);
        await host.Domains.Destroy(Call, host.Test);
        await host.Domains.Create(Call, host.Test);
        Assert.Equal("0-1", (await host.Domains.GetGuestVcpus(Call, host.Test, 0))[1].Text);
    }

    [Fact]
    public async Task Keys_are_set_added_and_removed_for_each_user()
    {
        await using Hypervisor host = await OpenAsync();
        DomainDriver domains = host.Domains;
        await domains.AuthorizedSshKeysSet(Call, host.Test, "root", ["a", "b"], 0);
        await domains.AuthorizedSshKeysSet(Call, host.Test, "root", ["c", "a"], KeyFlags.Append);
        await domains.AuthorizedSshKeysSet(Call, host.Test, "root", ["b"], KeyFlags.Remove);
        Assert.Equal(["a", "c"], await domains.AuthorizedSshKeysGet(Call, host.Test, "root", 0));
        Assert.Empty(await domains.AuthorizedSshKeysGet(Call, host.Test, "joe", 0));
        await domains.Destroy(Call, host.Test);
        await domains.Create(Call, host.Test);
        Assert.Equal(["a", "c"], await domains.AuthorizedSshKeysGet(Call, host.Test, "root", 0));
        Assert.Equal(ErrorCode.InvalidArg, Fails(() => domains.AuthorizedSshKeysSet(Call, host.Test, "root", [], KeyFlags.Append)).Code);
        await domains.AuthorizedSshKeysSet(Call, host.Test, "root", [], 0);
        Assert.Empty(await domains.AuthorizedSshKeysGet(Call, host.Test, "root", 0));
    }

    [Fact]
    public async Task An_agent_is_waited_for_no_shorter_than_for_ever()
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal(0, await host.Domains.AgentSetResponseTimeout(Call, host.Test, -2, 0));
        Assert.Equal("invalid argument: guest agent timeout '-3' is less than the minimum '-2'",
            Fails(() => host.Domains.AgentSetResponseTimeout(Call, host.Test, -3, 0)).Text);
    }

    [Fact]
    public async Task A_guest_sleeps_and_wakes()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        host.TakeEvents();
        await host.Domains.PmSuspendForDuration(Call, test, NodeSuspendTarget.Mem, 0, 0);
        Assert.Equal((DomainState.Pmsuspended, 0), host.State(test));
        await host.Domains.PmWakeup(Call, test, 0);
        Assert.Equal((DomainState.Running, (int)DomainRunningReason.Wakeup), host.State(test));
        Assert.Equal(["DomainPmsuspendEvent", "test Pmsuspended 0", "DomainPmwakeupEvent", "test Started 4"], host.TakeEvents());
        Assert.Equal(ErrorCode.InternalError, Fails(() => host.Domains.PmWakeup(Call, test, 0)).Code);
        Assert.Equal("argument unsupported: Duration not supported. Use 0 for now",
            Fails(() => host.Domains.PmSuspendForDuration(Call, test, NodeSuspendTarget.Mem, 5, 0)).Text);
        await host.Domains.PmSuspendForDuration(Call, test, NodeSuspendTarget.Disk, 0, 0);
        Assert.Equal(["DomainPmsuspendDiskEvent", "test Pmsuspended 1", "test Stopped 0"], host.TakeEvents());
        DomainRef awake = host.Start("awake", "<pm><suspend-to-mem enabled='no'/></pm>");
        Assert.Equal("internal error: S3 state is disabled for this domain",
            Fails(() => host.Domains.PmSuspendForDuration(Call, awake, NodeSuspendTarget.Hybrid, 0, 0)).Text);
    }

    [Fact]
    public async Task A_dirty_rate_is_told_when_its_period_is_over()
    {
        await using Hypervisor host = await OpenAsync(uri: "test:///default");
        Assert.Equal("unsupported configuration: seconds=61 is invalid, please choose value within [1, 60].",
            Fails(() => host.Domains.StartDirtyRateCalc(Call, host.Test, 61, 0)).Text);
        Assert.Equal(ErrorCode.OperationUnsupported,
            Fails(() => host.Domains.StartDirtyRateCalc(Call, host.Test, 1, DomainDirtyRateCalcFlags.DirtyRing)).Code);
        await host.Domains.StartDirtyRateCalc(Call, host.Test, 60, DomainDirtyRateCalcFlags.DirtyBitmap);
        TypedParam[] stats = (await host.Domains.GetAllDomainStats(Call, [host.Test], DomainStatsTypes.Dirtyrate, 0))[0].Params;
        Assert.Equal(["1", "60", "dirty-bitmap"], [stats[0].Int.ToString(), stats[2].Int.ToString(), stats[3].Text]);
        Assert.Equal(4, stats.Length);
    }

    [Fact]
    public async Task Cpus_are_switched_one_by_one()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef dom = await host.Domains.DefineXml(Call, Xml("cpus").Replace("<vcpu>2<", "<vcpu current='2'>4<", StringComparison.Ordinal));
        await host.Domains.SetVcpu(Call, dom, "3", 1, Impact.Config);
        Assert.Contains("<vcpu placement='static' current='3'>4</vcpu>\n  <vcpus>\n    <vcpu id='0' enabled='yes' hotpluggable='no'/>", host.DomainXml(dom),
            StringComparison.Ordinal);
        Assert.Contains("<vcpu id='2' enabled='no' hotpluggable='yes'/>\n    <vcpu id='3' enabled='yes' hotpluggable='yes'/>", host.DomainXml(dom),
            StringComparison.Ordinal);
        await host.Domains.Create(Call, dom);
        Assert.Equal("invalid argument: vcpu '1' can't be hotunplugged", Fails(() => host.Domains.SetVcpu(Call, dom, "1", 0, Impact.Live)).Text);
        Assert.Equal("invalid argument: vcpu '3' is already in requested state", Fails(() => host.Domains.SetVcpu(Call, dom, "3", 1, Impact.Live)).Text);
        await host.Domains.SetVcpu(Call, dom, "3", 0, Impact.Live | Impact.Config);
        Assert.Equal(2, await host.Domains.GetVcpusFlags(Call, dom, DomainVcpuFlags.Live));
        Assert.Equal("invalid argument: vcpu 4 is not present in live config", Fails(() => host.Domains.SetVcpu(Call, dom, "4", 1, Impact.Live)).Text);
        Assert.Equal("invalid argument: vCPU '0' can't be modified", Fails(() => host.Domains.SetVcpu(Call, dom, "0", 0, Impact.Config)).Text);
        await host.Domains.SetVcpusFlags(Call, dom, 4, DomainVcpuFlags.Live);
        Assert.DoesNotContain("enabled='no'", host.DomainXml(dom), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Throttle_groups_are_kept_by_their_names()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.SetThrottleGroup(Call, test, "slow", [new("total_bytes_sec", 5ul), new("total_bytes_sec_max", 5ul)], Impact.Live);
        await host.Domains.SetThrottleGroup(Call, test, "slow", [new("total_bytes_sec", 4ul)], Impact.Live);
        Assert.Contains("<total_bytes_sec>4</total_bytes_sec>", host.DomainXml(test), StringComparison.Ordinal);
        Assert.Equal("invalid argument: throttlegroup 'fast' was not found in the domain config",
            Fails(() => host.Domains.DelThrottleGroup(Call, test, "fast", Impact.Live)).Text);
        await host.Domains.SetThrottleGroup(Call, test, "free", [new("read_iops_sec", 4ul)], Impact.Live); // a limit needs no maximum
        await host.Domains.AttachDeviceFlags(Call, test, "<disk type='file'><source file='/x'/><target dev='vdx'/><throttlefilters><throttlefilter group='free'/>"
            + "</throttlefilters></disk>", DomainDeviceModifyFlags.Live);
        Assert.Equal("Requested operation is not valid: throttlegroup 'free' is still being used by disk vdx",
            Fails(() => host.Domains.DelThrottleGroup(Call, test, "free", Impact.Live)).Text);
        await host.Domains.DetachDeviceFlags(Call, test, "<disk type='file'><source file='/x'/><target dev='vdx'/></disk>", DomainDeviceModifyFlags.Live);
        await host.Domains.DelThrottleGroup(Call, test, "free", Impact.Live);
        await host.Domains.DelThrottleGroup(Call, test, "slow", Impact.Live);
        Assert.DoesNotContain("throttle", host.DomainXml(test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_managed_save_image_has_a_document_that_can_be_changed()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        Assert.Equal("Requested operation is not valid: domain does not have managed save image",
            Fails(() => host.Domains.ManagedSaveGetXmlDesc(Call, test, 0)).Text);
        await host.Domains.SaveParams(Call, test, [], 0);
        string xml = await host.Domains.ManagedSaveGetXmlDesc(Call, test, 0);
        await host.Domains.ManagedSaveDefineXml(Call, test, xml.Replace("diskimage1", "diskimage2", StringComparison.Ordinal), 0);
        Assert.Contains("diskimage2", await host.Domains.ManagedSaveGetXmlDesc(Call, test, 0), StringComparison.Ordinal);
        Assert.Equal("unsupported configuration: Target domain name 'other' does not match source 'test'",
            Fails(() => host.Domains.ManagedSaveDefineXml(Call, test, xml.Replace("<name>test<", "<name>other<", StringComparison.Ordinal), 0)).Text);
        Assert.Equal("invalid argument: missing path to restore from", Fails(() => host.Domains.RestoreParams(Call, [], 0)).Text);
    }

    [Fact]
    public async Task Starting_once_is_for_those_that_last()
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.SetAutostartOnce(Call, host.Test, 1);
        Assert.True(await host.Domains.GetAutostartOnce(Call, host.Test));
        Assert.False(await host.Domains.GetAutostart(Call, host.Test));
        Assert.Equal("Requested operation is not valid: cannot set autostart for transient domain",
            Fails(() => host.Domains.SetAutostartOnce(Call, host.Start("passing"), 1)).Text);
    }

    [Fact]
    public async Task A_secret_goes_only_to_a_guest_that_can_keep_it()
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal("Operation not supported: setting a launch secret is only supported in SEV-enabled domains",
            Fails(() => host.Domains.SetLaunchSecurityState(Call, host.Test, [], 0)).Text);
        DomainRef dom = host.Start("sev", "<launchSecurity type='sev'><policy>0x1</policy><cbitpos>47</cbitpos><reducedPhysBits>1</reducedPhysBits></launchSecurity>");
        TypedParam[] secret = [new("sev-secret-header", "a"), new("sev-secret", "b")];
        Assert.Equal("internal error: Both secret and the secret header are required",
            Fails(() => host.Domains.SetLaunchSecurityState(Call, dom, [], 0)).Text);
        Assert.Equal("Requested operation is not valid: domain must be in a paused state",
            Fails(() => host.Domains.SetLaunchSecurityState(Call, dom, secret, 0)).Text);
        await host.Domains.Suspend(Call, dom);
        await host.Domains.SetLaunchSecurityState(Call, dom, secret, 0);
    }

    [Fact]
    public async Task An_interface_announces_itself_if_it_is_there()
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.AnnounceInterface(Call, host.Test, null, [], 0);
        await host.Domains.AnnounceInterface(Call, host.Test, "testnet0", [], 0);
        Assert.Equal("invalid argument: 'vnet9' is not a known interface", Fails(() => host.Domains.AnnounceInterface(Call, host.Test, "vnet9", [], 0)).Text);
        DomainGetSecurityLabelListRet labels = await host.Domains.GetSecurityLabelList(Call, host.Test);
        Assert.Equal((1, 1), (labels.Ret, labels.Labels[0].Enforcing));
    }

    [Fact]
    public async Task A_silent_agent_answers_nothing_and_everything_else_does()
    {
        await using Hypervisor host = await OpenAsync();
        host.Command("agent-stop");
        Assert.Equal(ErrorCode.AgentUnresponsive, Fails(() => host.Domains.GetGuestInfo(Call, host.Test, 0, 0)).Code);
        Assert.Equal(ErrorCode.AgentUnresponsive, Fails(() => host.Domains.AuthorizedSshKeysGet(Call, host.Test, "root", 0)).Code);
        Assert.Equal(ErrorCode.AgentUnresponsive,
            Fails(() => host.Domains.InterfaceAddresses(Call, host.Test, DomainInterfaceAddressesSource.Agent, 0)).Code);
        Assert.Single(await host.Domains.InterfaceAddresses(Call, host.Test, DomainInterfaceAddressesSource.Lease, 0));
    }
}
