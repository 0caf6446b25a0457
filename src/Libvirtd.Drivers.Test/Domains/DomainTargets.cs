using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// Which of a domain's two definitions a call means by LIVE, CONFIG or neither, and how a change of it is made. The rules are the same for all
/// such calls.
/// </summary>
internal static class DomainTargets
{
    private const uint Live = (uint)DomainModificationImpact.Live;
    private const uint Config = (uint)DomainModificationImpact.Config;

    /// <summary>The definition that a call reads, which must be one: LIVE and CONFIG together are refused.</summary>
    public static DomainDefinition One(this DomainView view, uint flags) => view.IsLiveAlone(flags) ? view.Definition : view.ConfigDefinition;

    /// <summary>Whether a call that means one definition means the running one.</summary>
    public static bool IsLiveAlone(this DomainView view, uint flags)
    {
        if ((flags & Live) != 0 && (flags & Config) != 0)
        {
            throw VirException.BadArgument(ErrorDomain.Domain,
                "Flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' are mutually exclusive", "virDomainObjGetOneDefState", "flags");
        }

        return (view.Impact(flags) & Live) != 0;
    }

    /// <summary>Changes the one definition that the flags mean.</summary>
    public static DomainView ChangeOne(this DomainView view, uint flags, Func<DomainDocument, DomainDocument> change) =>
        view.IsLiveAlone(flags) ? view.ChangeLive(change) : view.ChangeConfig(change);

    /// <summary>Changes the running definition, the configured one, or both.</summary>
    public static DomainView ChangeAll(this DomainView view, uint flags, Func<DomainDocument, DomainDocument> change)
    {
        uint impact = view.Impact(flags);
        if ((impact & Live) != 0)
            view = view.ChangeLive(change);
        return (impact & Config) != 0 || !view.IsActive ? view.ChangeConfig(change) : view;
    }

    /// <summary>LIVE and CONFIG as they apply: neither means what the domain's state suggests.</summary>
    /// <exception cref="VirException">LIVE of a domain that does not run, CONFIG of a transient one (VIR_ERR_OPERATION_INVALID).</exception>
    public static uint Impact(this DomainView view, uint flags)
    {
        if ((flags & (Live | Config)) == 0)
            flags |= view.IsActive ? Live : Config;
        if (!view.IsActive && (flags & Live) != 0)
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Domain, "domain is not running");
        if (!view.IsPersistent && (flags & Config) != 0)
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Domain, "transient domains do not have any persistent config");
        return flags;
    }

    public static DomainView ChangeLive(this DomainView view, Func<DomainDocument, DomainDocument> change) =>
        view with { Definition = view.Definition.With(change) };

    public static DomainView ChangeConfig(this DomainView view, Func<DomainDocument, DomainDocument> change) => view is { IsActive: true, Pending: { } pending }
        ? view with { Pending = pending.With(change) }
        : view.ChangeLive(change);
}
