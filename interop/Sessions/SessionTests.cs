using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

/// <summary>
/// A session with a server that is started for each test alone. The same tests run against both servers: that upstream passes them shows that
/// they ask for the right thing.
/// </summary>
public abstract class SessionTests<TDaemon> : IAsyncLifetime
    where TDaemon : Daemon, new()
{
    private readonly TempFolder _work = new();

    protected TDaemon Server { get; } = new();

    /// <summary>A folder for the client's files.</summary>
    protected TempFolder Work => _work;

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Why the client program is not there; null when it is.</summary>
    protected virtual string? ClientMissing => Virsh.Missing;

    public async ValueTask InitializeAsync()
    {
        if ((ClientMissing ?? Server.Missing) is string reason) Assert.Skip(reason);
        await Server.StartAsync(Stop);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _work.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Runs one virsh command, or several with semicolons between, that must all succeed; returns what they printed.</summary>
    protected async Task<string> Run(string uri, params string[] command)
    {
        Finished finished = await Virsh.RunAsync(uri, _work.Path, Stop, command);
        // The status is the last command's alone.
        bool succeeded = finished.Status == 0 && !finished.Output.Contains("error: ", StringComparison.Ordinal);
        Assert.True(succeeded, $"virsh {string.Join(' ', command)}: {finished.Output}\n{Server.Log}");
        return finished.Output;
    }

    /// <summary>Runs one virsh command that must fail; returns what it printed.</summary>
    protected async Task<string> Fail(string uri, params string[] command)
    {
        Finished finished = await Virsh.RunAsync(uri, _work.Path, Stop, command);
        Assert.True(finished.Status == 1, $"virsh {string.Join(' ', command)}: {finished.Output}");
        return finished.Output;
    }
}
