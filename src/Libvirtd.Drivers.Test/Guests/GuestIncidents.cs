using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What happens to guests unasked: crashes, panics, failing disks, watchdogs. States and events follow as a QEMU host has them.</summary>
internal static class GuestIncidents
{
    /// <summary>The hypervisor's process dies: the domain stops as crashed, whatever its definition says of crashes.</summary>
    public static void Crash(DomainEdit edit)
    {
        RequireActive(edit.View);
        CheckpointBitmaps.Break(edit.Domain.Owner.Host.Images, edit.View);
        TestDomainDriver.Stop(edit, DomainShutoffReason.Crashed, DomainEventStoppedDetailType.Failed);
    }

    /// <summary>The guest's kernel panics: what follows is what the definition's on_crash wants.</summary>
    public static void Panic(DomainEdit edit)
    {
        RequireActive(edit.View);
        edit.Publish(edit.View.With(DomainState.Crashed, (int)DomainCrashedReason.Panicked));
        edit.Raise(DomainEventType.Crashed, (int)DomainEventCrashedDetailType.Panicked);
        switch (edit.View.Definition.Document.OnCrash)
        {
            case "restart" or "rename-restart" or "coredump-restart":
                edit.Publish(edit.View.With(DomainState.Running, (int)DomainRunningReason.Booted));
                RaiseReboot(edit);
                break;
            case "preserve":
                break;
            default:
                TestDomainDriver.Stop(edit, DomainShutoffReason.Crashed, DomainEventStoppedDetailType.Crashed);
                break;
        }
    }

    /// <summary>A disk reports an error.</summary>
    /// <param name="edit">The domain.</param>
    /// <param name="target">The disk's target; null for the first disk.</param>
    /// <param name="reason">Why, such as enospc; may be empty.</param>
    /// <param name="action">What the hypervisor does; null asks the disk's own error policy, which pauses where it says nothing.</param>
    public static DomainDisk DiskError(DomainEdit edit, string? target, string reason, DomainEventIoErrorAction? action)
    {
        RequireActive(edit.View);
        DomainDisk disk = FindDisk(edit.View, target);
        action ??= disk.Node.Child("driver")?["error_policy"] switch
        {
            "report" => DomainEventIoErrorAction.Report,
            "ignore" => DomainEventIoErrorAction.None,
            "enospace" => reason == "enospc" ? DomainEventIoErrorAction.Pause : DomainEventIoErrorAction.Report,
            _ => DomainEventIoErrorAction.Pause,
        };
        string source = edit.Domain.Owner.Host.Images.ChainOf(disk.Node).Active.Path ?? "";
        string alias = disk.Node.Child("alias")?["name"] ?? disk.Target;
        if (edit.Events.HasListeners)
        {
            edit.Events.Raise(new DomainIoErrorEvent { Dom = edit.View.Ref, SrcPath = source, DevAlias = alias, Action = (int)action });
            edit.Events.Raise(new DomainIoErrorReasonEvent { Dom = edit.View.Ref, SrcPath = source, DevAlias = alias, Action = (int)action, Reason = reason });
        }

        if (action == DomainEventIoErrorAction.Pause && edit.View.State == DomainState.Running)
        {
            edit.Publish(edit.View.With(DomainState.Paused, (int)DomainPausedReason.Ioerror));
            edit.Raise(DomainEventType.Suspended, (int)DomainEventSuspendedDetailType.Ioerror);
        }

        return disk;
    }

    /// <summary>The guest's watchdog fires.</summary>
    public static void Watchdog(DomainEdit edit, DomainEventWatchdogAction action)
    {
        RequireActive(edit.View);
        if (edit.Events.HasListeners)
            edit.Events.Raise(new DomainWatchdogEvent { Dom = edit.View.Ref, Action = (int)action });
        switch (action)
        {
            case DomainEventWatchdogAction.Pause when edit.View.State == DomainState.Running:
                edit.Publish(edit.View.With(DomainState.Paused, (int)DomainPausedReason.Watchdog));
                edit.Raise(DomainEventType.Suspended, (int)DomainEventSuspendedDetailType.Watchdog);
                break;
            case DomainEventWatchdogAction.Reset:
                RaiseReboot(edit);
                break;
            case DomainEventWatchdogAction.Poweroff or DomainEventWatchdogAction.Shutdown:
                TestDomainDriver.Stop(edit, DomainShutoffReason.Shutdown, DomainEventStoppedDetailType.Shutdown);
                break;
        }
    }

    /// <summary>The guest shuts itself down; on_poweroff decides.</summary>
    public static void Shutdown(DomainEdit edit)
    {
        RequireActive(edit.View);
        edit.Raise(DomainEventType.Shutdown, (int)DomainEventShutdownDetailType.Guest);
        TestDomainDriver.End(edit, static document => document.OnPoweroff);
    }

    /// <summary>The guest reboots itself.</summary>
    public static void Reboot(DomainEdit edit)
    {
        RequireActive(edit.View);
        RaiseReboot(edit);
    }

    /// <summary>The disk of that target or source; the first one without a name.</summary>
    public static DomainDisk FindDisk(DomainView view, string? target) =>
        (target is null ? view.Definition.Document.Disks.Select(static disk => (DomainDisk?)disk).FirstOrDefault() : view.Definition.FindDisk(target))
        ?? throw new MonitorException(target is null ? "the domain has no disk" : $"the domain has no disk '{target}'");

    private static void RaiseReboot(DomainEdit edit)
    {
        if (edit.Events.HasListeners)
            edit.Events.Raise(new DomainRebootEvent { Dom = edit.View.Ref });
    }

    private static void RequireActive(DomainView view)
    {
        if (!view.IsActive)
            throw new MonitorException("domain is not running");
    }
}
