using System.Text.RegularExpressions;
using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

/// <summary>What testers command through stock virsh.</summary>
public sealed partial class FaultTests : SessionTests<OurDaemon>
{
    private string Host => Server.Uri(Transport.Unix) + "&host=ci&keep=1m&clock=virtual";

    [Fact]
    public async Task A_call_fails_once()
    {
        await Run(Host, "qemu-monitor-command", "test", "--hmp", "fault-inject", "virDomainSuspend", "error=NO_MEMORY");
        Assert.Equal("error: Failed to suspend domain 'test'\nerror: out of memory: a fault was injected\n\n", await Fail(Host, "suspend", "test"));
        await Run(Host, "suspend", "test");
    }

    [Fact]
    public async Task A_connection_drops_after_the_call_is_done()
    {
        await Run(Host, "qemu-monitor-command", "test", "--hmp", "connection-drop", "virDomainSuspend", "when=after");
        Assert.Contains("error: End of file while reading data", await Fail(Host, "suspend", "test"), StringComparison.Ordinal);
        Assert.Equal("paused\n\n", await Run(Host, "domstate", "test"));
    }

    [Fact]
    public async Task A_stream_ends_in_the_middle_with_its_connection_or_without()
    {
        await Run(Host, "vol-create-as", "default-pool", "a.img", "1M");
        await Run(Host, "qemu-monitor-command", "test", "--hmp", "fault-inject", "virStorageVolDownload", "bytes=500000");
        Assert.Contains("error: stream had unexpected termination", await Fail(Host, "vol-download", "a.img", "out", "default-pool"), StringComparison.Ordinal);
        await Run(Host, "qemu-monitor-command", "test", "--hmp", "connection-drop", "virStorageVolDownload", "bytes=500000");
        string dropped = await Fail(Host, "vol-download", "a.img", "out", "default-pool");
        // Which of virsh's two threads reads the end of the file first decides about its last line: "End of file ..." or "client socket is closed".
        Assert.Contains(" due to end of file\nerror: cannot receive data from volume a.img\n", dropped, StringComparison.Ordinal);
        Assert.False(File.Exists(Work.File("out")));
        await Run(Host, "vol-download", "a.img", "out", "default-pool");
        Assert.Equal(1 << 20, new FileInfo(Work.File("out")).Length);
    }

    [Fact]
    public async Task Time_stands_still_until_it_is_told_to_go_on()
    {
        string slow = Host + "&shutdown=10s";
        await Run(slow, "shutdown", "test");
        Assert.Equal("running\n\n", await Run(slow, "domstate", "test"));
        Assert.Contains("\"fired\":1", await Run(slow, "qemu-monitor-command", "test", "--hmp", "clock-advance", "10s"), StringComparison.Ordinal);
        Assert.Equal("shut off\n\n", await Run(slow, "domstate", "test"));
    }

    [Fact]
    public async Task Monitor_events_reach_virsh()
    {
        await using RunningProcess events = Virsh.Start(Host, Work.Path, "qemu-monitor-event", "--loop", "--event", "GUEST_*", "--regex");
        // virsh does not say when it listens: events follow each other until one of them has arrived.
        for (int i = 0; i < 500 && events.Output.Length == 0; i++)
            await Run(Host, "qemu-monitor-command", "test", "--hmp", "event-emit", "GUEST_TEST", "data={\"a\":1}");
        await events.WaitForAsync("event GUEST_TEST", Stop);
        await events.WaitForAsync("for domain 'test': {\"a\":1}", Stop);
    }

    /// <summary>The demonstration in the documentation is what it says: a shell runs its very lines.</summary>
    [Fact]
    public async Task The_documented_test_of_a_backup_script_passes()
    {
        string text = await File.ReadAllTextAsync(System.IO.Path.Combine(Repository.Root, "docs/testing.md"), Stop);
        string lines = Demonstration().Match(text).Groups[1].Value;
        Assert.Equal(10, lines.TrimEnd('\n').Split('\n').Length);
        await File.WriteAllTextAsync(Work.File("demo.sh"), $"SOCKET={Server.SocketPath}\n{lines}", Stop);
        Finished finished = await ProcessRunner.RunAsync("/bin/sh", ["demo.sh"], Work.Path, Stop);
        Assert.True(finished.Status == 0, finished.Output);
        Assert.EndsWith("PASS\n", finished.Output, StringComparison.Ordinal);
        Assert.Contains("Copy failed", finished.Output, StringComparison.Ordinal);
    }

    [GeneratedRegex("<!-- demonstration -->\n```sh\n(.*?)```\n", RegexOptions.Singleline)]
    private static partial Regex Demonstration();
}
