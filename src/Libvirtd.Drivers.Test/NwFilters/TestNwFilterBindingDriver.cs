using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Bindings of network filters of <c>test:///</c>: filters at work on interfaces.</summary>
internal sealed class TestNwFilterBindingDriver(TestNwFilters filters) : NwFilterBindingDriver
{
    public override ValueTask<NwFilterBindingRef[]> ListAllNwFilterBindings(CallContext call, uint flags)
    {
        Check(flags, 0, "nwfilterConnectListAllNWFilterBindings");
        return new([.. filters.Bindings.Values.Select(TestNwFilters.RefOf)]);
    }

    public override ValueTask<NwFilterBindingRef> LookupByPortDev(CallContext call, string name) => new(TestNwFilters.RefOf(filters.GetBinding(name)));

    public override ValueTask<NwFilterBindingRef> CreateXml(CallContext call, string xml, NwFilterBindingCreateFlags flags)
    {
        Check((uint)flags, (uint)NwFilterBindingCreateFlags.Validate, "nwfilterBindingCreateXML");
        return new(filters.Bind(xml, flags.HasFlag(NwFilterBindingCreateFlags.Validate)));
    }

    public override ValueTask Delete(CallContext call, NwFilterBindingRef nwFilter)
    {
        filters.Unbind(nwFilter.Portdev);
        return default;
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, NwFilterBindingRef nwFilter, uint flags)
    {
        Check(flags, 0, "nwfilterBindingGetXMLDesc");
        return new(filters.GetBinding(nwFilter.Portdev).Format());
    }

    private static void Check(uint flags, uint known, string function) => FlagCheck.Require(flags, known, function, ErrorDomain.NwFilter);
}
