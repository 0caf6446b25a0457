using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Guests whose disks are not shared take the contents along.</summary>
public sealed class StorageMigrationTests
{
    private const DomainMigrateFlags All = DomainMigrateFlags.Live | DomainMigrateFlags.NonSharedDisk;
    private const DomainMigrateFlags Inc = DomainMigrateFlags.Live | DomainMigrateFlags.NonSharedInc;
    private const string Options = "clock=virtual&migration=10s&blockjob=2s";

    [Fact]
    public async Task The_disks_go_first_and_the_memory_follows()
    {
        await using Migrant migrant = await Open(Disk("vda", "disk"));
        DomainRef dom = migrant.Source.Find("guest");
        TypedParam[] there = await migrant.PrepareAsync(All);
        Assert.Equal((1000ul, 0ul), await Volume(migrant.Target, "disk"));
        Task<byte[]> moving = migrant.PerformAsync(All);
        // 400 of the base and 100 above it, of 1000: half of what a whole disk takes.
        migrant.Advance("500ms");
        DomainGetJobInfoRet info = await migrant.Source.Domains.GetJobInfo(Call, dom);
        Assert.Equal((500ul, 250ul, 250ul, 0ul, 1048576ul), (info.FileTotal, info.FileProcessed, info.FileRemaining, info.MemProcessed, info.MemRemaining));
        DomainGetBlockJobInfoRet block = await migrant.Source.Domains.GetBlockJobInfo(Call, dom, "vda", 0);
        Assert.Equal(((int)DomainBlockJobType.Copy, 250ul), (block.Type, block.Cur));
        migrant.Advance("5500ms");
        info = await migrant.Source.Domains.GetJobInfo(Call, dom);
        Assert.Equal((500ul, 0ul, 524288ul, 6000ul), (info.FileProcessed, info.FileRemaining, info.MemProcessed, info.TimeElapsed));
        migrant.Advance();
        byte[] cookie = await moving;
        DomainRef found = (await migrant.Target.Domains.MigrateFinish3Params(Call, there, cookie, All, 0)).Dom;
        await migrant.Source.Domains.MigrateConfirm3Params(Call, dom, [], [], All, 0);
        Assert.Equal((1000ul, 500ul), await Volume(migrant.Target, "disk"));
        Assert.Equal(DomainState.Running, migrant.Target.State(found).State);
        // All that the chain held lies in one image there.
        Assert.DoesNotContain("/default-pool/base", migrant.Target.DomainXml(found), StringComparison.Ordinal);
        DomainGetJobStatsRet stats = await migrant.Source.Domains.GetJobStats(Call, dom, DomainGetJobStatsFlags.Completed);
        Assert.Equal((500ul, 500ul), (stats.Params.Find("disk_total")!.Value.ULong, stats.Params.Find("disk_processed")!.Value.ULong));
    }

