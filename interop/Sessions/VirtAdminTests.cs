using System.Globalization;
using System.Text.RegularExpressions;
using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

public sealed class OurVirtAdminTests : VirtAdminTests<OurDaemon>;

public sealed class UpstreamVirtAdminTests : VirtAdminTests<UpstreamDaemon>;

/// <summary>The stock client of the administration socket.</summary>
public abstract partial class VirtAdminTests<TDaemon> : SessionTests<TDaemon>
    where TDaemon : Daemon, new()
{
    protected override string? ClientMissing => VirtAdmin.Missing ?? Virsh.Missing;

    [Fact]
    public async Task Versions_and_servers()
    {
        Assert.Contains("Running against daemon: 9.", await Admin("version"), StringComparison.Ordinal);
        // Upstream keeps its servers in a hash: their order changes from start to start.
        string servers = await Admin("srv-list");
        Assert.StartsWith(" Id   Name\n----------------\n 0    ", servers, StringComparison.Ordinal);
        Assert.Equal(["admin", "libvirtd"], servers.Split('\n')[2..4].Select(line => line[6..]).Order());
        Assert.Equal("error: Server not found: No server named 'nope'\n", await AdminFails("srv-clients-info", "nope"));
    }

    [Fact]
    public async Task Pool_of_workers_is_shown_and_changed()
    {
        CheckPool(Figures(await Admin("srv-threadpool-info", "libvirtd")), prioWorkers: 5);
        CheckPool(Figures(await Admin("srv-threadpool-info", "admin")), prioWorkers: 0);
        await Admin("srv-threadpool-set", "libvirtd", "--min-workers", "2", "--max-workers", "30", "--priority-workers", "7");
        (string, int)[] figures = Figures(await Admin("srv-threadpool-info", "libvirtd"));
        Assert.Equal([("minWorkers", 2), ("maxWorkers", 30)], figures[..2]);
        Assert.Equal(("prioWorkers", 7), figures[4]);
        Assert.Equal(
            "error: Unable to change server workerpool parameters\nerror: invalid argument: minWorkers cannot be larger than maxWorkers\n",
            await AdminFails("srv-threadpool-set", "libvirtd", "--min-workers", "31"));
    }

    [Fact]
    public async Task Limits_of_clients_are_shown_and_changed()
    {
        Assert.Equal([("nclients_max", 5000), ("nclients", 0), ("nclients_unauth_max", 20), ("nclients_unauth", 0)],
            Figures(await Admin("srv-clients-info", "libvirtd")));
        Assert.Equal([("nclients_max", 5000), ("nclients", 1), ("nclients_unauth_max", 0), ("nclients_unauth", 0)],
            Figures(await Admin("srv-clients-info", "admin")));
        await Admin("srv-clients-set", "libvirtd", "--max-clients", "7", "--max-unauth-clients", "6");
        Assert.Equal([("nclients_max", 7), ("nclients", 0), ("nclients_unauth_max", 6), ("nclients_unauth", 0)],
            Figures(await Admin("srv-clients-info", "libvirtd")));
        Assert.Equal(
            "error: Unable to change server's client-related configuration limits\nerror: invalid argument: The overall maximum number of clients "
            + "waiting for authentication must not be less than the overall maximum number of clients\n",
            await AdminFails("srv-clients-set", "libvirtd", "--max-clients", "5"));
    }

    [Theory, InlineData(Transport.Unix), InlineData(Transport.UnixReadOnly), InlineData(Transport.Tcp)]
    public async Task Client_is_listed_described_and_disconnected(Transport transport)
    {
        await using RunningProcess client = Virsh.Start(Server.Uri(transport), Work.Path);
        await client.WriteAsync("domid test\n", Stop);
        await client.WaitForAsync("1\n", Stop);
        Match row = Row().Match(await Admin("client-list", "libvirtd"));
        Assert.Equal(transport == Transport.Tcp ? "tcp" : "unix", row.Groups["transport"].Value);
        string id = row.Groups["id"].Value;

        string[] info = [.. (await Admin("client-info", "libvirtd", id)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)].Trim())];
        string[] start = ["id", "connection_time", "transport", "readonly"];
        Assert.Equal(
            transport == Transport.Tcp
                ? [.. start, "sock_addr"]
                : [.. start, "unix_user_id", "unix_user_name", "unix_group_id", "unix_group_name", "unix_process_id"],
            info.Where(name => name != "selinux_context"));
        Assert.Contains($"readonly       : {(transport == Transport.UnixReadOnly ? "yes" : "no")}\n".Replace(" ", "", StringComparison.Ordinal),
            (await Admin("client-info", "libvirtd", id)).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);

        Assert.Equal($"Client '{id}' disconnected\n", (await Admin("client-disconnect", "libvirtd", id)).TrimEnd('\n') + "\n");
        Assert.Equal($"error: Client not found: No client with matching ID '{id}'\n", await AdminFailsSoon("client-info", "libvirtd", id));
    }

    [Fact]
    public async Task Log_filters_and_outputs_change_at_run_time()
    {
        Assert.Equal(" Logging filters: \n\n", await Admin("daemon-log-filters"));
        await Admin("daemon-log-filters", "1:rpc 1:+daemon");
        Assert.Equal(" Logging filters: 1:*rpc* 1:*daemon* \n\n", await Admin("daemon-log-filters"));
        string path = Work.File("log");
        await Admin("daemon-log-outputs", $"1:file:{path} 4:stderr");
        Assert.Equal($" Logging outputs: 1:file:{path} 4:stderr\n\n", await Admin("daemon-log-outputs"));
        Assert.Contains("hostname: ", await File.ReadAllTextAsync(path, Stop), StringComparison.Ordinal);
        await Admin("daemon-log-filters", "");
        Assert.Equal(" Logging filters: \n\n", await Admin("daemon-log-filters"));
        Assert.Equal("error: Unable to change daemon logging settings\nerror: invalid argument: Invalid priority '9' for filter '9:x'\n",
            await AdminFails("daemon-log-filters", "9:x"));
    }

    [Fact]
    public async Task Without_tls_its_files_are_not_read_again() => Assert.Equal(
        "error: Unable to update server's tls related files.\nerror: internal error: no tls service found, unable to update tls files\n",
        await AdminFails("server-update-tls", "libvirtd"));

    [Fact]
    public async Task Daemon_ends_when_it_was_idle_for_the_time_that_was_set()
    {
        await Admin("daemon-timeout", "--timeout", "1");
        await Server.WaitForExitAsync(Stop).WaitAsync(TimeSpan.FromSeconds(30), Stop);
        Assert.Equal(0, Server.ExitCode);
    }

    // How many workers are busy at this moment is up to upstream's scheduling.
    private static void CheckPool((string Name, int Value)[] figures, int prioWorkers)
    {
        Assert.Equal(["minWorkers", "maxWorkers", "nWorkers", "freeWorkers", "prioWorkers", "jobQueueDepth"], figures.Select(figure => figure.Name));
        Assert.Equal([5, 20], figures[..2].Select(figure => figure.Value));
        Assert.InRange(figures[3].Value, 0, figures[2].Value);
        Assert.Equal(prioWorkers, figures[4].Value);
    }

    private static (string Name, int Value)[] Figures(string output) =>
    [
        .. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':'))
            .Select(parts => (parts[0].Trim(), int.Parse(parts[1], CultureInfo.InvariantCulture))),
    ];

    private async Task<string> Admin(params string[] command)
    {
        Finished finished = await VirtAdmin.RunAsync(Server.AdminSocketPath, Work.Path, Stop, command);
        Assert.True(finished.Status == 0, $"virt-admin {string.Join(' ', command)}: {finished.Output}\n{Server.Log}");
        return finished.Output;
    }

    private async Task<string> AdminFails(params string[] command)
    {
        Finished finished = await VirtAdmin.RunAsync(Server.AdminSocketPath, Work.Path, Stop, command);
        Assert.True(finished.Status == 1, $"virt-admin {string.Join(' ', command)}: {finished.Output}");
        return finished.Output.TrimEnd('\n') + "\n";
    }

    /// <summary>Upstream lets go of a client a little after it said so: asks until it has.</summary>
    private async Task<string> AdminFailsSoon(params string[] command)
    {
        for (int attempt = 0; attempt < 100; attempt++)
        {
            Finished finished = await VirtAdmin.RunAsync(Server.AdminSocketPath, Work.Path, Stop, command);
            if (finished.Status == 1) return finished.Output.TrimEnd('\n') + "\n";
        }
        return "never";
    }

    [GeneratedRegex(@"^ (?<id>\d+) +(?<transport>\w+) +\d{4}-\d\d-\d\d ", RegexOptions.Multiline)]
    private static partial Regex Row();
}
