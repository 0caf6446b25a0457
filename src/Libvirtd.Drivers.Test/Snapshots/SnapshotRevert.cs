using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainSnapshotRevertFlags;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestSnapshotDriver
{
    /// <summary>
    /// Returns a domain to a snapshot. A running or paused snapshot starts the domain anew (STOPPED where it ran, STARTED, SUSPENDED where it
    /// ends paused); any other stops it where it runs.
    /// </summary>
    public override ValueTask RevertToSnapshot(CallContext call, DomainSnapshotRef snap, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Running | Flags.Paused | Flags.Force), "testDomainRevertToSnapshot");
        using DomainEdit edit = domains.Edit(snap.Dom);
        SnapshotDefinition snapshot = Find(edit.View, snap.Name).Definition;
        if (!edit.View.IsPersistent && !snapshot.IsOnline && (flags & (Flags.Running | Flags.Paused)) == 0)
        {
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test,
                "transient domain needs to request run or pause to revert to inactive snapshot");
        }

        if (snapshot.Document.Domain is not { } document)
        {
            throw VirException.Of(ErrorCode.SnapshotRevertRisky, ErrorDomain.Test,
                $"snapshot '{snapshot.Name}' lacks domain '{edit.View.Definition.Name}' rollback info");
        }

        DomainDefinition config = new(document);
        if (snapshot.IsOnline)
            Restart(edit, config, flags.HasFlag(Flags.Paused) || (snapshot.State == SnapshotDefinition.Paused && !flags.HasFlag(Flags.Running)), flags);
        else
            StayStopped(edit, config, flags);
        edit.Publish(edit.View with { Snapshots = edit.View.Snapshots with { Current = snapshot.Name } });
        return default;
    }

    private void Restart(DomainEdit edit, DomainDefinition config, bool pause, Flags flags)
    {
        if (edit.View.IsActive)
        {
            edit.Publish(edit.View.Stop(DomainShutoffReason.FromSnapshot));
            edit.Raise(DomainEventType.Stopped, (int)DomainEventStoppedDetailType.FromSnapshot);
        }

        DomainView started = edit.View.Assign(config, live: false).Start(domains.NextId(), DomainRunningReason.FromSnapshot);
        // RUNNING wins where both are asked for.
        bool isPaused = pause && !flags.HasFlag(Flags.Running);
        edit.Publish(isPaused ? started.With(DomainState.Paused, (int)DomainPausedReason.FromSnapshot) : started);
        edit.Raise(DomainEventType.Started, (int)DomainEventStartedDetailType.FromSnapshot);
        if (isPaused)
            edit.Raise(DomainEventType.Suspended, (int)DomainEventSuspendedDetailType.FromSnapshot);
    }

    private static void StayStopped(DomainEdit edit, DomainDefinition config, Flags flags)
    {
        bool wasActive = edit.View.IsActive;
        DomainView view = edit.View.Assign(config, live: false);
        edit.Publish(wasActive ? view.Stop(DomainShutoffReason.FromSnapshot) : view);
        if (wasActive)
            edit.Raise(DomainEventType.Stopped, (int)DomainEventStoppedDetailType.FromSnapshot);
        if ((flags & (Flags.Running | Flags.Paused)) == 0)
            return;
        // Upstream tells that the domain starts, and leaves it shut off.
        edit.Raise(DomainEventType.Started, (int)DomainEventStartedDetailType.FromSnapshot);
        if (flags.HasFlag(Flags.Paused))
            edit.Raise(DomainEventType.Suspended, (int)DomainEventSuspendedDetailType.FromSnapshot);
    }
}
