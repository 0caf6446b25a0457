using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The domains of <c>test:///</c>, for one connection. Each file holds one concern.</summary>
internal sealed partial class TestDomainDriver(TestDomains domains) : DomainDriver
{
    private TestHost Host => domains.Host;

    public override ValueTask<DomainRef> LookupById(CallContext call, int id) => Found(domains.Find(id));

    public override ValueTask<DomainRef> LookupByName(CallContext call, string name) => Found(domains.Find(name));

    public override ValueTask<DomainRef> LookupByUuid(CallContext call, Guid uuid) => Found(domains.Find(uuid));

    private static ValueTask<DomainRef> Found(TestDomain? domain) =>
        domain?.View is { IsGone: false } view ? new(view.Ref) : throw VirException.Of(ErrorCode.NoDomain, ErrorDomain.Test);

    /// <summary>The view of the domain that a client means.</summary>
    private DomainView View(in DomainRef dom) => domains.Get(dom).View;

    /// <summary>The view of a domain that must run.</summary>
    private DomainView ActiveView(in DomainRef dom)
    {
        DomainView view = View(dom);
        RequireActive(view);
        return view;
    }

    private static void RequireActive(DomainView view)
    {
        if (!view.IsActive)
            throw NotRunning();
    }

    /// <summary>The view of a domain whose guest agent must answer.</summary>
    private DomainView AgentView(in DomainRef dom)
    {
        DomainView view = View(dom);
        RequireAgent(view);
        return view;
    }

    private void RequireAgent(DomainView view)
    {
        RequireActive(view);
        Host.Agents.Require(view);
    }

    private static VirException NotRunning() => VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Domain, "domain is not running");
}
