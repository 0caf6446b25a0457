using System.Diagnostics;
using System.Runtime.InteropServices;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Daemons;

/// <summary>
/// A running server on sockets and a TCP port of its own. The two kinds take the same command line and the same configuration file, which is
/// itself part of what is tested.
/// </summary>
public abstract partial class Daemon : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private readonly TempFolder _folder = new();
    private Process? _process;

    /// <summary>"upstream" or "ours".</summary>
    public abstract string Name { get; }

    /// <summary>Why this server cannot run here; null when it can.</summary>
    public abstract string? Missing { get; }

    public TempFolder Folder => _folder;

    /// <summary>Further arguments for its command line.</summary>
    public IReadOnlyList<string> MoreArguments { get; init; } = [];

    public int TcpPort { get; private set; }

    public string SocketPath => _folder.File("s/libvirt-sock");

    public string ReadOnlySocketPath => _folder.File("s/libvirt-sock-ro");

    public string AdminSocketPath => _folder.File("s/libvirt-admin-sock");

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>What the server itself wrote, for the message of a failed test.</summary>
    public string Log => _process is not null && File.Exists(LogPath) ? File.ReadAllText(LogPath) : "";

    protected string PidPath => _folder.File("pid");

    private string LogPath => _folder.File("log");

    /// <summary>A client's address of <paramref name="path"/> of a driver.</summary>
    public string Uri(Transport transport, string path = "/default", string scheme = "test") => transport switch
    {
        Transport.Unix => $"{scheme}+unix://{path}?socket={SocketPath}",
        Transport.UnixReadOnly => $"{scheme}+unix://{path}?socket={ReadOnlySocketPath}",
        _ => $"{scheme}+tcp://127.0.0.1:{TcpPort}{path}",
    };

    /// <summary>Starts the server and returns once it says that it serves clients, as a service manager waits for it.</summary>
    /// <exception cref="InvalidOperationException">It ended or was not ready in time; the message has its log.</exception>
    public async Task StartAsync(CancellationToken stop)
    {
        TcpPort = Ports.Free();
        _folder.Folder("s");
        string configuration = _folder.File("d.conf");
        await File.WriteAllTextAsync(configuration, Configuration(), stop);
        (string program, IReadOnlyList<string> arguments) = Command(configuration);
        using ReadyNotice notice = new(_folder.File("ready"));
        _process = ProcessRunner.StartLogged(program, [.. arguments, .. MoreArguments], LogPath, _folder.Path, (ReadyNotice.Variable, notice.Path));
        await WaitUntilReadyAsync(notice, stop);
    }

    /// <summary>Asks the server to end, as an operator would, and waits until it has.</summary>
    /// <exception cref="TimeoutException">It had to be killed.</exception>
    public async Task StopAsync()
    {
        if (_process is null || _process.HasExited) return;
        _ = Kill(_process.Id, SigTerm);
        using CancellationTokenSource limit = new(StopLimit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{Name}: did not end within {StopLimit.TotalSeconds} s of SIGTERM\n{Log}");
        }
    }

    /// <summary>Takes the processor away from the server: its sockets stay open and nothing answers.</summary>
    public void Freeze() => _ = Kill(_process!.Id, SigStop);

    /// <summary>Lets a frozen server go on.</summary>
    public void Thaw() => _ = Kill(_process!.Id, SigCont);

    /// <summary>Waits until the server has ended by itself.</summary>
    public Task WaitForExitAsync(CancellationToken stop) => _process!.WaitForExitAsync(stop);

    /// <summary>The status that the ended server left; null while it runs.</summary>
    public int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
        }
        catch (TimeoutException)
        {
            // Already killed; a test that cares calls StopAsync itself.
        }

        _process?.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The program to run and its arguments. It must stay in the foreground and keep the process id.</summary>
    protected abstract (string Program, IReadOnlyList<string> Arguments) Command(string configuration);

    private string Configuration() =>
        $"""
        unix_sock_dir = "{_folder.File("s")}"
        auth_unix_ro = "none"
        auth_unix_rw = "none"
        listen_tls = 0
        listen_tcp = 1
        listen_addr = "127.0.0.1"
        tcp_port = "{TcpPort}"
        auth_tcp = "none"

        """;

    private async Task WaitUntilReadyAsync(ReadyNotice notice, CancellationToken stop)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(StartLimit);
        Task ready = notice.WaitAsync(limit.Token);
        Task ended = _process!.WaitForExitAsync(limit.Token);
        try
        {
            await await Task.WhenAny(ready, ended);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new InvalidOperationException($"{Name}: did not say within {StartLimit.TotalSeconds} s that it serves\n{Log}");
        }

        if (!ready.IsCompleted) throw new InvalidOperationException($"{Name}: ended with status {_process.ExitCode} while starting\n{Log}");
        await limit.CancelAsync();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
