using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Younger forms of old calls, and small things that upstream's test driver lacks.</summary>
internal sealed partial class TestDomainDriver
{
    /// <summary>Without a file this is a managed save.</summary>
    public override ValueTask SaveParams(CallContext call, DomainRef dom, TypedParam[] @params, DomainSaveRestoreFlags flags)
    {
        RequireSaveParams(@params);
        if (@params.Find("file") is { } file)
            return SaveFlags(call, dom, file.Text, @params.Find("dxml")?.Text, flags);
        RefuseChange(@params.Find("dxml")?.Text);
        return ManagedSave(call, dom, flags);
    }

    public override ValueTask RestoreParams(CallContext call, TypedParam[] @params, DomainSaveRestoreFlags flags)
    {
        RequireSaveParams(@params);
        return @params.Find("file") is { } file
            ? RestoreFlags(call, file.Text, @params.Find("dxml")?.Text, flags)
            : throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, "missing path to restore from");
    }

    public override ValueTask<string> ManagedSaveGetXmlDesc(CallContext call, DomainRef dom, DomainSaveImageXmlFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainSaveImageXmlFlags.Secure, "testDomainManagedSaveGetXMLDesc");
        DomainView view = View(dom);
        RequireManagedSave(view);
        return new((view.Kept.Saved ?? view.ConfigDefinition).Text(flags.HasFlag(DomainSaveImageXmlFlags.Secure) ? DomainXmlFlags.Secure : 0));
    }

    public override ValueTask ManagedSaveDefineXml(CallContext call, DomainRef dom, string? dxml, DomainSaveRestoreFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(DomainSaveRestoreFlags.Running | DomainSaveRestoreFlags.Paused), "testDomainManagedSaveDefineXML");
        using DomainEdit edit = domains.Edit(dom);
        RequireManagedSave(edit.View);
        if (dxml is null)
            return default;
        DomainDefinition saved = domains.Parse(dxml, validate: false);
        if (saved.Name != edit.View.Definition.Name)
        {
            throw VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Domain,
                $"Target domain name '{saved.Name}' does not match source '{edit.View.Definition.Name}'");
        }

        if (saved.Uuid != edit.View.Definition.Uuid)
        {
            throw VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Domain,
                $"Target domain uuid {saved.Uuid:D} does not match source {edit.View.Definition.Uuid:D}");
        }

        edit.Publish(edit.View with { Kept = edit.View.Kept with { Saved = saved } });
        return default;
    }

    public override ValueTask<bool> GetAutostartOnce(CallContext call, DomainRef dom) => new(View(dom).Kept.AutostartOnce);

    public override ValueTask SetAutostartOnce(CallContext call, DomainRef dom, int autostart)
    {
        using DomainEdit edit = domains.Edit(dom);
        if (!edit.View.IsPersistent)
            throw Invalid("cannot set autostart for transient domain");
        edit.Publish(edit.View with { Kept = edit.View.Kept with { AutostartOnce = autostart != 0 } });
        return default;
    }

    public override ValueTask<DomainGetSecurityLabelListRet> GetSecurityLabelList(CallContext call, DomainRef dom) =>
        new(new DomainGetSecurityLabelListRet { Labels = [SecurityLabel(dom)], Ret = 1 });

    /// <summary>The descriptors are taken and closed: images of this host are not read.</summary>
    public override ValueTask FdAssociate(CallContext call, DomainRef dom, string name, DomainFdAssociateFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(DomainFdAssociateFlags.Restore | DomainFdAssociateFlags.Writable),
            "testDomainFDAssociate");
        View(dom);
        return default;
    }

    /// <summary>There is nobody on the wire who would hear of it.</summary>
    public override ValueTask AnnounceInterface(CallContext call, DomainRef dom, string? device, TypedParam[] @params, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainAnnounceInterface");
        DomainView view = ActiveView(dom);
        if (device is not null)
            FindInterface(view.Definition.Document, device);
        return default;
    }

    private static void RequireSaveParams(TypedParam[] given) => TypedParamRules.Require(given, ("file", TypedParameterType.String),
        ("dxml", TypedParameterType.String), ("image_format", TypedParameterType.String), ("parallel.channels", TypedParameterType.Int));

    private static void RequireManagedSave(DomainView view)
    {
        if (!view.HasManagedSave)
            throw Invalid("domain does not have managed save image");
    }
}
