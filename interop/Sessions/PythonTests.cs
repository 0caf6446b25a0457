using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

public sealed class OurPythonTests : PythonTests<OurDaemon>;

public sealed class UpstreamPythonTests : PythonTests<UpstreamDaemon>;

/// <summary>libvirt's Python binding: what applications see of calls, errors, events, keepalive and the end of a connection.</summary>
public abstract class PythonTests<TDaemon> : SessionTests<TDaemon>
    where TDaemon : Daemon, new()
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    protected override string? ClientMissing => Python.Missing;

    [Fact]
    public async Task Opens_a_connection() => Assert.Equal(
        """
        type TEST
        hypervisor 2
        alive 1
        secure 1
        domains 1
        domain 1 test 6695eb01-f6a4-8304-79aa-97f2502e193f
        state [1, 0]
        info [1, 8388608, 2097152, 2]
        error 42 12 2 Domain not found
        error 1 12 2 internal error: domain 'test' not paused
        error 3 20 2 this function is not supported by the connection driver: virConnectDomainXMLFromNative
        close 1

        """,
        await Script("open_connection.py", Server.Uri(Transport.Unix)));

    [Fact]
    public async Task Opens_a_read_only_connection() => Assert.Equal(
        """
        state [1, 0]
        error 29 20 2 operation forbidden: read only access prevents virDomainSuspend
        state [1, 0]
        error 29 20 2 operation forbidden: read only access prevents virDomainSuspend
        error 29 20 2 operation forbidden: read only access prevents virDomainDestroy
        error 29 20 2 operation forbidden: read only access prevents virDomainDefineXML
        error 29 20 2 operation forbidden: virDomainGetXMLDesc with secure flag
        state [1, 0]

        """,
        await Script("open_read_only.py", Server.Uri(Transport.Unix), Server.Uri(Transport.UnixReadOnly)));

    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Lists_domains_by_every_filter(Transport transport) => Assert.Equal(
        """
        all ['idle', 'test']
        ACTIVE ['test']
        INACTIVE ['idle']
        PERSISTENT ['idle', 'test']
        TRANSIENT []
        RUNNING ['test']
        PAUSED []
        SHUTOFF ['idle']
        OTHER []
        AUTOSTART []
        NO_AUTOSTART ['idle', 'test']
        HAS_SNAPSHOT []
        NO_SNAPSHOT ['idle', 'test']
        MANAGEDSAVE []
        NO_MANAGEDSAVE ['idle', 'test']
        ids [1]
        defined ['idle']
        all ['test']

        """,
        await Script("list_all_domains.py", Server.Uri(transport)));

    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Callbacks_are_called_for_several_kinds_of_events(Transport transport) => Assert.Equal(
        """
        domain test 3 0 every
        domain test 3 0 one
        network default 3 0 net
        network default 2 0 net
        pool default-pool 3 0 store
        pool default-pool 2 0 store
        domain test 4 0 every
        domain test 5 1 every
        domain test 2 0 every
        alive 1
        left []

        """,
        await Script("events.py", Server.Uri(transport)));

    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Keepalive_keeps_a_connection_and_notices_a_frozen_server(Transport transport)
    {
        await using RunningProcess script = Python.Start("keepalive.py", Work.Path, Server.Uri(transport));
        await script.WaitForAsync("ready\n", Stop);
        Server.Freeze();
        try
        {
            await script.WriteAsync("go on\n", Stop);
            Finished finished = await script.WaitAsync(Limit, Stop);
            Assert.Equal(
                """
                set 0
                early False
                alive 1
                domains 1
                ready
                closed 2 opaque
                noticed True
                alive 0

                """,
                finished.Output);
        }
        finally
        {
            Server.Thaw();
        }
    }

    [Theory, InlineData(Transport.Unix), InlineData(Transport.Tcp)]
    public async Task Close_callback_is_called_when_the_server_stops(Transport transport)
    {
        await using RunningProcess script = Python.Start("close_callback.py", Work.Path, Server.Uri(transport));
        await script.WaitForAsync("ready\n", Stop);
        await Server.StopAsync();
        Assert.Equal(0, Server.ExitCode);
        Finished finished = await script.WaitAsync(Limit, Stop);
        // Over TCP the end may come as a reset, which the library calls an error (0) and not an end of file (1).
        string output = transport == Transport.Tcp
            ? finished.Output.Replace("closed 0", "closed 1", StringComparison.Ordinal)
            : finished.Output;
        Assert.Equal(
            """
            domains 1
            ready
            closed 1 opaque
            noticed True
            alive 0
            error 1 7 2 internal error: client socket is closed

            """,
            output);
    }

    private async Task<string> Script(string name, params string[] arguments)
    {
        Finished finished = await Python.RunAsync(name, Work.Path, Stop, arguments);
        Assert.True(finished.Status == 0, $"{finished.Output}\n{Server.Log}");
        return finished.Output;
    }
}
