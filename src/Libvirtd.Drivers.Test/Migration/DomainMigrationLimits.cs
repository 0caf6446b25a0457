using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>How fast a domain's migrations go, and what they may do to the guest.</summary>
internal sealed partial class TestDomainDriver
{
    private HostMigrations Migrations => Host.Migrations;

    public override ValueTask MigrateSetMaxDowntime(CallContext call, DomainRef dom, ulong downtime, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainMigrateSetMaxDowntime");
        ActiveView(dom);
        Migrations.SetLimits(dom.Uuid, limits => limits with { Downtime = downtime });
        return default;
    }

    public override ValueTask<ulong> MigrateGetMaxDowntime(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainMigrateGetMaxDowntime");
        ActiveView(dom);
        return new(Migrations.LimitsOf(dom.Uuid).Downtime);
    }

    /// <summary>MiB in a second; a migration under way goes on at that speed.</summary>
    public override ValueTask MigrateSetMaxSpeed(CallContext call, DomainRef dom, nuint bandwidth, DomainMigrateMaxSpeedFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainMigrateMaxSpeedFlags.Postcopy, "testDomainMigrateSetMaxSpeed");
        DomainView view = View(dom);
        bool isPostcopy = flags.HasFlag(DomainMigrateMaxSpeedFlags.Postcopy);
        ulong most = isPostcopy ? ulong.MaxValue / (1024 * 1024) : MigrationLimits.MostSpeed;
        if (bandwidth > most)
            throw VirException.Of(ErrorCode.Overflow, ErrorDomain.Test, $"bandwidth must be less than {most + 1}");
        if (isPostcopy)
        {
            RequireActive(view);
            Migrations.SetLimits(dom.Uuid, limits => limits with { PostcopySpeed = bandwidth });
            return default;
        }

        Migrations.SetLimits(dom.Uuid, limits => limits with { Speed = bandwidth });
        if (Migrations.Transfers.TryGetValue(dom.Uuid, out MigrationTransfer? transfer))
            transfer.SetRate(MigrationSource.Rate(bandwidth));
        if (Migrations.Copies.TryGetValue(dom.Uuid, out MigrationDisks? copies))
            copies.SetRate(MigrationSource.Rate(bandwidth));
        return default;
    }

    public override ValueTask<ulong> MigrateGetMaxSpeed(CallContext call, DomainRef dom, DomainMigrateMaxSpeedFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainMigrateMaxSpeedFlags.Postcopy, "testDomainMigrateGetMaxSpeed");
        DomainView view = View(dom);
        MigrationLimits limits = Migrations.LimitsOf(dom.Uuid);
        if (!flags.HasFlag(DomainMigrateMaxSpeedFlags.Postcopy))
            return new(limits.Speed);
        RequireActive(view);
        return new(limits.PostcopySpeed);
    }

    public override ValueTask<ulong> MigrateGetCompressionCache(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainMigrateGetCompressionCache");
        ActiveView(dom);
        return new(Migrations.LimitsOf(dom.Uuid).Cache);
    }

    public override ValueTask MigrateSetCompressionCache(CallContext call, DomainRef dom, ulong cacheSize, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainMigrateSetCompressionCache");
        ActiveView(dom);
        Migrations.SetLimits(dom.Uuid, limits => limits with { Cache = cacheSize });
        return default;
    }

    public override ValueTask MigrateStartPostCopy(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainMigrateStartPostCopy");
        ActiveView(dom);
        if (domains.Get(dom).Jobs.Current is not { Operation: DomainJobOperation.MigrationOut } job)
            throw Invalid("post-copy can only be started while outgoing migration is in progress");
        if (job.OnPostcopy is not { } switchOver)
            throw Invalid("switching to post-copy requires migration to be started with VIR_MIGRATE_POSTCOPY flag");
        switchOver();
        return default;
    }
}
