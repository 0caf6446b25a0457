using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Persistent domains: define, undefine, rename, autostart.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask<DomainRef> DefineXml(CallContext call, string xml) => DefineXmlFlags(call, xml, DomainDefineFlags.None);

    public override ValueTask<DomainRef> DefineXmlFlags(CallContext call, string xml, DomainDefineFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainDefineFlags.Validate, "testDomainDefineXMLFlags");
        DomainDefinition definition = domains.Parse(xml, flags.HasFlag(DomainDefineFlags.Validate));
        if (definition.Name.Contains('\n', StringComparison.Ordinal))
            throw VirException.Of(ErrorCode.XmlDetail, ErrorDomain.Xml, $"invalid char in name: \n");
        return new(domains.AddOrChange(definition, mustBeIdle: false, (view, isNew) => new DomainChange(
            (isNew ? view : view.Assign(definition, live: false)) with { IsPersistent = true },
            DomainEventType.Defined,
            (int)(isNew || view.Replaced is null ? DomainEventDefinedDetailType.Added : DomainEventDefinedDetailType.Updated))));
    }

    public override ValueTask Undefine(CallContext call, DomainRef dom) => UndefineFlags(call, dom, 0);

    public override ValueTask UndefineFlags(CallContext call, DomainRef dom, DomainUndefineFlagsValues flags)
    {
        const DomainUndefineFlagsValues Known = DomainUndefineFlagsValues.ManagedSave | DomainUndefineFlagsValues.SnapshotsMetadata;
        FlagCheck.Require((uint)flags, (uint)Known, "testDomainUndefineFlags");
        using DomainEdit edit = domains.Edit(dom);
        DomainView view = edit.View;
        if (view.HasManagedSave && !flags.HasFlag(DomainUndefineFlagsValues.ManagedSave))
        {
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test,
                "Refusing to undefine while domain managed save image exists");
        }

        if (!view.IsActive && view.Snapshots.Count > 0 && !flags.HasFlag(DomainUndefineFlagsValues.SnapshotsMetadata))
        {
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test,
                $"cannot delete inactive domain with {view.Snapshots.Count} snapshots");
        }

        edit.Publish(view with { HasManagedSave = false, IsPersistent = !view.IsActive && view.IsPersistent });
        if (!view.IsActive)
            edit.Remove();
        edit.Raise(DomainEventType.Undefined, (int)DomainEventUndefinedDetailType.Removed);
        return default;
    }

    public override ValueTask<int> Rename(CallContext call, DomainRef dom, string? newName, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainRename");
        string name = newName ?? "";
        domains.Rename(dom, name, view =>
        {
            if (view.IsActive)
                throw Invalid("cannot rename active domain");
            if (!view.IsPersistent)
                throw Invalid("cannot rename a transient domain");
            if (view.State != DomainState.Shutoff)
                throw Invalid("domain has to be shutoff before renaming");
            if (view.Definition.Name == name)
                throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Domain, "Can't rename domain to itself");
        });
        return new(0);
    }

    public override ValueTask<bool> GetAutostart(CallContext call, DomainRef dom) => new(View(dom).Autostart);

    public override ValueTask SetAutostart(CallContext call, DomainRef dom, int autostart)
    {
        using DomainEdit edit = domains.Edit(dom);
        edit.Publish(edit.View with { Autostart = autostart != 0 });
        return default;
    }

    private static VirException Invalid(string detail) => VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, detail);
}
