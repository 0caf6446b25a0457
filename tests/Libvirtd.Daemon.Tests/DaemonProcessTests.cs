using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Interop.Daemons;

namespace Libvirtd.Daemon.Tests;

/// <summary>The program itself, in a process of its own.</summary>
public sealed class DaemonProcessTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _started = [];

    public DaemonProcessTests() => File.WriteAllText(_folder["conf"], $"unix_sock_dir = \"{_folder.Path}\"\nlog_outputs = \"1:stderr\"\n");

    public void Dispose()
    {
        // One in the background is a child of nobody; whatever a test made of it, it must not outlive the test.
        if (File.Exists(_folder["pid"]) && int.TryParse(File.ReadAllText(_folder["pid"]), out int id) && _started.TrueForAll(p => p.Id != id))
        {
            try
            {
                _started.Add(Process.GetProcessById(id));
            }
            catch (ArgumentException)
            {
                // It is gone already.
            }
        }
        foreach (Process process in _started)
        {
            if (!process.HasExited) process.Kill();
            process.Dispose();
        }
        _notice?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Ready_daemon_holds_sockets_and_pid_file_and_removes_them_when_terminated()
    {
        Process daemon = await StartReadyAsync();
        Assert.Equal(daemon.Id.ToString(CultureInfo.InvariantCulture), await File.ReadAllTextAsync(_folder["pid"], TestContext.Current.CancellationToken));
        using (Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            await client.ConnectAsync(new UnixDomainSocketEndPoint(_folder["libvirt-sock"]), TestContext.Current.CancellationToken);
        Signal(daemon, "TERM");
        Assert.Equal(0, await ExitAsync(daemon));
        Assert.False(File.Exists(_folder["pid"]));
        Assert.False(File.Exists(_folder["libvirt-sock"]));
    }

    [Fact]
    public async Task Second_daemon_is_refused_by_pid_file_or_by_socket()
    {
        await StartReadyAsync();
        (int status, string error) = await RunAsync("-f", _folder["conf"], "-p", _folder["pid"]);
        Assert.Equal(1, status);
        Assert.Contains("another instance of the daemon is running", error, StringComparison.Ordinal);
        (status, error) = await RunAsync("-f", _folder["conf"], "-p", _folder["pid2"]);
        Assert.Equal((int)ExitStatus.Network, status);
        Assert.Contains($"another daemon is listening on '{_folder["libvirt-sock"]}'", error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["pid2"]));
    }

    [Fact]
    public async Task Killed_daemon_leaves_nothing_that_stops_the_next()
    {
        Process daemon = await StartReadyAsync();
        daemon.Kill();
        await ExitAsync(daemon);
        Assert.True(File.Exists(_folder["pid"]));
        await StartReadyAsync();
    }

    [Fact]
    public async Task Hangup_reopens_the_log_and_goes_on()
    {
        await File.AppendAllTextAsync(_folder["conf"], "log_level = 2\n", TestContext.Current.CancellationToken);
        Process daemon = await StartReadyAsync(("LIBVIRT_LOG_OUTPUTS", $"1:file:{_folder["log"]}"));
        File.Move(_folder["log"], _folder["log.1"]);
        Signal(daemon, "HUP");
        await UntilAsync(() => File.Exists(_folder["log"]) && new FileInfo(_folder["log"]).Length > 0);
        Signal(daemon, "TERM");
        Assert.Equal(0, await ExitAsync(daemon));
    }

    [Fact]
    public async Task Background_daemon_is_ready_when_the_first_process_returns()
    {
        (int status, string error) = await RunAsync("-d", "-f", _folder["conf"], "-p", _folder["pid"]);
        Assert.True(status == 0, error);
        Process daemon = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(_folder["pid"], TestContext.Current.CancellationToken), CultureInfo.InvariantCulture));
        _started.Add(daemon);
        Assert.True(File.Exists(_folder["libvirt-sock"]));
        Signal(daemon, "TERM");
        await UntilAsync(() => !File.Exists(_folder["pid"]));
    }

    [Fact]
    public async Task Background_daemon_that_fails_hands_its_status_and_reason_back()
    {
        await File.AppendAllTextAsync(_folder["conf"], "max_clients = 1\n", TestContext.Current.CancellationToken);
        (int status, string error) = await RunAsync("-d", "-f", _folder["conf"], "-p", _folder["pid"]);
        Assert.Equal((int)ExitStatus.Server, status);
        Assert.Contains("max_clients is 1, max_anonymous_clients is 20", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Idle_daemon_exits_by_itself()
    {
        (int status, _) = await RunAsync("-t", "1", "-f", _folder["conf"], "-p", _folder["pid"]);
        Assert.Equal(0, status);
    }

    [Fact]
    public async Task Bad_configuration_ends_with_status_one_and_the_reason()
    {
        await File.WriteAllTextAsync(_folder["conf"], "\nlisten_tls = 2\n", TestContext.Current.CancellationToken);
        (int status, string error) = await RunAsync("-f", _folder["conf"]);
        Assert.Equal(1, status);
        Assert.Contains($"{_folder["conf"]}:2: value for 'listen_tls' parameter must be 0 or 1", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Activated_daemon_serves_the_sockets_it_was_given_and_leaves_their_files()
    {
        string path = _folder["given"];
        // Python stands in for the service manager: descriptor 3, and a LISTEN_PID that is right after exec.
        Process daemon = Start("/usr/bin/python3", [], "-c", """
            import os, socket, sys
            s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
            os.dup2(s.fileno(), 3)
            os.set_inheritable(3, True)
            os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="libvirtd.socket")
            os.execv(sys.argv[2], sys.argv[2:])
            """, path, Program, "-f", _folder["conf"], "-p", _folder["pid"]);
        await ReadyAsync();
        Assert.False(File.Exists(_folder["libvirt-sock"]));
        using (Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            await client.ConnectAsync(new UnixDomainSocketEndPoint(path), TestContext.Current.CancellationToken);
        Signal(daemon, "INT");
        Assert.Equal(0, await ExitAsync(daemon));
        Assert.True(File.Exists(path));
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "libvirtd-net");

    private ReadyNotice? _notice;

    private Process Start(string program, (string Name, string Value)[] variables, params string[] args)
    {
        ProcessStartInfo start = new(program, args) { RedirectStandardError = true, RedirectStandardInput = true };
        _notice?.Dispose();
        _notice = new ReadyNotice(_folder["notice"]);
        start.Environment[ReadyNotice.Variable] = _notice.Path;
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        Process process = Process.Start(start)!;
        _started.Add(process);
        return process;
    }

    private async Task<Process> StartReadyAsync(params (string Name, string Value)[] variables)
    {
        Process daemon = Start(Program, variables, "-f", _folder["conf"], "-p", _folder["pid"]);
        await ReadyAsync();
        return daemon;
    }

    private Task ReadyAsync() => _notice!.WaitAsync(TestContext.Current.CancellationToken).WaitAsync(s_patience);

    private async Task<(int Status, string Error)> RunAsync(params string[] args)
    {
        Process process = Start(Program, [], args);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(s_patience);
        return (await ExitAsync(process), error);
    }

    private static async Task<int> ExitAsync(Process process)
    {
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(s_patience);
        return process.ExitCode;
    }

    private static void Signal(Process process, string name)
    {
        using Process kill = Process.Start("kill", ["-s", name, process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Waits until the files in the folder are as they should be; each change of one is a reason to look.</summary>
    private async Task UntilAsync(Func<bool> condition)
    {
        using SemaphoreSlim changes = new(0);
        using FileSystemWatcher watcher = new(_folder.Path);
        watcher.Created += (_, _) => changes.Release();
        watcher.Changed += (_, _) => changes.Release();
        watcher.Deleted += (_, _) => changes.Release();
        watcher.EnableRaisingEvents = true;
        while (!condition())
            Assert.True(await changes.WaitAsync(s_patience, TestContext.Current.CancellationToken), "it did not happen in time");
    }
}
