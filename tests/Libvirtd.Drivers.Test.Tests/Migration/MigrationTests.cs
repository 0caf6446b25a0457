using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class MigrationTests
{
    private const DomainMigrateFlags Live = DomainMigrateFlags.Live;

    [Fact]
    public async Task A_live_guest_runs_on_at_its_destination_and_stays_defined_at_its_source()
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        DomainRef found = await migrant.RunAsync();
        Assert.Equal((DomainState.Running, (int)DomainRunningReason.Migrated), migrant.Target.State(found));
        Assert.False(await migrant.Target.Domains.IsPersistent(Call, found));
        Assert.Equal((DomainState.Shutoff, (int)DomainShutoffReason.Migrated), migrant.Source.State(migrant.Source.Find("guest")));
        Assert.Equal(
            ["DomainMigrationIterationEvent", "DomainMigrationIterationEvent", "DomainMigrationIterationEvent", "guest Suspended 1", "guest Stopped 3", "DomainJobCompletedEvent"],
            migrant.Source.TakeEvents());
        Assert.Equal(["guest Started 1", "guest Resumed 1"], migrant.Target.TakeEvents());
    }

    [Fact]
    public async Task A_guest_can_be_defined_there_undefined_here_renamed_and_left_paused()
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        migrant.Params.Add(new("destination_name", "other"));
        DomainRef found = await migrant.RunAsync(
            DomainMigrateFlags.PersistDest | DomainMigrateFlags.UndefineSource | DomainMigrateFlags.Paused);
        Assert.Equal("other", found.Name);
        Assert.Equal((DomainState.Paused, (int)DomainPausedReason.User), migrant.Target.State(found));
        Assert.True(await migrant.Target.Domains.IsPersistent(Call, found));
        Assert.Equal(ErrorCode.NoDomain, Fails(() => migrant.Source.Find("guest")).Code);
        Assert.Equal(["guest Suspended 1", "DomainMigrationIterationEvent", "guest Stopped 3", "DomainJobCompletedEvent"], migrant.Source.TakeEvents());
    }

    [Fact]
    public async Task What_is_off_moves_as_a_definition()
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        await migrant.Source.Domains.Destroy(Call, migrant.Source.Find("guest"));
        Assert.Equal("Requested operation is not valid: domain is not running", (await FailsAsync(() => migrant.RunAsync())).Message);
        Assert.Equal("Requested operation is not valid: offline migration must be specified with the persistent flag set",
            (await FailsAsync(() => migrant.RunAsync(DomainMigrateFlags.Offline))).Message);
        DomainRef found = await migrant.RunAsync(DomainMigrateFlags.Offline | DomainMigrateFlags.PersistDest | DomainMigrateFlags.UndefineSource);
        Assert.Equal(DomainState.Shutoff, migrant.Target.State(found).State);
        Assert.Equal(ErrorCode.NoDomain, Fails(() => migrant.Source.Find("guest")).Code);
    }

    [Fact]
    public async Task Progress_is_told_while_it_runs_and_afterwards()
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        DomainRef dom = migrant.Source.Find("guest");
        await migrant.PrepareAsync(Live);
        Task<byte[]> moving = migrant.PerformAsync(Live);
        migrant.Advance("5s");
        DomainGetJobInfoRet info = await migrant.Source.Domains.GetJobInfo(Call, dom);
        Assert.Equal(((int)DomainJobType.Unbounded, 5000ul, 1048576ul, 524288ul, 524288ul), (info.Type, info.TimeElapsed, info.MemTotal, info.MemProcessed, info.MemRemaining));
        DomainGetJobStatsRet stats = await migrant.Source.Domains.GetJobStats(Call, dom, 0);
        Assert.Equal((int)DomainJobOperation.MigrationOut, stats.Params.Find("operation")!.Value.Int);
        Assert.Equal("Operation not supported: migration statistics are available only on the source host",
            Fails(() => migrant.Target.Domains.GetJobInfo(Call, migrant.Target.Find("guest"))).Text);
        migrant.Advance();
        await moving;
        await migrant.Target.Domains.MigrateFinish3Params(Call, [new("destination_name", "guest")], [], Live, 0);
        await migrant.Source.Domains.MigrateConfirm3Params(Call, dom, [], [], Live, 0);
        stats = await migrant.Source.Domains.GetJobStats(Call, dom, DomainGetJobStatsFlags.Completed);
        Assert.Equal((int)DomainJobType.Completed, stats.Type);
        Assert.Equal(11100ul, stats.Params.Find("time_elapsed")!.Value.ULong);
        Assert.Equal((int)DomainJobType.None, (await migrant.Source.Domains.GetJobStats(Call, dom, DomainGetJobStatsFlags.Completed)).Type);
    }

    [Fact]
    public async Task An_abort_lets_the_guest_run_on_where_it_is()
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        DomainRef dom = migrant.Source.Find("guest");
        TypedParam[] there = await migrant.PrepareAsync(DomainMigrateFlags.None);
        Task<byte[]> moving = migrant.PerformAsync(DomainMigrateFlags.None);
        Assert.Equal((DomainState.Paused, (int)DomainPausedReason.Migration), migrant.Source.State(dom));
        migrant.Advance("5s");
        await migrant.Source.Domains.AbortJob(Call, dom);
        Assert.Equal((ErrorCode.OperationAborted, "operation aborted: migration out job: canceled by client"), Code(await FailsAsync(() => moving)));
        Assert.Equal(ErrorCode.MigrateFinishOk, (await FailsAsync(async () => await migrant.Target.Domains.MigrateFinish3Params(Call, there, [], 0, 1))).Code);
        Assert.Equal((DomainState.Running, (int)DomainRunningReason.MigrationCanceled), migrant.Source.State(dom));
        Assert.Equal(ErrorCode.NoDomain, Fails(() => migrant.Target.Find("guest")).Code);
        Assert.Equal((int)DomainJobType.Cancelled, (await migrant.Source.Domains.GetJobStats(Call, dom, DomainGetJobStatsFlags.Completed)).Type);
        Assert.Equal("Requested operation is not valid: no job is active on the domain", Fails(() => migrant.Source.Domains.AbortJob(Call, dom)).Text);
    }

    [Fact]
    public async Task A_guest_that_stops_on_its_way_arrives_nowhere()
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        await migrant.PrepareAsync(Live);
        Task<byte[]> moving = migrant.PerformAsync(Live);
        migrant.Advance("5s");
        await migrant.Source.Domains.Destroy(Call, migrant.Source.Find("guest"));
        Assert.Equal("operation failed: domain is no longer running", (await FailsAsync(() => moving)).Message);
        await migrant.Source.Domains.Create(Call, migrant.Source.Find("guest"));
        Assert.Equal(DomainState.Running, migrant.Source.State(migrant.Source.Find("guest")).State);
        Assert.Equal((int)DomainJobType.None, (await migrant.Source.Domains.GetJobInfo(Call, migrant.Source.Find("guest"))).Type);
    }

    [Fact]
    public async Task Another_speed_counts_from_now_on()
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        DomainRef dom = migrant.Source.Find("guest");
        Assert.Equal(8796093022207ul, await migrant.Source.Domains.MigrateGetMaxSpeed(Call, dom, 0));
        await migrant.PrepareAsync(0);
        Task<byte[]> moving = migrant.PerformAsync(0);
        migrant.Advance("5s"); // half a MiB is there
        await migrant.Source.Domains.MigrateSetMaxSpeed(Call, dom, 1, 0);
        migrant.Advance("499ms");
        Assert.False(moving.IsCompleted);
        migrant.Advance("1ms");
        await moving;
        Assert.Equal(1ul, await migrant.Source.Domains.MigrateGetMaxSpeed(Call, dom, 0));
        Assert.Equal("numerical overflow: bandwidth must be less than 8796093022208",
            Fails(() => migrant.Source.Domains.MigrateSetMaxSpeed(Call, dom, unchecked((nuint)8796093022208), 0)).Text);
    }

    [Fact]
    public async Task Post_copy_takes_the_guest_over_before_its_memory()
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        DomainRef dom = migrant.Source.Find("guest");
        Assert.Equal("Requested operation is not valid: post-copy can only be started while outgoing migration is in progress",
            Fails(() => migrant.Source.Domains.MigrateStartPostCopy(Call, dom, 0)).Text);
        await migrant.PrepareAsync(Live | DomainMigrateFlags.Postcopy);
        Task<byte[]> moving = migrant.PerformAsync(Live | DomainMigrateFlags.Postcopy);
        migrant.Advance("1s");
        await migrant.Source.Domains.MigrateStartPostCopy(Call, dom, 0);
        await moving;
        Assert.Equal((DomainState.Paused, (int)DomainPausedReason.Postcopy), migrant.Source.State(dom));
    }

    [Fact]
    public async Task Snapshots_travel_along()
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        migrant.Source.Snap(migrant.Source.Find("guest"), "one");
        migrant.Source.Snap(migrant.Source.Find("guest"), "two");
        DomainRef found = await migrant.RunAsync();
        Assert.Equal(["one", "two"], migrant.Target.SnapshotNames(found, DomainSnapshotListFlags.Topological));
        Assert.Equal("two", (await migrant.Target.Snapshots.Current(Call, found, 0)).Name);
    }

    [Fact]
    public async Task A_client_that_goes_away_leaves_nothing_half_done()
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        DomainRef dom = migrant.Source.Find("guest");
        TestDomainDriver client = (TestDomainDriver)migrant.Source.Domains;
        await migrant.PrepareAsync(Live);
        Assert.Equal("Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainMigratePerform3Params)",
            Fails(() => client.MigrateBegin3Params(Call, dom, [], Live | DomainMigrateFlags.ChangeProtection)).Text);
        Assert.Equal("Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainMigratePerform3Params)",
            Fails(() => client.SetMemory(Call, dom, 1000)).Text);
        client.EndMigrations();
        ((TestDomainDriver)migrant.Target.Domains).EndMigrations();
        Assert.Equal(ErrorCode.NoDomain, Fails(() => migrant.Target.Find("guest")).Code);
        await migrant.RunAsync();
    }

    [Theory]
    [InlineData(DomainMigrateFlags.Peer2peer | DomainMigrateFlags.Live)]
    [InlineData(DomainMigrateFlags.Peer2peer | DomainMigrateFlags.Tunnelled | DomainMigrateFlags.PersistDest)]
    public async Task The_source_can_do_all_of_it(DomainMigrateFlags flags)
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        Task moving = migrant.Source.Domains.MigratePerform3Params(Call, migrant.Source.Find("guest"),
            "test:///default?host=b&clock=virtual&migration=10s", [], [], flags).AsTask();
        migrant.Advance();
        await moving;
        Assert.Equal(DomainState.Running, migrant.Target.State(migrant.Target.Find("guest")).State);
        Assert.Equal(DomainState.Shutoff, migrant.Source.State(migrant.Source.Find("guest")).State);
        await migrant.Source.Domains.Create(Call, migrant.Source.Find("guest"));
        VirException busy = await FailsAsync(() => migrant.Source.Domains.MigratePerform3Params(Call, migrant.Source.Find("guest"),
            "test:///default?host=b&clock=virtual&migration=10s", [], [], flags).AsTask());
        Assert.Contains("domain 'guest' is already active", busy.Message, StringComparison.Ordinal);
        Assert.Equal(DomainState.Running, migrant.Source.State(migrant.Source.Find("guest")).State);
        Assert.StartsWith("operation failed: Failed to connect to remote libvirt URI qemu:///system",
            (await FailsAsync(() => migrant.Source.Domains.MigratePerform3Params(Call, migrant.Source.Find("guest"), "qemu:///system", [], [], flags).AsTask())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_second_generation_still_works()
    {
        await using Migrant migrant = await Migrant.OpenAsync("clock=virtual");
        DomainRef dom = migrant.Source.Find("guest");
        string xml = migrant.Source.DomainXml(dom, DomainXmlFlags.Secure | DomainXmlFlags.Migratable);
        DomainMigratePrepare2Ret room = await migrant.Target.Domains.MigratePrepare2(Call, null, 1, null, 0, xml);
        await migrant.Source.Domains.MigratePerform(Call, dom, room.Cookie, room.UriOut!, 1, null, 0);
        Assert.Equal(DomainState.Shutoff, migrant.Source.State(dom).State);
        DomainRef found = await migrant.Target.Domains.MigrateFinish2(Call, "guest", room.Cookie, room.UriOut!, 1, 0);
        Assert.Equal(DomainState.Running, migrant.Target.State(found).State);
        Assert.Equal(ErrorCode.NoSupport, Fails(() => migrant.Target.Domains.MigratePrepare(Call, null, 1, null, 0)).Code);
    }

    [Theory]
    [InlineData("ftp://x", "argument unsupported: unsupported scheme ftp in migration URI ftp://x")]
    [InlineData("nowhere", "invalid argument: missing scheme in migration URI: nowhere")]
    public async Task A_destination_that_makes_no_sense_is_refused(string uri, string error)
    {
        await using Migrant migrant = await Migrant.OpenAsync();
        migrant.Params.Add(new("migrate_uri", uri));
        Assert.Equal(error, (await FailsAsync(() => migrant.RunAsync())).Message);
    }

    private static (ErrorCode, string) Code(VirException e) => (e.Code, e.Message);

    private static async Task<VirException> FailsAsync(Func<Task> call) => await Assert.ThrowsAsync<VirException>(call);
}
