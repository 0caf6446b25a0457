using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Two hosts of one driver, and the steps of a migration between them as libvirt's own library takes them.</summary>
internal sealed class Migrant : IAsyncDisposable
{
    private byte[] _cookie = [];

    private Migrant(Hypervisor source, Hypervisor target)
    {
        Source = source;
        Target = target;
    }

    public Hypervisor Source { get; }

    public Hypervisor Target { get; }

    public string Name { get; init; } = "guest";

    public List<TypedParam> Params { get; } = [];

    public static async Task<Migrant> OpenAsync(string options = "clock=virtual&migration=10s", string devices = "")
    {
        TestDriver driver = new(TimeProvider.System, new IdentitySource(1));
        Migrant migrant = new(await Hypervisor.OpenAsync(driver, $"test:///default?host=a&{options}"),
            await Hypervisor.OpenAsync(driver, $"test:///default?host=b&{options}"));
        migrant.Source.Define("guest", devices: devices);
        await migrant.Source.Domains.Create(Call, migrant.Source.Find("guest"));
        migrant.Source.TakeEvents();
        return migrant;
    }

    /// <summary>All steps.</summary>
    /// <returns>The domain at its destination.</returns>
    public async Task<DomainRef> RunAsync(DomainMigrateFlags flags = DomainMigrateFlags.Live)
    {
        DomainRef dom = Source.Find(Name);
        TypedParam[] there = await PrepareAsync(flags);
        bool cancelled = false;
        if (!flags.HasFlag(DomainMigrateFlags.Offline))
        {
            Task<byte[]> moving = PerformAsync(flags);
            Advance();
            try
            {
                _cookie = await moving;
            }
            catch (VirException)
            {
                await Assert.ThrowsAsync<VirException>(async () => await Target.Domains.MigrateFinish3Params(Call, there, [], flags, 1));
                throw;
            }
        }

        DomainRef found = default;
        VirException? failure = null;
        try
        {
            found = (await Target.Domains.MigrateFinish3Params(Call, there, _cookie, flags, 0)).Dom;
        }
        catch (VirException e)
        {
            failure = e;
            cancelled = true;
        }

        await Source.Domains.MigrateConfirm3Params(Call, dom, [.. Params], [], flags, cancelled ? 1 : 0);
        return failure is null ? found : throw failure;
    }

    /// <summary>The first two steps.</summary>
    public async Task<TypedParam[]> PrepareAsync(DomainMigrateFlags flags)
    {
        DomainRef dom = Source.Find(Name);
        DomainMigrateBegin3ParamsRet begun =
            await Source.Domains.MigrateBegin3Params(Call, dom, [.. Params], flags | DomainMigrateFlags.ChangeProtection);
        _cookie = begun.CookieOut;
        List<TypedParam> there = [.. Params.Where(static one => one.Field != "destination_xml"), new("destination_xml", begun.Xml)];
        DomainMigratePrepare3ParamsRet room = await Target.Domains.MigratePrepare3Params(Call, [.. there], _cookie, flags);
        Assert.StartsWith("tcp://", room.UriOut, StringComparison.Ordinal);
        if (!there.Any(static one => one.Field == "destination_name"))
            there.Add(new("destination_name", Name));
        return [.. there];
    }

    public Task<byte[]> PerformAsync(DomainMigrateFlags flags) =>
        Source.Domains.MigratePerform3Params(Call, Source.Find(Name), null, [.. Params], _cookie, flags | DomainMigrateFlags.ChangeProtection).AsTask();

    public void Advance(string by = "1m") => Source.Command($"clock-advance {by}");

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Target.DisposeAsync();
    }
}
