using System.Buffers.Binary;
using System.Text;
using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

public sealed class OurVirshTests : VirshTests<OurDaemon>
{
    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Node_devices_list(Transport transport)
    {
        // virsh 9.0 names the states that it wants, which upstream's test driver refuses.
        string output = await Run(Server.Uri(transport), "nodedev-list; nodedev-list --cap scsi_host");
        Assert.Equal(
            ["computer", "scsi_host1", "scsi_host11", "scsi_host2"],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Order(StringComparer.Ordinal));
    }
}

public sealed class UpstreamVirshTests : VirshTests<UpstreamDaemon>;

/// <summary>The stock command line client over both transports.</summary>
public abstract class VirshTests<TDaemon> : SessionTests<TDaemon>
    where TDaemon : Daemon, new()
{
    // virsh carries the test driver within itself: what it says without any server is what it must say with one.
    private const string InProcess = "test:///default";

    private static readonly byte[] PngSignature = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Lists_the_running_domain(Transport transport) =>
        Assert.Equal(" Id   Name   State\n----------------------\n 1    test   running\n\n", await Run(Server.Uri(transport), "list", "--all"));

    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Documents_and_lists_are_those_of_the_test_driver(Transport transport)
    {
        foreach (string command in (string[])
                 ["dumpxml test", "net-list", "net-dumpxml default", "pool-list", "pool-dumpxml default-pool", "iface-dumpxml eth1",
                     "nodedev-dumpxml scsi_host1", "capabilities", "nodeinfo"])
        {
            string[] words = command.Split(' ');
            Assert.Equal(await Run(InProcess, words), await Run(Server.Uri(transport), words));
        }
    }

    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Domain_goes_through_its_states(Transport transport)
    {
        string output = await Run(
            Server.Uri(transport),
            "suspend test; domstate test; resume test; domstate test; shutdown test; domstate test; start test; domstate test; destroy test; domstate test");
        Assert.Equal(
            [
                "Domain 'test' suspended", "paused", "Domain 'test' resumed", "running", "Domain 'test' is being shutdown", "shut off",
                "Domain 'test' started", "running", "Domain 'test' destroyed", "shut off",
            ],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task State_of_the_default_node_is_shared_while_anyone_is_connected()
    {
        await using RunningProcess other = Virsh.Start(Server.Uri(Transport.Tcp), Work.Path);
        await other.WriteAsync("destroy test\n", Stop);
        await other.WaitForAsync("Domain 'test' destroyed", Stop);
        Assert.Equal("shut off\n\n", await Run(Server.Uri(Transport.Unix), "domstate", "test"));
    }

    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Event_loop_sees_what_another_client_does(Transport transport)
    {
        await using RunningProcess listener = Virsh.Start(Server.Uri(transport), Work.Path);
        await listener.WriteAsync("domid test\nevent --all --loop\n", Stop);
        await UntilListening(listener);
        await Run(Server.Uri(Transport.Unix), "suspend test; resume test; shutdown test; start test; destroy test");
        await listener.WaitForAsync("Stopped Destroyed\n", Stop);
        string[] events = [.. listener.Output.Split('\n').Where(line => line.StartsWith("event 'lifecycle'", StringComparison.Ordinal))];
        string[] expected = ["Suspended Paused", "Resumed Unpaused", "Stopped Shutdown", "Started Booted", "Stopped Destroyed"];
        Assert.Equal(expected.Select(what => $"event 'lifecycle' for domain 'test': {what}"), events[^expected.Length..]);
    }

    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Snapshots_form_a_tree(Transport transport)
    {
        string output = await Run(
            Server.Uri(transport),
            "snapshot-create-as test root; snapshot-create-as test left; snapshot-revert test root; snapshot-create-as test right; snapshot-list test --tree");
        Assert.EndsWith("root\n  |\n  +- left\n  +- right\n    \n\n", output, StringComparison.Ordinal);
    }

    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Screenshot_arrives_as_a_whole_picture(Transport transport)
    {
        Assert.Equal("Screenshot saved to shot.png, with type of image/png\n", await Run(Server.Uri(transport), "screenshot", "test", "shot.png"));
        byte[] picture = await File.ReadAllBytesAsync(Work.File("shot.png"), Stop);
        Assert.Equal(PngSignature, picture[..PngSignature.Length]);
        // Chunks of length, type, data and checksum; the last one, IEND, ends exactly with the file.
        int at = PngSignature.Length;
        string type = "";
        while (at < picture.Length)
        {
            type = Encoding.ASCII.GetString(picture, at + 4, 4);
            at += 12 + BinaryPrimitives.ReadInt32BigEndian(picture.AsSpan(at));
        }

        Assert.Equal((picture.Length, "IEND"), (at, type));
    }

    [Fact]
    public async Task Read_only_socket_refuses_to_write()
    {
        // Without -r virsh believes that it may write; the refusal is the server's.
        Assert.Equal(
            "error: Failed to suspend domain 'test'\nerror: operation forbidden: read only access prevents virDomainSuspend\n\n",
            await Fail(Server.Uri(Transport.UnixReadOnly), "suspend", "test"));
        Assert.Equal("running\n\n", await Run(Server.Uri(Transport.UnixReadOnly), "domstate", "test"));
    }

    [Fact]
    public async Task Read_only_client_is_refused_on_any_socket()
    {
        foreach (string uri in (string[])[Server.Uri(Transport.Unix), Server.Uri(Transport.UnixReadOnly), Server.Uri(Transport.Tcp)])
        {
            Finished finished = await ProcessRunner.RunAsync(Virsh.Executable, ["-r", "-c", uri, "destroy", "test"], Work.Path, Stop);
            Assert.Equal(1, finished.Status);
            Assert.Contains("error: operation forbidden: read only access prevents virDomainDestroy\n", finished.Output, StringComparison.Ordinal);
        }
    }

    // virsh says nothing when it has registered; it has when the first event comes, so one is made until it does.
    private async Task UntilListening(RunningProcess listener)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (!listener.Output.Contains("event 'lifecycle'", StringComparison.Ordinal))
        {
            limit.Token.ThrowIfCancellationRequested();
            await Run(Server.Uri(Transport.Unix), "suspend test; resume test");
        }
    }
}
