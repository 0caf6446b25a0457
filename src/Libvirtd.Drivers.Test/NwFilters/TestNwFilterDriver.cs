using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Network filters of <c>test:///</c>. Upstream's test driver has none: what is known of them is what its filter driver does.</summary>
internal sealed class TestNwFilterDriver(TestNwFilters filters) : NwFilterDriver
{
    public override ValueTask<int> NumOfNwFilters(CallContext call) => new(filters.All.Length);

    public override ValueTask<string[]> ListNwFilters(CallContext call) => new(Array.ConvertAll(filters.All, static filter => filter.Ref.Name));

    public override ValueTask<NwFilterRef[]> ListAllNwFilters(CallContext call, uint flags)
    {
        Check(flags, 0, "nwfilterConnectListAllNWFilters");
        return new(Array.ConvertAll(filters.All, static filter => filter.Ref));
    }

    public override ValueTask<NwFilterRef> LookupByName(CallContext call, string name) => new(filters.Get(name).Ref);

    public override ValueTask<NwFilterRef> LookupByUuid(CallContext call, Guid uuid) => new(filters.Get(uuid).Ref);

    public override ValueTask<NwFilterRef> DefineXml(CallContext call, string xml) => new(filters.Define(xml, validate: false));

    public override ValueTask<NwFilterRef> DefineXmlFlags(CallContext call, string xml, NwFilterDefineFlags flags)
    {
        Check((uint)flags, (uint)NwFilterDefineFlags.Validate, "nwfilterDefineXMLFlags");
        return new(filters.Define(xml, flags.HasFlag(NwFilterDefineFlags.Validate)));
    }

    public override ValueTask Undefine(CallContext call, NwFilterRef nwFilter)
    {
        filters.Undefine(nwFilter.Uuid);
        return default;
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, NwFilterRef nwFilter, uint flags)
    {
        Check(flags, 0, "nwfilterGetXMLDesc");
        return new(filters.Get(nwFilter.Uuid).Document.Format());
    }

    private static void Check(uint flags, uint known, string function) => FlagCheck.Require(flags, known, function, ErrorDomain.NwFilter);
}
