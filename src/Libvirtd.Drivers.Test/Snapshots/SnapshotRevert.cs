using Libvirtd.Documents;
using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainSnapshotRevertFlags;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestSnapshotDriver
{
    /// <summary>
    /// Returns a domain to a snapshot. A running or paused snapshot starts the domain anew (STOPPED where it ran, STARTED, SUSPENDED where it
    /// ends paused); any other stops it where it runs. The images of the snapshot stay as they are: the domain goes on above them.
    /// </summary>
    public override ValueTask RevertToSnapshot(CallContext call, DomainSnapshotRef snap, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Running | Flags.Paused | Flags.Force), "testDomainRevertToSnapshot", beyond: (uint)Flags.ResetNvram);
        using DomainEdit edit = domains.Edit(snap.Dom, DomainChanges.Job);
        SnapshotDefinition snapshot = Find(edit.View, snap.Name).Definition;
        if (!edit.View.IsPersistent && !snapshot.IsOnline && (flags & (Flags.Running | Flags.Paused)) == 0)
        {
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test,
                "transient domain needs to request run or pause to revert to inactive snapshot");
        }

        if (snapshot.Document.Domain is null)
        {
            throw VirException.Of(ErrorCode.SnapshotRevertRisky, ErrorDomain.Test,
                $"snapshot '{snapshot.Name}' lacks domain '{edit.View.Definition.Name}' rollback info");
        }

        if (edit.View.Blocks.Jobs.Count > 0)
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, "domain has active block job");
        HashSet<string> before = Images.Files.IsEmpty ? [] : ImageHolders.Of(Images, edit.View, null).Files;
        SnapshotReturn back = new(Images, edit.View, snapshot, Host.Time.GetUtcNow().ToUnixTimeSeconds());
        DomainDefinition config = new(back.Domain);
        DomainDefinition? inactive = back.InactiveDomain is null ? null : new(back.InactiveDomain);
        if (snapshot.IsOnline)
            Restart(edit, config, inactive, snapshot.State == SnapshotDefinition.Paused, flags);
        else if (snapshot.IsExternal && (flags & (Flags.Running | Flags.Paused)) != 0)
            Restart(edit, config, inactive, pause: false, flags);
        else
            StayStopped(edit, inactive ?? config, flags);
        SnapshotTree tree = edit.View.Snapshots;
        if (!ReferenceEquals(back.Document, snapshot.Document))
            tree = tree.Update([new SnapshotDefinition(back.Document)]);
        edit.Publish(edit.View with { Snapshots = tree with { Current = snapshot.Name } });
        Images.RemoveLeftOver(before);
        return default;
    }

    private TestHost Host => domains.Host;

    private void Restart(DomainEdit edit, DomainDefinition config, DomainDefinition? inactive, bool pause, Flags flags)
    {
        if (edit.View.IsActive)
        {
            edit.Publish(edit.View.Stop(DomainShutoffReason.FromSnapshot));
            edit.Raise(DomainEventType.Stopped, (int)DomainEventStoppedDetailType.FromSnapshot);
        }

        DomainView stopped = inactive is null ? edit.View : edit.View.Assign(inactive, live: false);
        DomainView started = stopped.Assign(config, live: inactive is not null).Start(domains.NextId(), DomainRunningReason.FromSnapshot);
        // RUNNING wins where both are asked for.
        bool isPaused = (pause || flags.HasFlag(Flags.Paused)) && !flags.HasFlag(Flags.Running);
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
