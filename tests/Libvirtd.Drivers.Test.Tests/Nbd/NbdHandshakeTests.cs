using static Libvirtd.Drivers.Test.Tests.NbdClient;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class NbdHandshakeTests
{
    private const uint Invalid = 0x80000003;
    private const uint Unknown = 0x80000006;

    [Fact]
    public async Task A_list_names_every_disk()
    {
        await using NbdClient client = await new NbdClient(new StripedExport("vda"), new StripedExport("ünï")).GreetAsync();
        Assert.Equal([(2u, "vdastriped"), (2u, "ünïstriped"), (1u, "")], await client.OptionAsync(3));
        Assert.Equal((Invalid, "the option has no data"), Assert.Single(await client.OptionAsync(3, 1)));
    }

    [Fact]
    public async Task Info_tells_what_is_asked_and_the_size_always()
    {
        await using NbdClient client = await new NbdClient().GreetAsync();
        Assert.Equal([(3u, "000000000000000027100107"), (1u, "")], await client.OptionAsync(6, [.. Text("vda"), .. Number(0, 2)]));
        Assert.Equal([(3u, "0001766461"), (3u, "000273747269706564"), (3u, "0003000000010000100002000000"), (3u, "000000000000000027100107"), (1u, "")],
            await client.OptionAsync(6, [.. Text("vda"), .. Number(3, 2), .. Number(1, 2), .. Number(2, 2), .. Number(3, 2)]));
        await client.OptionAsync(8);
        Assert.Equal((3u, "000000000000000027100187"), (await client.OptionAsync(6, [.. Text("vda"), .. Number(0, 2)]))[0]);
    }

    [Fact]
    public async Task What_is_refused_leaves_the_connection_usable()
    {
        await using NbdClient client = await new NbdClient().GreetAsync();
        Assert.Equal((Unknown, "there is no export 'vdz'"), Assert.Single(await client.OptionAsync(7, [.. Text("vdz"), .. Number(0, 2)])));
        Assert.Equal(0x80000001, Assert.Single(await client.OptionAsync(5)).Reply);
        Assert.Equal(0x80000001, Assert.Single(await client.OptionAsync(77, 1, 2, 3)).Reply);
        Assert.Equal(Invalid, Assert.Single(await client.OptionAsync(7)).Reply);
        Assert.Equal(Invalid, Assert.Single(await client.OptionAsync(6, [.. Text("vda"), .. Number(1, 2)])).Reply);
        Assert.Equal(Invalid, Assert.Single(await client.OptionAsync(6, [.. Text("vda"), .. Number(0, 2), 0])).Reply);
        Assert.Equal(Invalid, Assert.Single(await client.OptionAsync(6, [.. Number(2, 4), 0xff, 0xfe, .. Number(0, 2)])).Reply);
        Assert.Equal(Invalid, Assert.Single(await client.OptionAsync(6, Number(uint.MaxValue, 4))).Reply);
        Assert.Equal(Invalid, Assert.Single(await client.OptionAsync(8, 0)).Reply);
        Assert.Equal(1u, Assert.Single(await client.OptionAsync(8)).Reply);
        Assert.Equal(Invalid, Assert.Single(await client.OptionAsync(8)).Reply);
        Assert.Equal([(2u, "vdastriped"), (1u, "")], await client.OptionAsync(3));
    }

    [Fact]
    public async Task Contexts_are_listed_by_name_or_by_beginning()
    {
        await using NbdClient client = await new NbdClient().GreetAsync();
        byte[] Ask(string export, params string[] queries) => [.. Text(export), .. Number((uint)queries.Length, 4), .. queries.SelectMany(Text)];
        Assert.Equal((Invalid, "structured replies are not agreed upon"), Assert.Single(await client.OptionAsync(9, Ask("vda"))));
        await client.OptionAsync(8);
        (uint, string) allocation = (4, "0 base:allocation");
        (uint, string) bitmap = (4, "1 qemu:dirty-bitmap:b");
        (uint, string) done = (1, "");
        Assert.Equal([allocation, bitmap, done], await client.OptionAsync(9, Ask("vda")));
        Assert.Equal([allocation, done], await client.OptionAsync(9, Ask("vda", "base:")));
        Assert.Equal([bitmap, done], await client.OptionAsync(9, Ask("vda", "qemu:", "qemu:dirty-bitmap:", "qemu:dirty-bitmap:b")));
        Assert.Equal([done], await client.OptionAsync(9, Ask("vda", "qemu", "base:alloc", "")));
        Assert.Equal(Unknown, Assert.Single(await client.OptionAsync(9, Ask("vdz"))).Reply);
        Assert.Equal([done], await client.OptionAsync(10, Ask("vda", "qemu:")));
        Assert.Equal([done], await client.OptionAsync(10, Ask("vda")));
        Assert.Equal([bitmap, done], await client.OptionAsync(10, Ask("vda", "qemu:dirty-bitmap:b", "qemu:dirty-bitmap:b", "x-other:y")));
        Assert.Equal(Invalid, Assert.Single(await client.OptionAsync(10, [.. Ask("vda", "base:allocation"), 0])).Reply);
        Assert.Equal(Invalid, Assert.Single(await client.OptionAsync(10, [.. Text("vda"), .. Number(uint.MaxValue, 4)])).Reply);
    }

    [Theory, InlineData(3u, 0), InlineData(1u, 124), InlineData(0u, 124)]
    public async Task The_oldest_way_to_choose_works(uint flags, int padding)
    {
        await using NbdClient client = await new NbdClient().GreetAsync(flags);
        await client.SendAsync([.. "IHAVEOPT"u8, .. Number(1, 4), .. Number(3, 4), .. "vda"u8]);
        Assert.Equal([.. Number(10_000, 8), 1, 7, .. new byte[padding]], await client.ReadAsync(10 + padding));
        await client.RequestAsync(3, 0, 0);
        Assert.Equal(0u, await client.SimpleAsync());
    }

    [Fact]
    public async Task Who_aborts_is_let_go()
    {
        await using NbdClient client = await new NbdClient().GreetAsync();
        Assert.Equal([(1u, "")], await client.OptionAsync(2));
        Assert.Null(await client.HungUpAsync());
    }

    [Theory]
    [InlineData("00000008", "")] // flags that nobody knows
    [InlineData("00000003", "49484156454F5054" + "00000001" + "00000003" + "76647A")] // the oldest option has no other way to say no
    [InlineData("00000003", "49484156454F5055" + "00000003" + "00000000")] // another magic
    [InlineData("00000003", "49484156454F5054" + "00000003" + "00010001")] // too long
    [InlineData("00000003", "49484156454F5054" + "00000003" + "FFFFFFFF")]
    public async Task Who_does_not_speak_the_protocol_is_hung_up_on(string flags, string option)
    {
        await using NbdClient client = new();
        await client.ReadAsync(18);
        await client.SendAsync(Convert.FromHexString(flags + option));
        Assert.NotNull(await client.HungUpAsync());
    }

    [Fact]
    public async Task Who_chooses_nothing_in_time_is_hung_up_on()
    {
        await using NbdClient client = await new NbdClient().GreetAsync();
        client.LosePatience();
        Assert.NotNull(await client.HungUpAsync());
    }

    [Fact]
    public async Task Who_has_chosen_may_take_his_time()
    {
        await using NbdClient client = await new NbdClient().GoAsync(isStructured: false);
        client.LosePatience();
        await client.RequestAsync(0, 0, 1);
        Assert.Equal(0u, await client.SimpleAsync());
    }

    [Fact]
    public async Task Options_have_an_end()
    {
        await using NbdClient client = await new NbdClient().GreetAsync();
        byte[] list = [.. "IHAVEOPT"u8, .. Number(3, 4), .. Number(0, 4)];
        for (int i = 0; i < NbdConstants.MostOptions; i++)
            await client.SendAsync(list);
        Assert.Equal("more than 4096 options", await client.Ended);
    }
}
