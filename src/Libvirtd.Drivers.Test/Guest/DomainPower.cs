using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A guest that sleeps, and what is measured of one: beyond upstream's test driver, with the rules and texts of QEMU's.</summary>
internal sealed partial class TestDomainDriver
{
    private const int LongestDirtyRate = 60;

    public override ValueTask PmSuspendForDuration(CallContext call, DomainRef dom, NodeSuspendTarget target, ulong duration, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainPMSuspendForDuration");
        if (duration != 0)
            throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.Test, "Duration not supported. Use 0 for now");
        if ((uint)target > (uint)NodeSuspendTarget.Hybrid)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"Unknown suspend target: {(uint)target}");
        using DomainEdit edit = domains.Edit(dom, DomainChanges.Agent);
        RequireAgent(edit.View);
        bool toDisk = target == NodeSuspendTarget.Disk;
        Node? rules = edit.View.Definition.Document.Root.Child("pm");
        if (rules?.Child(toDisk ? "suspend-to-disk" : "suspend-to-mem")?["enabled"] == "no")
            throw VirException.Internal(ErrorDomain.Test, $"{(toDisk ? "S4" : "S3")} state is disabled for this domain");
        if (edit.View.State != DomainState.Running)
            throw NotRunning();
        edit.Publish(edit.View.With(DomainState.Pmsuspended, (int)DomainPmSuspendedReason.Unknown));
        if (edit.Events.HasListeners)
            edit.Events.Raise(toDisk ? new DomainPmsuspendDiskEvent { Dom = edit.View.Ref } : new DomainPmsuspendEvent { Dom = edit.View.Ref });
        edit.Raise(DomainEventType.Pmsuspended,
            (int)(toDisk ? DomainEventPmSuspendedDetailType.Disk : DomainEventPmSuspendedDetailType.Memory));
        if (toDisk)
            Stop(edit, DomainShutoffReason.Shutdown, DomainEventStoppedDetailType.Shutdown);
        return default;
    }

    public override ValueTask PmWakeup(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainPMWakeup");
        using DomainEdit edit = domains.Edit(dom);
        RequireActive(edit.View);
        if (edit.View.State != DomainState.Pmsuspended)
        {
            throw VirException.Internal(ErrorDomain.Test,
                "unable to execute QEMU command 'system_wakeup': Unable to wake up: guest is not in suspended state");
        }

        edit.Publish(edit.View.With(DomainState.Running, (int)DomainRunningReason.Wakeup));
        if (edit.Events.HasListeners)
            edit.Events.Raise(new DomainPmwakeupEvent { Dom = edit.View.Ref });
        edit.Raise(DomainEventType.Started, (int)DomainEventStartedDetailType.Wakeup);
        return default;
    }

    public override ValueTask StartDirtyRateCalc(CallContext call, DomainRef dom, int seconds, DomainDirtyRateCalcFlags flags)
    {
        const DomainDirtyRateCalcFlags Known = DomainDirtyRateCalcFlags.DirtyBitmap | DomainDirtyRateCalcFlags.DirtyRing;
        FlagCheck.Require((uint)flags, (uint)Known, "testDomainStartDirtyRateCalc");
        if (seconds is < 1 or > LongestDirtyRate)
        {
            throw VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Test,
                $"seconds={seconds} is invalid, please choose value within [1, {LongestDirtyRate}].");
        }

        using DomainEdit edit = domains.Edit(dom);
        RequireActive(edit.View);
        bool byRing = flags.HasFlag(DomainDirtyRateCalcFlags.DirtyRing);
        if (byRing && edit.View.Definition.Document.Root.Find("features", "kvm", "dirty-ring")?["state"] != "on")
        {
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test,
                "dirty-ring calculation mode requires dirty-ring feature enabled.");
        }

        string mode = byRing ? DirtyRate.Ring : flags.HasFlag(DomainDirtyRateCalcFlags.DirtyBitmap) ? DirtyRate.Bitmap : DirtyRate.Sampling;
        DirtyRate rate = new(Host.Time.GetUtcNow().ToUnixTimeSeconds(), seconds, mode);
        edit.Publish(edit.View with { Run = edit.View.Run with { DirtyRate = rate } });
        return default;
    }

    /// <summary>A secret for an encrypted guest is taken, and nobody reads it.</summary>
    public override ValueTask SetLaunchSecurityState(CallContext call, DomainRef dom, TypedParam[] @params, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainSetLaunchSecurityState");
        TypedParamRules.Require(@params, ("sev-secret-header", TypedParameterType.String), ("sev-secret", TypedParameterType.String),
            ("sev-secret-set-address", TypedParameterType.Ullong));
        DomainView view = View(dom);
        if (view.Definition.Document.Root.Child("launchSecurity")?["type"] != "sev")
        {
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test,
                "setting a launch secret is only supported in SEV-enabled domains");
        }

        if (@params.Find("sev-secret-header") is null || @params.Find("sev-secret") is null)
            throw VirException.Internal(ErrorDomain.Test, "Both secret and the secret header are required");
        RequireActive(view);
        return view.State == DomainState.Paused ? default : throw Invalid("domain must be in a paused state");
    }
}
