using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Lists of domains, old and new. They read views: no domain makes them wait.</summary>
internal sealed partial class TestDomainDriver
{
    private const ConnectListAllDomainsFlags EveryDomain = ConnectListAllDomainsFlags.Active | ConnectListAllDomainsFlags.Inactive;

    public override ValueTask<int> NumOfDomains(CallContext call) => new(Count(active: true));

    public override ValueTask<int> NumOfDefinedDomains(CallContext call) => new(Count(active: false));

    public override ValueTask<int[]> ListDomains(CallContext call)
    {
        List<int> ids = [];
        foreach (TestDomain domain in domains.All)
        {
            DomainView view = domain.View;
            if (view.IsActive && !view.IsGone)
                ids.Add(view.Definition.Id);
        }

        return new([.. ids]);
    }

    public override ValueTask<string[]> ListDefinedDomains(CallContext call)
    {
        List<string> names = [];
        foreach (TestDomain domain in domains.All)
        {
            DomainView view = domain.View;
            if (!view.IsActive && !view.IsGone)
                names.Add(view.Definition.Name);
        }

        return new([.. names]);
    }

    public override ValueTask<DomainRef[]> ListAllDomains(CallContext call, ConnectListAllDomainsFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainFilter.All, "testConnectListAllDomains");
        return new(flags is 0 or EveryDomain ? domains.Refs.Get(() => Refs(0)) : Refs(flags));
    }

    private DomainRef[] Refs(ConnectListAllDomainsFlags flags)
    {
        TestDomain[] all = domains.All;
        DomainRef[] found = new DomainRef[all.Length];
        int count = 0;
        foreach (TestDomain domain in all)
        {
            DomainView view = domain.View;
            if (!view.IsGone && DomainFilter.Matches(view, flags))
                found[count++] = view.Ref;
        }

        return count == found.Length ? found : found[..count];
    }

    private int Count(bool active)
    {
        int count = 0;
        foreach (TestDomain domain in domains.All)
        {
            DomainView view = domain.View;
            if (view.IsActive == active && !view.IsGone)
                count++;
        }

        return count;
    }
}
