using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Differential;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Recording;

/// <summary>
/// Records the golden sessions anew from upstream's daemon. Run by name only, for it rewrites files of the repository:
/// <c>dotnet run --project interop -- -class '*Recorder' -explicit only</c>.
/// </summary>
public sealed class Recorder : IAsyncLifetime
{
    private readonly UpstreamDaemon _server = new();
    private readonly TempFolder _work = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string ProxyPath => _work.File("proxy");

    private string ProxyUri => $"test+unix:///default?socket={ProxyPath}";

    public async ValueTask InitializeAsync()
    {
        if ((Virsh.Missing ?? Python.Missing ?? _server.Missing) is string reason) Assert.Skip(reason);
        foreach (string file in Directory.EnumerateFiles(Scenario.Files)) File.Copy(file, _work.File(Path.GetFileName(file)));
        await _server.StartAsync(Stop);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _work.Dispose();
    }

    public static TheoryData<string> Names => [.. GoldenSession.All.Select(session => session.Name)];

    [Theory(Explicit = true)]
    [MemberData(nameof(Names))]
    public async Task Record_virsh(string name)
    {
        GoldenSession session = GoldenSession.All.Single(session => session.Name == name);
        string folder = _work.Folder("empty");
        string uri = $"{session.Driver.Scheme}+unix://{session.Driver.Path}?socket={ProxyPath}";
        string input = string.Join('\n', session.Commands).Replace("$WORK", folder, StringComparison.Ordinal) + "\nquit\n";
        await using RecordingProxy proxy = RecordingProxy.Start(ProxyPath, _server.SocketPath);
        Finished finished = await ProcessRunner.RunAsync(Virsh.Executable, ["-c", uri], _work.Path, Stop, input);
        Assert.True(finished.Status == 0, finished.Output);
        TestContext.Current.TestOutputHelper?.WriteLine(finished.Output);
        await Save(name, proxy);
    }

    [Fact(Explicit = true)]
    public async Task Record_events()
    {
        await using RecordingProxy proxy = RecordingProxy.Start(ProxyPath, _server.SocketPath);
        await using RunningProcess listener = Virsh.Start(ProxyUri, _work.Path, "event", "--all", "--loop", "--timeout", "3");
        await Act(listener, "event 'lifecycle'", "suspend test; resume test");
        await Act(listener, "Stopped Destroyed", "shutdown test; start test; snapshot-create-as test a; snapshot-revert test a; destroy test");
        await listener.WaitAsync(TimeSpan.FromSeconds(30), Stop);
        await Save("event", proxy);
    }

    [Theory(Explicit = true)]
    [InlineData("net-event", "net-destroy default; net-start default; net-define net1.xml; net-undefine net1")]
    [InlineData("pool-event", "pool-refresh default-pool; pool-destroy default-pool; pool-start default-pool; pool-define pool1.xml; pool-undefine pool1")]
    [InlineData("nodedev-event", "nodedev-create nodedev-vport-wwn.xml; nodedev-destroy scsi_host12")]
    public async Task Record_other_events(string command, string actions)
    {
        await using RecordingProxy proxy = RecordingProxy.Start(ProxyPath, _server.SocketPath);
        await using RunningProcess listener = Virsh.Start(ProxyUri, _work.Path, command, "--event", "lifecycle", "--loop", "--timeout", "3");
        await Act(listener, "event '", actions);
        await listener.WaitAsync(TimeSpan.FromSeconds(30), Stop);
        await Save(command, proxy);
    }

    [Theory(Explicit = true)]
    [InlineData("python-open", "open_connection.py")]
    [InlineData("python-list", "list_all_domains.py")]
    [InlineData("python-events", "events.py")]
    public async Task Record_python(string name, string script)
    {
        await using RecordingProxy proxy = RecordingProxy.Start(ProxyPath, _server.SocketPath);
        Finished finished = await Python.RunAsync(script, _work.Path, Stop, ProxyUri);
        Assert.True(finished.Status == 0, finished.Output);
        await Save(name, proxy);
    }

    [Fact(Explicit = true)]
    public async Task Record_keepalive()
    {
        await using RecordingProxy proxy = RecordingProxy.Start(ProxyPath, _server.SocketPath);
        await using (RunningProcess script = Python.Start("keepalive.py", _work.Path, ProxyUri))
        {
            await script.WaitForAsync("ready\n", Stop);
        }

        await Save("keepalive", proxy);
    }

    [Fact(Explicit = true)]
    public async Task Record_read_only()
    {
        await using RecordingProxy proxy = RecordingProxy.Start(ProxyPath, _server.ReadOnlySocketPath);
        await ProcessRunner.RunAsync(Virsh.Executable, ["-c", ProxyUri], _work.Path, Stop, "list\nsuspend test\ndestroy test\nquit\n");
        await Save("read-only", proxy);
    }

    [Fact(Explicit = true)]
    public async Task Record_admin()
    {
        await using RecordingProxy proxy = RecordingProxy.Start(ProxyPath, Path.Combine(Path.GetDirectoryName(_server.SocketPath)!, "libvirt-admin-sock"));
        // Somebody to be listed, as number 4: the first three only tried whether the server answers.
        await using RunningProcess client = Virsh.Start(_server.Uri(Transport.Unix), _work.Path);
        await client.WriteAsync("domid test\n", Stop);
        await client.WaitForAsync("\n1\n", Stop);
        Finished finished = await ProcessRunner.RunAsync("virt-admin", ["-c", $"libvirtd+unix:///system?socket={ProxyPath}"], _work.Path, Stop,
            "srv-list\nsrv-threadpool-info libvirtd\nsrv-threadpool-set libvirtd --max-workers 21\nsrv-clients-info libvirtd\n" +
            "srv-clients-set libvirtd --max-clients 5001\nclient-list libvirtd\nclient-info libvirtd 4\nclient-disconnect libvirtd 4\n" +
            "daemon-log-filters\ndaemon-log-outputs\nsrv-list nope\nclient-info nope 1\nquit\n");
        TestContext.Current.TestOutputHelper?.WriteLine(finished.Output);
        await Save("admin", proxy);
    }

    // Nothing tells when the listener has registered; it has when events come.
    private async Task Act(RunningProcess listener, string until, string actions)
    {
        for (int attempt = 0; attempt < 100 && !listener.Output.Contains(until, StringComparison.Ordinal); attempt++)
            await Virsh.RunAsync(_server.Uri(Transport.Unix), _work.Path, Stop, actions);
        await listener.WaitForAsync(until, Stop);
    }

    private static async Task Save(string name, RecordingProxy proxy)
    {
        IReadOnlyList<Record> records = await proxy.FinishAsync(Stop);
        RecordFile.Write(Path.Combine(Directory.CreateDirectory(Golden.Folder).FullName, $"{name}.bin"), records);
    }
}
