using System.Diagnostics;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using Flags = Libvirtd.Protocol.ConnectListAllDomainsFlags;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class DomainListTests
{
    [Theory]
    [InlineData(Flags.None, "test off paused transient saved")]
    [InlineData(Flags.Active, "test paused transient")]
    [InlineData(Flags.Inactive, "off saved")]
    [InlineData(Flags.Active | Flags.Inactive, "test off paused transient saved")]
    [InlineData(Flags.Persistent, "test off paused saved")]
    [InlineData(Flags.Transient, "transient")]
    [InlineData(Flags.Running, "test transient")]
    [InlineData(Flags.Paused, "paused")]
    [InlineData(Flags.Shutoff | Flags.Paused, "off paused saved")]
    [InlineData(Flags.Other, "")]
    [InlineData(Flags.Managedsave, "saved")]
    [InlineData(Flags.NoManagedsave | Flags.Inactive, "off")]
    [InlineData(Flags.Autostart, "off")]
    [InlineData(Flags.NoAutostart, "test paused transient saved")]
    [InlineData(Flags.HasSnapshot, "paused")]
    [InlineData(Flags.NoSnapshot | Flags.Transient, "transient")]
    [InlineData(Flags.HasCheckpoint, "")]
    public async Task A_list_takes_what_its_flags_say(Flags flags, string expected)
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.SetAutostart(Call, host.Define("off"), 1);
        DomainRef paused = host.Define("paused");
        await host.Domains.Create(Call, paused);
        await host.Domains.Suspend(Call, paused);
        host.Snap(paused, "one");
        host.Start("transient");
        DomainRef saved = host.Define("saved");
        await host.Domains.Create(Call, saved);
        await host.Domains.ManagedSave(Call, saved, DomainSaveRestoreFlags.None);
        DomainRef[] all = await host.Domains.ListAllDomains(Call, flags);
        Assert.Equal(expected, string.Join(' ', all.Select(one => one.Name)));
    }

    [Fact]
    public async Task Old_lists_hold_the_ids_of_the_active_and_the_names_of_the_others()
    {
        await using Hypervisor host = await OpenAsync();
        host.Define("off");
        host.Start("on");
        int[] ids = await host.Domains.ListDomains(Call);
        Assert.Equal(new[] { 1, 2 }, ids);
        Assert.Equal(["off"], await host.Domains.ListDefinedDomains(Call));
        Assert.Equal(2, await host.Domains.NumOfDomains(Call));
        Assert.Equal(1, await host.Domains.NumOfDefinedDomains(Call));
    }

    [Fact]
    public async Task Thousands_of_domains_are_defined_and_listed_quickly()
    {
        await using Hypervisor host = await OpenAsync();
        const int Count = 2000;
        for (int i = 0; i < Count; i++)
            host.Define($"guest{i}");
        Stopwatch watch = Stopwatch.StartNew();
        for (int i = 0; i < 10; i++)
            Assert.Equal(Count + 1, (await host.Domains.ListAllDomains(Call, Flags.None)).Length);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"ten lists took {watch.Elapsed}");
        Assert.Equal("guest1999", host.Find("guest1999").Name);
    }

    [Fact]
    public async Task Getters_of_a_known_domain_allocate_nothing()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        // What the runtime itself allocates while it warms up is not theirs: what they allocate, each round shows.
        long allocated = 1;
        for (int round = 0; round < 10 && allocated != 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
                Read(host, test);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);

        static void Read(Hypervisor host, DomainRef test)
        {
            Assert.True(host.Domains.LookupByName(Call, "test").IsCompletedSuccessfully
                && host.Domains.LookupByUuid(Call, test.Uuid).IsCompletedSuccessfully
                && host.Domains.GetInfo(Call, test).IsCompletedSuccessfully
                && host.Domains.GetState(Call, test, 0).IsCompletedSuccessfully
                && host.Domains.GetXmlDesc(Call, test, DomainXmlFlags.None).IsCompletedSuccessfully
                && host.Connect.GetVersion(Call).IsCompletedSuccessfully);
        }
    }
}
