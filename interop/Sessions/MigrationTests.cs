using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

/// <summary>Stock virsh moves domains between two daemons, which upstream's test driver cannot.</summary>
public sealed class MigrationTests : SessionTests<OurDaemon>, IAsyncLifetime
{
    private const string Guest =
        "<domain type='test'><name>guest</name><memory>1048576</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>";

    private readonly OurDaemon _other = new();

    private string Here => Server.Uri(Transport.Unix) + "&keep=1m&migration=500ms";

    private string There => _other.Uri(Transport.Unix) + "&keep=1m";

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        await _other.StartAsync(Stop);
        await File.WriteAllTextAsync(Work.File("guest.xml"), Guest, Stop);
        await Run(Here, "define guest.xml; start guest; snapshot-create-as guest before");
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await _other.DisposeAsync();
        await DisposeAsync();
    }

    [Fact]
    public async Task A_live_domain_runs_on_at_the_other_daemon_with_its_snapshots()
    {
        string output = await Run(Here, "migrate", "--live", "--verbose", "--persistent", "guest", There);
        Assert.Matches(@"Migration: \[100(\.00)? %\]", output);
        Assert.Equal("running (migrated)\n\n", await Run(There, "domstate", "guest", "--reason"));
        Assert.Equal("shut off (migrated)\n\n", await Run(Here, "domstate", "guest", "--reason"));
        Assert.Equal("before\n\n", await Run(There, "snapshot-list", "guest", "--name"));
        Assert.Contains("Operation:        Outgoing migration", await Run(Here, "domjobinfo", "guest", "--completed"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_source_itself_can_do_it_and_undefine_the_domain()
    {
        await Run(Here, "migrate", "--p2p", "--live", "--undefinesource", "guest", There);
        Assert.Contains("failed to get domain 'guest'", await Fail(Here, "domstate", "guest"), StringComparison.Ordinal);
        Assert.Equal("running\n\n", await Run(There, "domstate", "guest"));
        await Run(There, "migrate", "--p2p", "--tunnelled", "guest", _other.Uri(Transport.Unix) + "&host=third&keep=1m");
        Assert.Equal("running\n\n", await Run(_other.Uri(Transport.Unix) + "&host=third&keep=1m", "domstate", "guest"));
    }

    [Fact]
    public async Task A_domain_that_is_off_moves_under_another_name()
    {
        await Run(Here, "destroy", "guest");
        await Run(Here, "migrate", "--offline", "--persistent", "--undefinesource", "--dname", "other", "guest", There);
        Assert.Equal("shut off\n\n", await Run(There, "domstate", "other"));
        Assert.Equal("test\n\n", await Run(Here, "list", "--all", "--name"));
    }

    [Theory, InlineData("--live"), InlineData("--p2p")]
    public async Task Disks_that_are_not_shared_go_along(string how)
    {
        await File.WriteAllTextAsync(Work.File("disks.xml"), """
            <domain type='test'><name>disks</name><memory>1024</memory><os><type>hvm</type></os><devices><disk type='file'><driver type='qcow2'/>
            <source file='/default-pool/disk'/><target dev='vda' bus='virtio'/></disk><disk type='file'><driver type='qcow2'/>
            <source file='/shared/disk'/><target dev='vdb' bus='virtio'/></disk></devices></domain>
            """, Stop);
        const string Format = "--format qcow2";
        string here = Here + "&blockjob=500ms";
        string output = await Run(here, $"vol-create-as default-pool base 1G {Format} --allocation 100M; vol-create-as default-pool disk 1G {Format} --allocation 0 --backing-vol base "
            + $"--backing-vol-format qcow2; define disks.xml; start disks; migrate {how} --copy-storage-all --migrate-disks vda disks {There}; domjobinfo disks --completed");
        Assert.Contains("File total:       100.000 MiB", output, StringComparison.Ordinal);
        output = await Run(There, "domstate disks; vol-info disk default-pool; dumpxml disks; vol-list default-pool");
        Assert.Contains("Allocation:     100.00 MiB", output, StringComparison.Ordinal);
        Assert.DoesNotContain("/default-pool/base", output, StringComparison.Ordinal);
        Assert.Contains("running", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_aborted_migration_leaves_the_domain_where_it_was()
    {
        string slow = Here.Replace("500ms", "1h", StringComparison.Ordinal);
        await Run(slow, "define guest.xml; start guest");
        await using RunningProcess moving = Virsh.Start(slow, Work.Path, "migrate", "--live", "--verbose", "guest", There);
        await moving.WaitForAsync("Migration: [", Stop);
        Assert.Contains("Outgoing migration", await Run(slow, "domjobinfo", "guest"), StringComparison.Ordinal);
        await Run(slow, "domjobabort", "guest");
        await moving.WaitForAsync("error: operation aborted: migration out job: canceled by client", Stop);
        Assert.Equal("running (booted)\n\n", await Run(slow, "domstate", "guest", "--reason"));
        Assert.Equal("test\n\n", await Run(There, "list", "--all", "--name"));
    }
}
