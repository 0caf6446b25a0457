using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class GuestIncidentTests
{
    private const string Disk = "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/a.img'/><target dev='vda' bus='virtio'/></disk>";

    [Fact]
    public async Task A_crash_stops_a_domain()
    {
        await using Hypervisor host = await OpenAsync();
        host.Command("guest-crash");
        Assert.Equal((DomainState.Shutoff, (int)DomainShutoffReason.Crashed), host.State(host.Test));
        Assert.Equal([$"test Stopped {(int)DomainEventStoppedDetailType.Failed}"], host.TakeEvents());
        Assert.Equal("operation failed: domain is not running", Fails(() => host.Command("guest-crash")).Text);
    }

    [Theory]
    [InlineData("destroy", DomainState.Shutoff, new[] { "guest Crashed 0", "guest Stopped 2", "GUEST_PANICKED" })]
    [InlineData("preserve", DomainState.Crashed, new[] { "guest Crashed 0", "GUEST_PANICKED" })]
    [InlineData("restart", DomainState.Running, new[] { "guest Crashed 0", "DomainRebootEvent", "GUEST_PANICKED" })]
    public async Task A_panic_does_what_the_definition_wants(string onCrash, DomainState state, string[] events)
    {
        await using Hypervisor host = await OpenAsync();
        host.Define("guest", $"<on_crash>{onCrash}</on_crash>");
        await host.Domains.Create(Call, host.Find("guest"));
        host.TakeEvents();
        host.Command("guest-panic", "guest");
        Assert.Equal(state, host.State(host.Find("guest")).State);
        Assert.Equal(events, host.TakeEvents());
    }

    [Fact]
    public async Task A_disk_error_is_told_and_pauses_the_guest()
    {
        await using Hypervisor host = await OpenAsync();
        host.Define("guest", devices: Disk);
        await host.Domains.Create(Call, host.Find("guest"));
        host.TakeEvents();
        host.Command("disk-error vda reason=enospc", "guest");
        Assert.Equal((DomainState.Paused, (int)DomainPausedReason.Ioerror), host.State(host.Find("guest")));
        Assert.Equal(["DomainIoErrorEvent", "DomainIoErrorReasonEvent", "guest Suspended 2", "BLOCK_IO_ERROR"], host.TakeEvents());
        await host.Domains.Resume(Call, host.Find("guest"));
        host.Command("disk-error action=report", "guest");
        Assert.Equal(DomainState.Running, host.State(host.Find("guest")).State);
    }

    [Fact]
    public async Task A_watchdog_does_its_action()
    {
        await using Hypervisor host = await OpenAsync();
        host.Command("guest-watchdog action=pause");
        Assert.Equal((DomainState.Paused, (int)DomainPausedReason.Watchdog), host.State(host.Test));
        Assert.Equal(["WATCHDOG", "DomainWatchdogEvent", "test Suspended 3"], host.TakeEvents());
        host.Command("guest-watchdog action=poweroff");
        Assert.Equal(DomainState.Shutoff, host.State(host.Test).State);
    }

    [Fact]
    public async Task An_agent_that_is_stopped_does_not_answer()
    {
        await using Hypervisor host = await OpenAsync();
        Assert.True((bool)host.Command("agent-stop")["changed"]!);
        Assert.False((bool)host.Command("agent-stop")["changed"]!);
        Assert.Equal(["DomainAgentLifecycleEvent"], host.TakeEvents());
        (ErrorCode, string) silent = (ErrorCode.AgentUnresponsive, "Guest agent is not responding: QEMU guest agent is not connected");
        Assert.Equal(silent, Fails(() => host.Domains.GetHostname(Call, host.Test, 0)));
        Assert.Equal(silent, Fails(() => host.Domains.GetTime(Call, host.Test, 0)));
        Assert.Equal(silent, Fails(() => host.Domains.Fsfreeze(Call, host.Test, [], 0)));
        Assert.Equal(silent, Fails(() => host.Connection.Qemu.AgentCommand(Call, host.Test, """{"execute":"guest-ping"}""", 5, 0)));
        host.Command("agent-start");
        Assert.Equal("testhost", await host.Domains.GetHostname(Call, host.Test, 0));
        Assert.Equal("""{"return":{}}""", await host.Connection.Qemu.AgentCommand(Call, host.Test, """{"execute":"guest-ping"}""", 5, 0));
        Assert.Equal("""{"return":7}""", await host.Connection.Qemu.AgentCommand(Call, host.Test, """{"execute":"guest-sync","arguments":{"id":7}}""", 5, 0));
        Assert.Equal("internal error: unable to execute QEMU agent command: The command guest-fly has not been found",
            Fails(() => host.Connection.Qemu.AgentCommand(Call, host.Test, """{"execute":"guest-fly"}""", 5, 0)).Text);
    }

    [Fact]
    public async Task Boots_and_shutdowns_take_the_time_that_the_uri_gives_them()
    {
        await using Hypervisor host = await OpenAsync(uri: "test:///default?clock=virtual&boot=10s&shutdown=5s");
        await host.Domains.Shutdown(Call, host.Test);
        Assert.Equal(DomainState.Running, host.State(host.Test).State);
        host.Command("clock-advance 5s");
        Assert.Equal(DomainState.Shutoff, host.State(host.Test).State);
        await host.Domains.Create(Call, host.Test);
        Assert.Equal(ErrorCode.AgentUnresponsive, Fails(() => host.Domains.GetHostname(Call, host.Test, 0)).Code);
        host.Command("clock-advance 10s");
        Assert.Equal("testhost", await host.Domains.GetHostname(Call, host.Test, 0));
        await host.Domains.Shutdown(Call, host.Test);
        await host.Domains.Destroy(Call, host.Test);
        await host.Domains.Create(Call, host.Test);
        host.Command("clock-advance 1m");
        Assert.Equal(DomainState.Running, host.State(host.Test).State); // another life than the one that was to end
    }
}
