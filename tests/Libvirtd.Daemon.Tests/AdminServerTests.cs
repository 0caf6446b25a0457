using Libvirtd.Daemon.Admin;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Daemon.Logging;
using Libvirtd.Protocol;
using Libvirtd.Rpc;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Daemon.Tests;

public sealed class AdminServerTests : IAsyncDisposable
{
    private static readonly AdminServerRef s_libvirtd = new() { Name = "libvirtd" };
    private static readonly AdminServerRef s_nope = new() { Name = "nope" };
    private readonly TemporaryFolder _folder = new();
    private readonly RpcServer _server = new(new RpcServerOptions { Loops = 1, MaxClients = 10, MaxAnonymousClients = 5 }, []);
    private readonly DaemonLog _log;
    private readonly FakeDaemon _daemon = new();
    private readonly AdminServer _admin;

    public AdminServerTests()
    {
        LogOutput output = new(LogPriority.Debug, LogDestination.File, _folder["log"]);
        _log = new DaemonLog(new LogRules(LogPriority.Error, [], [output], output), TimeProvider.System);
        _admin = new AdminServer(
            [new("libvirtd", _server, new WorkerSizes(5, 20, 5)), new("admin", _server, new WorkerSizes(5, 20, 0), isAsked: true)], _log, _daemon);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _log.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Servers_are_listed_and_found_by_name()
    {
        Assert.Equal(["libvirtd", "admin"], (await _admin.ListServers(null!, 0)).Select(server => server.Name));
        Assert.Equal("admin", (await _admin.LookupServer(null!, "admin", 1)).Name); // libvirtd looks at no flag here
    }

    [Fact]
    public void Unknown_servers_and_clients_are_named_as_libvirtd_does()
    {
        AdminClientRef seventh = new() { Srv = s_libvirtd, Id = 7, Timestamp = 0, Transport = 0 };
        Fails(95, 7, "Server not found: No server named 'nope'", () => _admin.LookupServer(null!, "nope", 0));
        Fails(95, 7, "Server not found: No server named 'nope'", () => _admin.ServerListClients(null!, s_nope, 0));
        Fails(95, 62, "Server not found: no server with matching name 'nope' found", () => _admin.ServerSetClientLimits(null!, s_nope, [], 0));
        Fails(96, 7, "Client not found: No client with matching ID '7'", () => _admin.ServerLookupClient(null!, s_libvirtd, 7, 0));
        Fails(96, 7, "Client not found: No client with matching ID '18446744073709551615'", () => _admin.ServerLookupClient(null!, s_libvirtd, ulong.MaxValue, 0));
        Fails(96, 7, "Client not found: No client with matching ID '7'", () => _admin.ClientClose(null!, seventh, 0));
        Fails(96, 62, "Client not found: no client with matching id '7' found", () => _admin.ClientGetInfo(null!, seventh, 0));
    }

    [Fact]
    public void Flags_are_refused_by_function()
    {
        Fails(8, 62, "unsupported flags (0x1) in function adminDispatchConnectOpen", () => _admin.Open(null!, 1));
        Fails(8, 62, "unsupported flags (0x1) in function adminConnectListServers", () => _admin.ListServers(null!, 1));
        Fails(8, 62, "unsupported flags (0x1) in function adminServerSetThreadPoolParameters",
            () => _admin.ServerSetThreadpoolParameters(null!, s_libvirtd, [], 1));
        Fails(8, 62, "unsupported flags (0x2) in function adminConnectDaemonShutdown", () => _admin.DaemonShutdown(null!, 3));
    }

    [Fact]
    public async Task Sizes_of_the_pool_are_kept_and_must_not_contradict_each_other()
    {
        await _admin.ServerSetThreadpoolParameters(null!, s_libvirtd, [new("minWorkers", 6u), new("maxWorkers", 30u)], 0);
        Assert.Equal(
            [new("minWorkers", 6u), new("maxWorkers", 30u), new("nWorkers", 6u), new("freeWorkers", 6u), new("prioWorkers", 5u), new("jobQueueDepth", 0u)],
            await _admin.ServerGetThreadpoolParameters(null!, s_libvirtd, 0));
        FailsToSet(8, "invalid argument: minWorkers cannot be larger than maxWorkers", new TypedParam("minWorkers", 31u));
        FailsToSet(8, "invalid argument: maxWorkers must not be switched from zero to non-zero and vice versa", new("minWorkers", 0u), new("maxWorkers", 0u));
        FailsToSet(74, "argument unsupported: parameter 'nWorkers' not supported", new TypedParam("nWorkers", 1u));
        FailsToSet(8, "invalid argument: invalid type 'int' for parameter 'minWorkers', expected 'uint'", new TypedParam("minWorkers", 1));
        FailsToSet(8, "invalid argument: parameter 'minWorkers' occurs multiple times", new("minWorkers", 1u), new("minWorkers", 1u));
    }

    [Fact]
    public async Task Limits_of_clients_change()
    {
        await _admin.ServerSetClientLimits(null!, s_libvirtd, [new("nclients_max", 8u), new("nclients_unauth_max", 7u)], 0);
        Assert.Equal(new ClientLimits(8, 7), _server.Limits);
        Assert.Equal(
            [new("nclients_max", 8u), new("nclients", 0u), new("nclients_unauth_max", 7u), new("nclients_unauth", 0u)],
            await _admin.ServerGetClientLimits(null!, s_libvirtd, 0));
        Fails(8, 7,
            "invalid argument: The overall maximum number of clients waiting for authentication must not be less than the overall maximum number of clients",
            () => _admin.ServerSetClientLimits(null!, s_libvirtd, [new("nclients_max", 6u)], 0));
    }

    [Fact]
    public async Task Clients_are_listed_described_and_closed()
    {
        Task local = Serve(TransportKind.Unix, readOnly: true);
        _ = Serve(TransportKind.Tcp, readOnly: false);
        AdminClientRef[] clients = await _admin.ServerListClients(null!, s_libvirtd, 0);
        Assert.Equal([(1ul, 0u), (2ul, 1u)], clients.Select(client => (client.Id, client.Transport)));
        Assert.InRange(clients[0].Timestamp, DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 60, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        Assert.Equal(
            [
                new("readonly", true), new("unix_user_id", 0), new("unix_user_name", "root"), new("unix_group_id", 0), new("unix_group_name", "root"),
                new("unix_process_id", Environment.ProcessId),
            ],
            await _admin.ClientGetInfo(null!, clients[0], 0));
        Assert.Equal([new("readonly", false), new("sock_addr", "127.0.0.1:16509")], await _admin.ClientGetInfo(null!, clients[1], 0));
        await _admin.ClientClose(null!, clients[0], 0);
        await local.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(2ul, Assert.Single(await _admin.ServerListClients(null!, s_libvirtd, 0)).Id);
    }

    [Fact]
    public async Task Filters_and_outputs_are_shown_and_changed()
    {
        Assert.Equal((null, 0u), await FiltersAsync());
        await _admin.SetLoggingFilters(null!, "1:rpc 1:+daemon", 0);
        Assert.Equal(("1:*rpc* 1:*daemon* ", 2u), await FiltersAsync());
        Fails(8, 0, "invalid argument: Malformed format for filter 'x'", () => _admin.SetLoggingFilters(null!, "x", 0));
        Assert.Equal(2u, (await FiltersAsync()).Count);
        await _admin.SetLoggingFilters(null!, null, 0);
        Assert.Equal((null, 0u), await FiltersAsync());

        await _admin.SetLoggingOutputs(null!, $"3:stderr 1:file:{_folder["other"]}", 0);
        Assert.Equal(($"3:stderr 1:file:{_folder["other"]}", 2u), await OutputsAsync());
        VirException failure = await Assert.ThrowsAsync<VirException>(() => _admin.SetLoggingOutputs(null!, "1:file:/proc/none/x", 0).AsTask());
        Assert.Equal(ErrorCode.SystemError, failure.Code);
        await _admin.SetLoggingOutputs(null!, "", 0);
        Assert.Equal(($"1:file:{_folder["log"]}", 1u), await OutputsAsync());
    }

    [Fact]
    public async Task Daemon_is_told_when_to_end()
    {
        await _admin.SetDaemonTimeout(null!, uint.MaxValue, 0);
        Assert.Equal(TimeSpan.FromSeconds(uint.MaxValue), _daemon.IdleTimeout);
        await _admin.DaemonShutdown(null!, 1);
        Assert.True(_daemon.IsShutDown);
    }

    [Fact]
    public void Without_tls_there_are_no_files_to_read_again() =>
        Fails(1, 7, "internal error: no tls service found, unable to update tls files", () => _admin.ServerUpdateTlsFiles(null!, s_libvirtd, 0));

    private async Task<(string? Text, uint Count)> FiltersAsync()
    {
        AdminConnectGetLoggingFiltersRet filters = await _admin.GetLoggingFilters(null!, 0);
        return (filters.Filters, filters.Nfilters);
    }

    private async Task<(string Text, uint Count)> OutputsAsync()
    {
        AdminConnectGetLoggingOutputsRet outputs = await _admin.GetLoggingOutputs(null!, 0);
        return (outputs.Outputs, outputs.Noutputs);
    }

    private Task Serve(TransportKind kind, bool readOnly) => _server.ServeAsync(InMemoryTransport.CreatePair(kind: kind).One, new RpcService(readOnly));

    private void FailsToSet(int code, string message, params TypedParam[] parameters) =>
        Fails(code, 0, message, () => _admin.ServerSetThreadpoolParameters(null!, s_libvirtd, parameters, 0));

    private static void Fails<T>(int code, int domain, string message, Func<T> call)
    {
        VirException failure = Assert.Throws<VirException>(() => { _ = call(); });
        Assert.Equal((code, domain, message), ((int)failure.Code, (int)failure.Domain, failure.Message));
    }

    private sealed class FakeDaemon : IDaemonControl
    {
        public TimeSpan? IdleTimeout { get; private set; }

        public bool IsShutDown { get; private set; }

        public void SetIdleTimeout(TimeSpan after) => IdleTimeout = after;

        public void Shutdown() => IsShutDown = true;
    }
}
