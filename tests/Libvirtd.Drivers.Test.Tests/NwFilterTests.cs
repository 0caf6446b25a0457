using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class NwFilterTests : IAsyncDisposable
{
    private readonly Hypervisor _host = Hypervisor.OpenAsync().Result;

    private static FakeCall Call => Hypervisor.Call;

    private NwFilterDriver Filters => _host.Connection.NwFilters;

    private NwFilterBindingDriver Bindings => _host.Connection.NwFilterBindings;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task References_may_be_missing_but_not_go_in_a_circle()
    {
        Define("a", "b");
        Define("b", "c");
        Assert.Equal((ErrorCode.OperationFailed, "operation failed: filter would introduce a loop"), Hypervisor.Fails(() => Define("c", "a")));
        Assert.Equal(ErrorCode.OperationFailed, Hypervisor.Fails(() => Define("self", "self")).Code);
        Assert.Equal(["a", "b"], await Filters.ListNwFilters(Call));
    }

    [Fact]
    public async Task A_filter_at_work_is_neither_removed_nor_broken()
    {
        NwFilterRef inner = Define("inner");
        NwFilterRef outer = Define("outer", "inner");
        StartGuest("tap7");
        NwFilterBindingRef binding = Bind("tap7", "outer");
        Assert.Equal((ErrorCode.OperationInvalid, "Requested operation is not valid: nwfilter is in use"), Hypervisor.Fails(() => Filters.Undefine(Call, inner)));
        Assert.Equal("internal error: referenced filter 'gone' is missing", Hypervisor.Fails(() => Define("outer", "gone", outer.Uuid)).Text);
        _ = Bindings.Delete(Call, binding);
        _ = Filters.Undefine(Call, inner);
        _ = Filters.Undefine(Call, outer);
        Assert.Empty(await Filters.ListAllNwFilters(Call, 0));
    }

    [Fact]
    public async Task Only_a_device_that_exists_needs_its_filter()
    {
        Assert.Equal("tap7", Bind("tap7", "missing").Portdev);
        Assert.Equal("operation failed: binding 'tap7' already exists", Hypervisor.Fails(() => Bind("tap7", "missing")).Text);
        StartGuest("tap8");
        Assert.Equal("internal error: referenced filter 'missing' is missing", Hypervisor.Fails(() => Bind("tap8", "missing")).Text);
        Assert.Equal(["tap7"], (await Bindings.ListAllNwFilterBindings(Call, 0)).Select(static one => one.Portdev));
        Assert.Equal(ErrorCode.NoNwFilterBinding, Hypervisor.Fails(() => _ = Bindings.LookupByPortDev(Call, "tap8")).Code);
    }

    private NwFilterRef Define(string name, string? reference = null, Guid? uuid = null) => Filters.DefineXml(Call,
        $"<filter name='{name}'>{(uuid is null ? "" : $"<uuid>{uuid}</uuid>")}{(reference is null ? "" : $"<filterref filter='{reference}'/>")}</filter>").Result;

    private NwFilterBindingRef Bind(string device, string filter) => Bindings.CreateXml(Call, $"""
        <filterbinding><owner><name>x</name><uuid>00000000-0000-4000-8000-000000000f21</uuid></owner><portdev name='{device}'/>
        <mac address='52:54:00:00:00:01'/><filterref filter='{filter}'/></filterbinding>
        """, 0).Result;

    private void StartGuest(string device)
    {
        DomainRef guest = _host.Define(device, devices: $"<interface type='user'><mac address='52:54:00:00:00:02'/><target dev='{device}'/></interface>");
        _ = _host.Domains.Create(Call, guest);
    }
}
