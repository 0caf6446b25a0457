using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The steps of a migration on the host that the guest leaves.</summary>
internal sealed class MigrationSource(TestDomains domains)
{
    private const ulong BytesPerMib = 1024 * 1024;

    private TestHost Host => domains.Host;

    private HostMigrations Migrations => domains.Host.Migrations;

    /// <summary>Checks that a domain can leave, and tells what the destination has to know of it.</summary>
    public (byte[] Cookie, string Xml) Begin(in DomainRef dom, MigrationRequest request)
    {
        TestDomain domain = domains.Get(dom);
        DomainView view = domain.View;
        Check(view, request);
        if (request.Has(DomainMigrateFlags.ChangeProtection) && view.IsActive)
            domain.Jobs.Begin(DomainJobOperation.MigrationOut);
        try
        {
            string xml = view.Definition.Text(DomainXmlFlags.Secure | DomainXmlFlags.Migratable | DomainXmlFlags.Inactive);
            if (request.Xml is { } other)
            {
                DomainDefinition wanted = domains.Parse(other, validate: false);
                if (wanted.Uuid != view.Definition.Uuid)
                {
                    throw VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.None,
                        $"Target domain uuid {wanted.Uuid:D} does not match source {view.Definition.Uuid:D}");
                }

                xml = other;
            }

            return (MakeCookie(view, request).Encode(), xml);
        }
        catch
        {
            Give(domain, view.Ref, DomainJobType.Failed, null);
            throw;
        }
    }

    /// <summary>Moves the guest's memory. The guest then stands still until it is known whether it runs at its destination.</summary>
    /// <param name="dom">The domain.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="isConfirmed">A confirmation follows; otherwise this step is the last, and the domain stops here.</param>
    /// <param name="client">Ends when the client that manages the migration is gone: then nobody is there to end it, and it comes to nothing.</param>
    public async Task<byte[]> PerformAsync(DomainRef dom, MigrationRequest request, bool isConfirmed, CancellationToken client)
    {
        TestDomain domain = domains.Get(dom);
        DomainJob job = domain.Jobs.Current is { Operation: DomainJobOperation.MigrationOut } begun ? begun : domain.Jobs.Begin(DomainJobOperation.MigrationOut);
        DomainRef about = domain.View.Ref;
        using CancellationTokenRegistration gone = client.Register(job.Abort);
        try
        {
            await TransferAsync(domain, job, request).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (job.Aborted.IsCancellationRequested)
        {
            Restore(domain, about);
            domain.Jobs.End(job, about, DomainJobType.Cancelled);
            throw VirException.Of(ErrorCode.OperationAborted, ErrorDomain.Test, "migration out job: canceled by client");
        }
        catch (Exception e)
        {
            Restore(domain, about);
            domain.Jobs.End(job, about, DomainJobType.Failed, e.Message);
            throw;
        }

        byte[] cookie = MakeCookie(domain.View, request).Encode();
        if (!isConfirmed)
            Leave(domain, about, request);
        return cookie;
    }

    /// <summary>The guest stands still by itself, and is to do so at its destination.</summary>
    public bool IsPaused(in DomainRef dom) => domains.Get(dom).View.State == DomainState.Paused;

    /// <summary>The end of it, when it is known whether the guest runs at its destination.</summary>
    public void Confirm(in DomainRef dom, MigrationRequest request, bool cancelled)
    {
        TestDomain domain = domains.Get(dom);
        DomainRef about = domain.View.Ref;
        if (request.Has(DomainMigrateFlags.Offline) && !domain.View.IsActive)
        {
            if (!cancelled)
                Undefine(domain, request);
            return;
        }

        if (!cancelled)
        {
            Leave(domain, about, request);
            return;
        }

        Restore(domain, about);
        Give(domain, about, DomainJobType.Failed, "the guest did not start at its destination");
    }

    /// <summary>The client is gone in the middle: who was only protected is free again; who stands still waits for an operator, as upstream has it.</summary>
    public void Abandon(in DomainRef dom)
    {
        if (domains.Find(dom.Uuid) is { } domain && !Migrations.Transfers.ContainsKey(dom.Uuid))
            Give(domain, dom, DomainJobType.Failed, "the client went away");
    }

    private async Task TransferAsync(TestDomain domain, DomainJob job, MigrationRequest request)
    {
        DomainDefinition definition = domain.View.Definition;
        Guid uuid = definition.Uuid;
        bool isLive = request.Has(DomainMigrateFlags.Live) && domain.View.State == DomainState.Running;
        if (!isLive)
            Pause(domain, DomainPausedReason.Migration, DomainEventSuspendedDetailType.Migrated);
        ulong speed = request.Bandwidth > 0 ? request.Bandwidth : Migrations.LimitsOf(uuid).Speed;
        if (speed > MigrationLimits.MostSpeed)
            throw VirException.Of(ErrorCode.Overflow, ErrorDomain.Test, $"bandwidth must be less than {MigrationLimits.MostSpeed + 1}");
        MigrationDisks disks = new(Host, domain, request);
        Migrations.Copies[uuid] = disks;
        try
        {
            ulong memory = definition.Memory * 1024;
            job.Progress = () => disks.Progress(new JobProgress { MemoryTotal = memory, MemoryRemaining = memory });
            await disks.CopyAsync(Rate(speed), job.Aborted).ConfigureAwait(false);
            await MoveMemoryAsync(domain, job, request, isLive, disks).ConfigureAwait(false);
            disks.RequireWhole();
        }
        finally
        {
            Migrations.Copies.TryRemove(uuid, out _);
            disks.End();
        }

        JobProgress last = job.Progress() with { Downtime = TimeSpan.Zero };
        job.Progress = () => last;
        job.AbortRefusal = "the migration is about to end";
    }

    private async Task MoveMemoryAsync(TestDomain domain, DomainJob job, MigrationRequest request, bool isLive, MigrationDisks disks)
    {
        DomainDefinition definition = domain.View.Definition;
        Guid uuid = definition.Uuid;
        // Disks may have taken long enough for another limit to be set.
        ulong speed = request.Bandwidth > 0 ? request.Bandwidth : Migrations.LimitsOf(uuid).Speed;
        MigrationTransfer transfer = new(Host.Time, definition.Memory * 1024, isLive, Host.Options.Migration, Rate(speed));
        job.Progress = () => disks.Progress(transfer.Progress());
        // Only a migration that asked for it may be cut.
        if (request.Has(DomainMigrateFlags.Postcopy))
            job.OnPostcopy = transfer.Cut;
        Migrations.Transfers[uuid] = transfer;
        try
        {
            await transfer.RunAsync(pass => RaiseIteration(domain, pass), job.Aborted).ConfigureAwait(false);
        }
        finally
        {
            Migrations.Transfers.TryRemove(uuid, out _);
        }

        if (domain.View.Definition.Id != definition.Id)
            throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, "domain is no longer running");
        if (isLive && transfer.IsCut)
            Pause(domain, DomainPausedReason.Postcopy, DomainEventSuspendedDetailType.Postcopy);
        else if (isLive)
            Pause(domain, DomainPausedReason.Migration, DomainEventSuspendedDetailType.Migrated);
    }

    /// <summary>Bytes a second of a speed in MiB; 0 where that is no limit.</summary>
    public static ulong Rate(ulong mib) => mib is 0 or MigrationLimits.MostSpeed ? 0 : mib * BytesPerMib;

    private static void Check(DomainView view, MigrationRequest request)
    {
        bool isOffline = request.Has(DomainMigrateFlags.Offline);
        if (!view.IsActive && !isOffline)
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Domain, "domain is not running");
        if (request.Has(DomainMigrateFlags.Postcopy) && (!request.Has(DomainMigrateFlags.Live) || request.Has(DomainMigrateFlags.Paused)))
            throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.Test, "post-copy migration is not supported with non-live or paused migration");
        if (request.Has(DomainMigrateFlags.Postcopy) && request.Has(DomainMigrateFlags.Tunnelled))
            throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.Test, "post-copy is not supported with tunnelled migration");
        if (request.Has(DomainMigrateFlags.PostcopyResume))
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, $"migration of domain {view.Definition.Name} is not in post-copy phase");
        if (isOffline && request.Has(DomainMigrateFlags.NonSharedDisk | DomainMigrateFlags.NonSharedInc))
            throw Invalid("offline migration cannot handle non-shared storage");
        if (isOffline && !request.Has(DomainMigrateFlags.PersistDest))
            throw Invalid("offline migration must be specified with the persistent flag set");
        if (isOffline && request.Has(DomainMigrateFlags.Tunnelled))
            throw Invalid("tunnelled offline migration does not make sense");
        if (request.Has(DomainMigrateFlags.Zerocopy) && !request.Has(DomainMigrateFlags.Parallel))
            throw Invalid("zero-copy is only available for parallel migration");
        if (request.CopiesDisks && request.Has(DomainMigrateFlags.Tunnelled))
        {
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test,
                "migration of non-shared storage is not supported with tunnelled migration and this QEMU");
        }

        if (view.Blocks.Jobs.Count > 0)
            throw Invalid("domain has active block job");
        foreach (string disk in request.Disks)
        {
            if (!view.Definition.Document.Disks.Any(one => one.Target == disk))
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"disk target {disk} not found");
        }
    }

    private MigrationCookie MakeCookie(DomainView view, MigrationRequest request) => new()
    {
        Name = view.Definition.Name,
        Uuid = view.Definition.Uuid,
        Snapshots = MigratedSnapshots.Texts(view),
        Current = view.Snapshots.Current,
        Disks = [.. MigratedDisk.Select(view.Definition.Document, request).Select(disk => MigratedDisk.Of(Host.Images, disk, request))],
    };

    private static void RaiseIteration(TestDomain domain, int pass)
    {
        EventHub events = domain.Owner.Host.Events;
        if (events.HasListeners)
            events.Raise(new DomainMigrationIterationEvent { Dom = domain.View.Ref, Iteration = pass });
    }

    private static void Pause(TestDomain domain, DomainPausedReason reason, DomainEventSuspendedDetailType detail)
    {
        using DomainEdit edit = domain.Edit();
        if (edit.View.State != DomainState.Running)
            return;
        edit.Publish(edit.View.With(DomainState.Paused, (int)reason));
        edit.Raise(DomainEventType.Suspended, (int)detail);
    }

    /// <summary>It came to nothing: who was stopped for it goes on.</summary>
    private static void Restore(TestDomain domain, in DomainRef about)
    {
        using DomainEdit edit = domain.Edit();
        if (edit.View is not { IsGone: false, State: DomainState.Paused } view || view.Definition.Id != about.Id
            || view.Reason is not ((int)DomainPausedReason.Migration or (int)DomainPausedReason.Postcopy))
            return;
        edit.Publish(view.With(DomainState.Running, (int)DomainRunningReason.MigrationCanceled));
        edit.Raise(DomainEventType.Resumed, (int)DomainEventResumedDetailType.Migrated);
    }

    /// <summary>The guest runs elsewhere now.</summary>
    private static void Leave(TestDomain domain, DomainRef about, MigrationRequest request)
    {
        using (DomainEdit edit = domain.Edit())
        {
            if (edit.View is { IsGone: false } view && view.Definition.Id == about.Id && view.IsActive)
            {
                if (request.Has(DomainMigrateFlags.UndefineSource))
                    edit.Publish(view with { IsPersistent = false });
                TestDomainDriver.Stop(edit, DomainShutoffReason.Migrated, DomainEventStoppedDetailType.Migrated);
            }
        }

        Give(domain, about, DomainJobType.Completed, null);
    }

    private static void Undefine(TestDomain domain, MigrationRequest request)
    {
        using DomainEdit edit = domain.Edit();
        if (!request.Has(DomainMigrateFlags.UndefineSource) || edit.View.IsGone)
            return;
        edit.Publish(edit.View with { IsPersistent = false });
        edit.Remove();
    }

    private static void Give(TestDomain domain, in DomainRef about, DomainJobType type, string? error)
    {
        if (domain.Jobs.Current is { Operation: DomainJobOperation.MigrationOut } job)
            domain.Jobs.End(job, about, type, error);
    }

    private static VirException Invalid(string detail) => VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, detail);
}
