using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class DomainLifecycleTests
{
    [Fact]
    public async Task The_default_host_runs_its_domain()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        Assert.Equal(1, test.Id);
        Assert.Equal(Guid.Parse("6695eb01-f6a4-8304-79aa-97f2502e193f"), test.Uuid);
        Assert.Equal((DomainState.Running, 0), host.State(test));
        DomainGetInfoRet info = await host.Domains.GetInfo(Call, test);
        Assert.Equal((8388608ul, 2097152ul, (ushort)2), (info.MaxMem, info.Memory, info.NrVirtCpu));
        Assert.Contains("<target dev='testnet0'/>", host.DomainXml(test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pausing_and_resuming_tells_and_refuses_what_does_not_fit()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        Assert.Equal((ErrorCode.InternalError, "internal error: domain 'test' not paused"), Fails(() => host.Domains.Resume(Call, test)));
        await host.Domains.Suspend(Call, test);
        Assert.Equal((DomainState.Paused, 1), host.State(test));
        Assert.Equal((ErrorCode.InternalError, "internal error: domain 'test' not running"), Fails(() => host.Domains.Suspend(Call, test)));
        await host.Domains.Resume(Call, test);
        Assert.Equal((DomainState.Running, 5), host.State(test));
        Assert.Equal(["test Suspended 0", "test Resumed 0"], host.TakeEvents());
    }

    [Fact]
    public async Task A_persistent_domain_stops_and_starts_under_the_next_id()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.Destroy(Call, test);
        Assert.Equal(-1, host.Test.Id);
        Assert.Equal((DomainState.Shutoff, 2), host.State(test));
        Assert.Equal((ErrorCode.OperationInvalid, "Requested operation is not valid: domain is not running"),
            Fails(() => host.Domains.Destroy(Call, test)));
        await host.Domains.Create(Call, test);
        Assert.Equal(2, host.Test.Id);
        Assert.Equal((DomainState.Running, 1), host.State(test));
        Assert.Equal("test", (await host.Domains.LookupById(Call, 2)).Name);
        Assert.Equal((ErrorCode.NoDomain, "Domain not found"), Fails(() => host.Domains.LookupById(Call, 1)));
        Assert.Equal(["test Stopped 1", "test Started 0"], host.TakeEvents());
    }

    [Fact]
    public async Task A_transient_domain_is_gone_when_it_stops()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef guest = host.Start("guest");
        Assert.False(await host.Domains.IsPersistent(Call, guest));
        await host.Domains.Shutdown(Call, guest);
        Assert.Equal((ErrorCode.NoDomain, $"Domain not found: no domain with matching uuid '{guest.Uuid}' (guest)"),
            Fails(() => host.Domains.GetInfo(Call, guest)));
        Assert.Equal(["guest Started 0", "guest Stopped 0"], host.TakeEvents());
    }

    [Theory]
    [InlineData("destroy", DomainState.Shutoff)]
    [InlineData("preserve", DomainState.Shutoff)]
    [InlineData("restart", DomainState.Running)]
    [InlineData("rename-restart", DomainState.Running)]
    public async Task What_follows_a_shutdown_is_the_definitions_to_say(string action, DomainState state)
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef guest = host.Define("guest", $"<on_poweroff>{action}</on_poweroff>");
        await host.Domains.Create(Call, guest);
        await host.Domains.Shutdown(Call, guest);
        Assert.Equal(state, host.State(guest).State);
    }

    [Fact]
    public async Task A_reboot_leaves_the_domain_running_and_tells_nothing()
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.Reboot(Call, host.Test, DomainRebootFlagValues.Default);
        await host.Domains.Reset(Call, host.Test, 0);
        Assert.Equal((DomainState.Running, 1), host.State(host.Test));
        Assert.Empty(host.TakeEvents());
    }

    [Fact]
    public async Task Defining_adds_updates_and_undefining_removes()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef guest = host.Define("guest");
        await host.Domains.DefineXml(Call, Xml("guest", guest.Uuid.ToString()));
        await host.Domains.Undefine(Call, guest);
        Assert.Equal(["guest Defined 0", "guest Defined 1", "guest Undefined 0"], host.TakeEvents());
        Assert.Equal((ErrorCode.NoDomain, "Domain not found"), Fails(() => host.Find("guest")));
    }

    [Fact]
    public async Task Undefining_a_running_domain_makes_it_transient()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.Undefine(Call, test);
        Assert.False(await host.Domains.IsPersistent(Call, test));
        Assert.True(await host.Domains.IsActive(Call, test));
        await host.Domains.Destroy(Call, test);
        Assert.Equal(0, await host.Domains.NumOfDefinedDomains(Call));
    }

    [Fact]
    public async Task Names_and_uuids_belong_to_one_domain()
    {
        await using Hypervisor host = await OpenAsync();
        string uuid = host.Test.Uuid.ToString();
        Assert.Equal((ErrorCode.OperationFailed, $"operation failed: domain 'test' is already defined with uuid {uuid}"),
            Fails(() => host.Domains.DefineXml(Call, Xml("other", uuid))));
        Assert.Equal((ErrorCode.OperationFailed, $"operation failed: domain 'test' already exists with uuid {uuid}"), Fails(() => host.Define("test")));
        Assert.Equal((ErrorCode.OperationInvalid, "Requested operation is not valid: domain 'test' is already active"),
            Fails(() => host.Domains.CreateXml(Call, Xml("test", uuid), DomainCreateFlags.None)));
    }

    [Fact]
    public async Task A_new_definition_of_a_running_domain_waits_for_its_next_start()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        await host.Domains.DefineXml(Call, Xml("test", test.Uuid.ToString()));
        Assert.Contains("8388608", host.DomainXml(test), StringComparison.Ordinal);
        Assert.Contains("<memory unit='KiB'>1024</memory>", host.DomainXml(test, DomainXmlFlags.Inactive), StringComparison.Ordinal);
        await host.Domains.Destroy(Call, test);
        Assert.Contains("<memory unit='KiB'>1024</memory>", host.DomainXml(test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rename_needs_a_stopped_domain_and_a_free_name()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef guest = host.Define("guest");
        host.TakeEvents();
        Assert.Equal("Requested operation is not valid: cannot rename active domain", Fails(() => host.Domains.Rename(Call, host.Test, "x", 0)).Text);
        Assert.Equal("Requested operation is not valid: Can't rename domain to itself", Fails(() => host.Domains.Rename(Call, guest, "guest", 0)).Text);
        Assert.Equal("Requested operation is not valid: domain with name 'test' already exists", Fails(() => host.Domains.Rename(Call, guest, "test", 0)).Text);
        Assert.Equal("XML error: name a/b cannot contain '/'", Fails(() => host.Domains.Rename(Call, guest, "a/b", 0)).Text);
        await host.Domains.Rename(Call, guest, "visitor", 0);
        Assert.Equal(guest.Uuid, host.Find("visitor").Uuid);
        Assert.Equal(ErrorCode.NoDomain, Fails(() => host.Find("guest")).Code);
        Assert.Equal(["guest Undefined 1", "visitor Defined 2"], host.TakeEvents());
    }

    [Fact]
    public async Task Unknown_flags_are_named()
    {
        await using Hypervisor host = await OpenAsync();
        Assert.Equal((ErrorCode.InvalidArg, "unsupported flags (0x4) in function testDomainGetXMLDesc"),
            Fails(() => host.DomainXml(host.Test, DomainXmlFlags.UpdateCpu)));
        Assert.Equal("unsupported flags (0x1) in function testDomainCreateWithFlags",
            Fails(() => host.Domains.CreateWithFlags(Call, host.Test, DomainCreateFlags.StartPaused)).Text);
    }
}
