using System.Globalization;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The steps of a migration on the host where the guest arrives.</summary>
internal sealed class MigrationTarget(TestDomains domains)
{
    private HostMigrations Migrations => domains.Host.Migrations;

    /// <summary>Makes room for a guest.</summary>
    /// <returns>Its name here, and the URI to send its memory to.</returns>
    public (string Name, string Uri) Prepare(MigrationRequest request, byte[] cookieIn)
    {
        if (request.Xml is null)
            throw VirException.Internal(ErrorDomain.Test, "no domain XML passed");
        MigrationCookie? cookie = MigrationCookie.Decode(cookieIn);
        DomainDefinition definition = domains.Parse(request.Xml, validate: false);
        if (request.Name is { } name)
            definition = definition.With(document => document.WithName(name));
        string uri = CheckUri(request.Uri);
        MigrationStorage? storage = null;
        if (request.CopiesDisks && cookie?.Disks is { Length: > 0 } disks)
        {
            storage = new MigrationStorage(domains.Host, definition.Document, disks, request);
            definition = storage.Flattened(definition, disks);
        }

        try
        {
            DomainJob? job = request.Has(DomainMigrateFlags.Offline) ? null : Start(definition);
            if (Migrations.Incoming.TryAdd(definition.Name, new IncomingGuest(definition, cookie, job, storage)))
                return (definition.Name, uri);
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, $"domain '{definition.Name}' is already on its way here");
        }
        catch
        {
            storage?.Remove();
            throw;
        }
    }

    /// <summary>The guest goes on here, or is forgotten.</summary>
    /// <param name="name">Its name here.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="cookieIn">What the source told in the end.</param>
    /// <param name="cancelled">It does not arrive.</param>
    public (DomainRef Domain, byte[] Cookie) Finish(string name, MigrationRequest request, byte[] cookieIn, bool cancelled)
    {
        if (!Migrations.Incoming.TryRemove(name, out IncomingGuest? guest))
            throw VirException.Of(ErrorCode.NoDomain, ErrorDomain.Test, $"no domain with matching name '{name}'");
        if (cancelled)
        {
            Forget(guest);
            throw VirException.Of(ErrorCode.MigrateFinishOk, ErrorDomain.Test);
        }

        if (guest.Job is null)
            return (Define(guest, request), []);
        TestDomain domain = domains.Find(guest.Definition.Uuid) ?? throw Lost(name, guest);
        DomainRef found;
        using (DomainEdit edit = domain.Edit())
        {
            DomainView view = edit.View;
            if (view.IsGone || !view.IsActive || view.Reason != (int)DomainPausedReason.Migration)
                throw Lost(name, guest);
            guest.Storage?.Fill(view.Definition.Document, MigrationCookie.Decode(cookieIn)?.Disks ?? guest.Cookie!.Disks);
            view = view with { Snapshots = MigratedSnapshots.Merge(domains, view.Snapshots, guest.Cookie) };
            bool wasPersistent = view.IsPersistent;
            if (request.Has(DomainMigrateFlags.PersistDest))
            {
                DomainDefinition pending = request.PersistentXml is { } xml ? domains.Parse(xml, validate: false) : view.Definition.WithId(-1);
                edit.Publish(view with { IsPersistent = true, Pending = pending });
                edit.Raise(DomainEventType.Defined, (int)(wasPersistent ? DomainEventDefinedDetailType.Updated : DomainEventDefinedDetailType.Added));
            }
            else
            {
                edit.Publish(view);
            }

            if (request.Has(DomainMigrateFlags.Paused))
            {
                edit.Publish(edit.View.With(DomainState.Paused, (int)DomainPausedReason.User));
                edit.Raise(DomainEventType.Suspended, (int)DomainEventSuspendedDetailType.Paused);
            }
            else
            {
                edit.Publish(edit.View.With(DomainState.Running, (int)DomainRunningReason.Migrated));
                edit.Raise(DomainEventType.Resumed, (int)DomainEventResumedDetailType.Migrated);
            }

            found = edit.View.Ref;
        }

        domain.Jobs.End(guest.Job, found, DomainJobType.Completed);
        return (found, []);
    }

    /// <summary>The client is gone before the guest has arrived.</summary>
    public void Abandon(string name)
    {
        if (Migrations.Incoming.TryRemove(name, out IncomingGuest? guest))
            Forget(guest);
    }

    /// <summary>The guest is there, and stands still until its memory has come.</summary>
    private DomainJob Start(DomainDefinition definition)
    {
        DomainRef dom = domains.AddOrChange(definition, mustBeIdle: true, (view, isNew) => new DomainChange(
            (isNew ? view : view.Assign(definition, live: true)).Start(domains.NextId(), DomainRunningReason.Migrated)
                .With(DomainState.Paused, (int)DomainPausedReason.Migration),
            DomainEventType.Started,
            (int)DomainEventStartedDetailType.Migrated));
        return domains.Get(dom).Jobs.Begin(DomainJobOperation.MigrationIn);
    }

    private DomainRef Define(IncomingGuest guest, MigrationRequest request)
    {
        DomainDefinition definition = request.PersistentXml is { } xml ? domains.Parse(xml, validate: false) : guest.Definition;
        return domains.AddOrChange(definition, mustBeIdle: false, (view, isNew) =>
        {
            view = (isNew ? view : view.Assign(definition, live: false)) with { IsPersistent = true };
            return new DomainChange(
                view with { Snapshots = MigratedSnapshots.Merge(domains, view.Snapshots, guest.Cookie) },
                DomainEventType.Defined,
                (int)(isNew ? DomainEventDefinedDetailType.Added : DomainEventDefinedDetailType.Updated));
        });
    }

    private void Forget(IncomingGuest guest)
    {
        Stop(guest);
        guest.Storage?.Remove();
    }

    private void Stop(IncomingGuest guest)
    {
        if (guest.Job is null || domains.Find(guest.Definition.Uuid) is not { } domain)
            return;
        DomainRef about = domain.View.Ref;
        using (DomainEdit edit = domain.Edit())
        {
            if (edit.View is { IsGone: false, IsActive: true })
                TestDomainDriver.Stop(edit, DomainShutoffReason.Failed, DomainEventStoppedDetailType.Failed);
        }

        domain.Jobs.End(guest.Job, about, DomainJobType.Failed);
    }

    /// <summary>Where the guest's memory would go: an address of this host, or the one that the client knows.</summary>
    private string CheckUri(string? uri)
    {
        if (uri is null)
            return string.Create(CultureInfo.InvariantCulture, $"tcp://{Environment.MachineName}:{Migrations.NextPort()}");
        // The older form has no slashes: tcp:host:port.
        int colon = uri.IndexOf(':', StringComparison.Ordinal);
        string scheme = colon < 0 ? "" : uri[..colon];
        if (scheme.Length == 0)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"missing scheme in migration URI: {uri}");
        if (scheme is not ("tcp" or "rdma" or "unix"))
            throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.Test, $"unsupported scheme {scheme} in migration URI {uri}");
        return uri;
    }

    private static VirException Lost(string name, IncomingGuest guest)
    {
        guest.Storage?.Remove();
        return VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, $"domain '{name}' is not on its way here any more");
    }
}
