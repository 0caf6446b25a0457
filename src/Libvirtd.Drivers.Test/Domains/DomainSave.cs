using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Saving a domain's memory to a file and returning to it, managed or not, and core dumps.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask Save(CallContext call, DomainRef dom, string to) => SaveFlags(call, dom, to, null, DomainSaveRestoreFlags.None);

    public override ValueTask SaveFlags(CallContext call, DomainRef dom, string to, string? dxml, DomainSaveRestoreFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testDomainSaveFlags");
        RefuseChange(dxml);
        DomainDefinition running = ActiveView(dom).Definition;
        domains.Get(dom).Jobs.RequireNone();
        return new(SaveAsync(dom, running, to));
    }

    public override async ValueTask Restore(CallContext call, string from) => await RestoreFlags(call, from, null, DomainSaveRestoreFlags.None);

    public override async ValueTask RestoreFlags(CallContext call, string from, string? dxml, DomainSaveRestoreFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testDomainRestoreFlags");
        RefuseChange(dxml);
        DomainDefinition definition = domains.Parse(await SaveImage.ReadAsync(from), validate: false);
        domains.Run(definition, DomainRunningReason.Restored, DomainEventStartedDetailType.Restored);
    }

    public override async ValueTask<string> SaveImageGetXmlDesc(CallContext call, string file, DomainSaveImageXmlFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainSaveImageXmlFlags.Secure, "testDomainSaveImageGetXMLDesc");
        return domains.ParseSaved(await SaveImage.ReadAsync(file)).Text(DomainXmlFlags.Secure);
    }

    public override async ValueTask SaveImageDefineXml(CallContext call, string file, string dxml, DomainSaveRestoreFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(DomainSaveRestoreFlags.Running | DomainSaveRestoreFlags.Paused), "testDomainSaveImageDefineXML");
        await SaveImage.ReadAsync(file);
        DomainDefinition definition = domains.ParseSaved(dxml);
        await SaveImage.WriteAsync(file, definition);
    }

    public override ValueTask ManagedSave(CallContext call, DomainRef dom, DomainSaveRestoreFlags flags)
    {
        const DomainSaveRestoreFlags Known = DomainSaveRestoreFlags.BypassCache | DomainSaveRestoreFlags.Running | DomainSaveRestoreFlags.Paused;
        FlagCheck.Require((uint)flags, (uint)Known, "testDomainManagedSave");
        using DomainEdit edit = domains.Edit(dom, DomainChanges.Job);
        RequireActive(edit.View);
        if (!edit.View.IsPersistent)
            throw Invalid("cannot do managed save for transient domain");
        DomainDefinition saved = edit.View.Definition.WithId(-1);
        edit.Publish(edit.View.Stop(DomainShutoffReason.Saved) with { HasManagedSave = true, Kept = edit.View.Kept with { Saved = saved } });
        edit.Raise(DomainEventType.Stopped, (int)DomainEventStoppedDetailType.Saved);
        return default;
    }

    public override ValueTask ManagedSaveRemove(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainManagedSaveRemove");
        using DomainEdit edit = domains.Edit(dom);
        edit.Publish(edit.View with { HasManagedSave = false });
        return default;
    }

    public override ValueTask CoreDump(CallContext call, DomainRef dom, string to, DomainCoreDumpFlags flags) =>
        CoreDumpWithFormat(call, dom, to, DomainCoreDumpFormat.Raw, flags);

    public override ValueTask CoreDumpWithFormat(CallContext call, DomainRef dom, string to, DomainCoreDumpFormat dumpformat,
        DomainCoreDumpFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainCoreDumpFlags.Crash, "testDomainCoreDumpWithFormat");
        DomainDefinition running = ActiveView(dom).Definition;
        domains.Get(dom).Jobs.RequireNone();
        return new(DumpAsync(dom, running, to, dumpformat, flags));
    }

    private static void RefuseChange(string? dxml)
    {
        if (dxml is not null)
            throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.Test, "xml modification unsupported");
    }

    private async Task SaveAsync(DomainRef dom, DomainDefinition running, string path)
    {
        await SaveImage.WriteAsync(path, running);
        StopSame(dom, running, DomainShutoffReason.Saved, DomainEventStoppedDetailType.Saved);
    }

    private async Task DumpAsync(DomainRef dom, DomainDefinition running, string path, DomainCoreDumpFormat format, DomainCoreDumpFlags flags)
    {
        await SaveImage.DumpAsync(path, dom.Name);
        if (format != DomainCoreDumpFormat.Raw)
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, "kdump-compressed format is not supported here");
        if (flags.HasFlag(DomainCoreDumpFlags.Crash))
            StopSame(dom, running, DomainShutoffReason.Crashed, DomainEventStoppedDetailType.Crashed);
    }

    /// <summary>Stops a domain after its file was written, unless it has stopped, or stopped and started, meanwhile.</summary>
    private void StopSame(in DomainRef dom, DomainDefinition running, DomainShutoffReason reason, DomainEventStoppedDetailType detail)
    {
        using DomainEdit edit = domains.Edit(dom, DomainChanges.Job);
        if (edit.View.Definition.Id != running.Id)
            throw NotRunning();
        Stop(edit, reason, detail);
    }
}
