using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Start and stop, pause and resume.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask<DomainRef> CreateXml(CallContext call, string xmlDesc, DomainCreateFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainCreateFlags.StartValidate, "testDomainCreateXML");
        DomainDefinition definition = domains.Parse(xmlDesc, flags.HasFlag(DomainCreateFlags.StartValidate));
        return new(domains.Run(definition, DomainRunningReason.Booted, DomainEventStartedDetailType.Booted));
    }

    public override ValueTask<DomainRef> CreateXmlWithFiles(CallContext call, string xmlDesc, DomainCreateFlags flags) =>
        CreateXml(call, xmlDesc, flags);

    public override async ValueTask Create(CallContext call, DomainRef dom) => await CreateWithFlags(call, dom, DomainCreateFlags.None);

    public override ValueTask<DomainRef> CreateWithFiles(CallContext call, DomainRef dom, DomainCreateFlags flags) =>
        CreateWithFlags(call, dom, flags);

    public override ValueTask<DomainRef> CreateWithFlags(CallContext call, DomainRef dom, DomainCreateFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testDomainCreateWithFlags");
        using DomainEdit edit = domains.Edit(dom);
        if (edit.View.State != DomainState.Shutoff)
            throw VirException.Internal(ErrorDomain.Test, $"Domain '{dom.Name}' is already running");
        edit.Publish(edit.View.Start(domains.NextId(), DomainRunningReason.Booted));
        edit.Raise(DomainEventType.Started, (int)DomainEventStartedDetailType.Booted);
        return new(edit.View.Ref);
    }

    public override ValueTask Suspend(CallContext call, DomainRef dom)
    {
        using DomainEdit edit = domains.Edit(dom, DomainChanges.Suspend);
        if (edit.View.State is DomainState.Shutoff or DomainState.Paused)
            throw VirException.Internal(ErrorDomain.Test, $"domain '{dom.Name}' not running");
        edit.Publish(edit.View.With(DomainState.Paused, (int)DomainPausedReason.User));
        edit.Raise(DomainEventType.Suspended, (int)DomainEventSuspendedDetailType.Paused);
        return default;
    }

    public override ValueTask Resume(CallContext call, DomainRef dom)
    {
        using DomainEdit edit = domains.Edit(dom);
        if (edit.View.State != DomainState.Paused)
            throw VirException.Internal(ErrorDomain.Test, $"domain '{dom.Name}' not paused");
        edit.Publish(edit.View.With(DomainState.Running, (int)DomainRunningReason.Unpaused));
        edit.Raise(DomainEventType.Resumed, (int)DomainEventResumedDetailType.Unpaused);
        return default;
    }

    public override ValueTask Destroy(CallContext call, DomainRef dom) => DestroyFlags(call, dom, DomainDestroyFlagsValues.Default);

    public override ValueTask DestroyFlags(CallContext call, DomainRef dom, DomainDestroyFlagsValues flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainDestroyFlagsValues.Graceful, "testDomainDestroyFlags");
        using DomainEdit edit = domains.Edit(dom, DomainChanges.Destroy);
        RequireActive(edit.View);
        Stop(edit, DomainShutoffReason.Destroyed, DomainEventStoppedDetailType.Destroyed);
        return default;
    }

    public override ValueTask Shutdown(CallContext call, DomainRef dom) => ShutdownFlags(call, dom, DomainShutdownFlagValues.Default);

    public override ValueTask ShutdownFlags(CallContext call, DomainRef dom, DomainShutdownFlagValues flags)
    {
        FlagCheck.Require((uint)flags, 0, "testDomainShutdownFlags");
        using DomainEdit edit = domains.Edit(dom);
        if (edit.View.State == DomainState.Shutoff)
            throw VirException.Internal(ErrorDomain.Test, $"domain '{dom.Name}' not running");
        EndSoon(edit, static document => document.OnPoweroff);
        return default;
    }

    public override ValueTask Reboot(CallContext call, DomainRef dom, DomainRebootFlagValues flags)
    {
        const DomainRebootFlagValues Known = DomainRebootFlagValues.AcpiPowerBtn | DomainRebootFlagValues.GuestAgent | DomainRebootFlagValues.Initctl
            | DomainRebootFlagValues.Signal | DomainRebootFlagValues.Paravirt;
        FlagCheck.Require((uint)flags, (uint)Known, "testDomainReboot");
        using DomainEdit edit = domains.Edit(dom);
        RequireActive(edit.View);
        EndSoon(edit, static document => document.OnReboot);
        return default;
    }

    public override ValueTask Reset(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainReset");
        ActiveView(dom);
        return default;
    }

    /// <summary>The domain stops; a transient one is gone with that.</summary>
    internal static void Stop(DomainEdit edit, DomainShutoffReason reason, DomainEventStoppedDetailType detail)
    {
        edit.Publish(edit.View.Stop(reason));
        if (!edit.View.IsPersistent)
            edit.Remove();
        edit.Raise(DomainEventType.Stopped, (int)detail);
    }

    /// <summary>The guest ends as it was asked to: at once, or after the time that the host's guests take for it.</summary>
    private void EndSoon(DomainEdit edit, Func<DomainDocument, string> action)
    {
        if (Host.Options.Shutdown > TimeSpan.Zero)
            _ = EndLaterAsync(edit.View.Ref, action);
        else
            End(edit, action);
    }

    private async Task EndLaterAsync(DomainRef dom, Func<DomainDocument, string> action)
    {
        await Task.Delay(Host.Options.Shutdown, Host.Time).ConfigureAwait(false);
        if (domains.Find(dom.Uuid) is not { } domain)
            return;
        using DomainEdit edit = domain.Edit();
        if (edit.View is { IsGone: false } view && view.Definition.Id == dom.Id)
            End(edit, action);
    }

    /// <summary>The guest has ended by itself: its definition says whether it stops or starts over.</summary>
    internal static void End(DomainEdit edit, Func<DomainDocument, string> action)
    {
        if (action(edit.View.Definition.Document) is "restart" or "rename-restart")
            edit.Publish(edit.View.With(DomainState.Running, (int)DomainRunningReason.Booted));
        else
            Stop(edit, DomainShutoffReason.Shutdown, DomainEventStoppedDetailType.Shutdown);
    }
}