    [Fact]
    public async Task Increments_go_into_images_that_are_there()
    {
        await using Migrant migrant = await Open(Disk("vda", "disk"));
        Assert.Equal("Operation not supported: pre-creation of storage targets for incremental storage migration is not supported",
            (await FailsAsync(() => migrant.PrepareAsync(Inc))).Message);
        await migrant.Source.Domains.MigrateConfirm3Params(Call, migrant.Source.Find("guest"), [], [], Inc, 1);
        await Make(migrant.Target, "base", 400);
        await Make(migrant.Target, "disk", 0, "base");
        DomainRef found = await migrant.RunAsync(Inc);
        Assert.Equal((1000ul, 100ul), await Volume(migrant.Target, "disk"));
        Assert.Contains("<source file='/default-pool/base'/>", migrant.Target.DomainXml(found), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_disks_that_are_named_go()
    {
        await using Migrant migrant = await Open(Disk("vda", "disk") + Disk("vdb", "base"));
        migrant.Params.Add(new("migrate_disks", "vdb"));
        await migrant.RunAsync(All);
        Assert.Equal((1000ul, 400ul), await Volume(migrant.Target, "base"));
        Assert.Equal(ErrorCode.NoStorageVol, (await FailsAsync(() => Volume(migrant.Target, "disk"))).Code);
    }

    [Theory, InlineData("<readonly/>"), InlineData("<shareable/>")]
    public async Task Disks_that_are_shared_or_read_only_stay(string what)
    {
        await using Migrant migrant = await Open(Disk("vda", "disk", what));
        await migrant.RunAsync(All);
        Assert.Equal(ErrorCode.NoStorageVol, (await FailsAsync(() => Volume(migrant.Target, "disk"))).Code);
    }

    [Fact]
    public async Task A_volume_is_made_in_the_pool_of_that_name()
    {
        await using Migrant migrant = await Open("<disk type='volume'><driver type='qcow2'/><source pool='default-pool' volume='disk'/><target dev='vda'/></disk>");
        DomainRef found = await migrant.RunAsync(All);
        Assert.Equal((1000ul, 500ul), await Volume(migrant.Target, "disk"));
        Assert.Contains("<source pool='default-pool' volume='disk' ", migrant.Target.DomainXml(found).Replace("'/>", "' />", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_abort_takes_back_what_was_made()
    {
        await using Migrant migrant = await Open(Disk("vda", "disk"));
        DomainRef dom = migrant.Source.Find("guest");
        TypedParam[] there = await migrant.PrepareAsync(All);
        Task<byte[]> moving = migrant.PerformAsync(All);
        migrant.Advance("500ms");
        await migrant.Source.Domains.AbortJob(Call, dom);
        Assert.Equal("operation aborted: migration out job: canceled by client", (await FailsAsync(() => moving)).Message);
        await FailsAsync(async () => await migrant.Target.Domains.MigrateFinish3Params(Call, there, [], All, 1));
        Assert.Equal(ErrorCode.NoStorageVol, (await FailsAsync(() => Volume(migrant.Target, "disk"))).Code);
        Assert.Equal(0, (await migrant.Source.Domains.GetBlockJobInfo(Call, dom, "vda", 0)).Found);
        Assert.Equal(DomainState.Running, migrant.Source.State(dom).State);
        DomainGetJobStatsRet stats = await migrant.Source.Domains.GetJobStats(Call, dom, DomainGetJobStatsFlags.Completed);
        Assert.Equal(250ul, stats.Params.Find("disk_processed")!.Value.ULong);
        await migrant.RunAsync(All);
        Assert.Equal((1000ul, 500ul), await Volume(migrant.Target, "disk"));
    }

    [Fact]
    public async Task A_disk_that_fails_keeps_the_guest_here()
    {
        await using Migrant migrant = await Open(Disk("vda", "disk"));
        migrant.Source.Command("block-job-error vda percent=50 message=\"No space left on device\"", "guest");
        Assert.Equal("operation failed: migration of disk vda failed: No space left on device", (await FailsAsync(() => migrant.RunAsync(All))).Message);
        await migrant.Source.Domains.MigrateConfirm3Params(Call, migrant.Source.Find("guest"), [], [], All, 1);
        Assert.Equal(DomainState.Running, migrant.Source.State(migrant.Source.Find("guest")).State);
        Assert.Equal(ErrorCode.NoStorageVol, (await FailsAsync(() => Volume(migrant.Target, "disk"))).Code);
    }

    [Fact]
    public async Task A_guest_that_stops_meanwhile_arrives_nowhere()
    {
        await using Migrant migrant = await Open(Disk("vda", "disk"));
        await migrant.PrepareAsync(All);
        Task<byte[]> moving = migrant.PerformAsync(All);
        migrant.Advance("500ms");
        await migrant.Source.Domains.Destroy(Call, migrant.Source.Find("guest"));
        Assert.Equal("operation failed: domain is no longer running", (await FailsAsync(() => moving)).Message);
    }

    [Fact]
    public async Task Another_speed_counts_for_disks_too()
    {
        await using Migrant migrant = await Open(Disk("vda", "disk"));
        DomainRef dom = migrant.Source.Find("guest");
        await migrant.PrepareAsync(All);
        Task<byte[]> moving = migrant.PerformAsync(All);
        await migrant.Source.Domains.MigrateSetMaxSpeed(Call, dom, 1, 0);
        Assert.Equal(1ul, (await migrant.Source.Domains.GetBlockJobInfo(Call, dom, "vda", 0)).Bandwidth);
        migrant.Advance();
        await moving;
    }

    [Fact]
    public async Task What_cannot_be_is_refused()
    {
        await using Migrant migrant = await Open(Disk("vda", "disk").Replace("/default-pool", "/images", StringComparison.Ordinal));
        Assert.Equal("Storage pool not found: no storage pool with matching target path '/images'", (await FailsAsync(() => migrant.PrepareAsync(All))).Message);
        DomainRef dom = migrant.Source.Find("guest");
        await migrant.Source.Domains.MigrateConfirm3Params(Call, dom, [], [], All, 1);
        Assert.Equal("Operation not supported: migration of non-shared storage is not supported with tunnelled migration and this QEMU",
            (await FailsAsync(() => migrant.PrepareAsync(All | DomainMigrateFlags.Tunnelled))).Message);
        await migrant.Source.Domains.BlockPull(Call, dom, "vda", 0, 0);
        Assert.Equal("Requested operation is not valid: domain has active block job", (await FailsAsync(() => migrant.PrepareAsync(All))).Message);
    }

    private static async Task<Migrant> Open(string devices)
    {
        Migrant migrant = await Migrant.OpenAsync(Options, devices);
        await Make(migrant.Source, "base", 400);
        await Make(migrant.Source, "disk", 100, "base");
        return migrant;
    }

    private static string Disk(string target, string volume, string more = "") =>
        $"<disk type='file'><driver type='qcow2'/><source file='/default-pool/{volume}'/><target dev='{target}' bus='virtio'/>{more}</disk>";

    private static async Task Make(Hypervisor host, string name, ulong allocation, string? backing = null)
    {
        string below = backing is null ? "" : $"<backingStore><path>/default-pool/{backing}</path><format type='qcow2'/></backingStore>";
        StoragePoolRef pool = await host.Connection.StoragePools.LookupByName(Call, "default-pool");
        await host.Connection.StorageVols.CreateXml(Call, pool,
            $"<volume><name>{name}</name><capacity>1000</capacity><allocation>{allocation}</allocation><target><format type='qcow2'/></target>{below}</volume>", 0);
    }

    private static async Task<(ulong Capacity, ulong Allocation)> Volume(Hypervisor host, string name)
    {
        StoragePoolRef pool = await host.Connection.StoragePools.LookupByName(Call, "default-pool");
        StorageVolRef volume = await host.Connection.StorageVols.LookupByName(Call, pool, name);
        StorageVolGetInfoRet info = await host.Connection.StorageVols.GetInfo(Call, volume);
        return (info.Capacity, info.Allocation);
    }

    private static async Task<VirException> FailsAsync(Func<Task> call) => await Assert.ThrowsAsync<VirException>(call);
}
