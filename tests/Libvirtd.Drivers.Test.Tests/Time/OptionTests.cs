using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class OptionTests
{
    [Fact]
    public async Task Connections_with_equal_options_share_a_host_and_others_have_their_own()
    {
        TestDriver driver = new();
        await using Hypervisor west = await OpenAsync(driver, "test:///default?host=west&clock=virtual&unknown=1");
        await using Hypervisor same = await OpenAsync(driver, "test:///default?clock=virtual&host=west");
        await using Hypervisor east = await OpenAsync(driver, "test:///default?clock=virtual&host=east");
        await using Hypervisor plain = await OpenAsync(driver);
        west.Define("guest");
        Assert.Equal("guest", same.Find("guest").Name);
        Assert.Equal(ErrorCode.NoDomain, Fails(() => east.Find("guest")).Code);
        Assert.Equal(ErrorCode.NoDomain, Fails(() => plain.Find("guest")).Code);
        await west.DisposeAsync();
        Assert.Equal("guest", same.Find("guest").Name);
        await same.DisposeAsync();
        await using Hypervisor again = await OpenAsync(driver, "test:///default?clock=virtual&host=west");
        Assert.Equal(ErrorCode.NoDomain, Fails(() => again.Find("guest")).Code);
    }

    [Fact]
    public async Task A_host_can_be_kept_for_a_while_after_its_last_connection()
    {
        VirtualClock clock = new();
        TestDriver driver = new(clock, new IdentitySource(1));
        const string Uri = "test:///default?keep=10m";
        await using (Hypervisor first = await OpenAsync(driver, Uri))
            first.Define("guest");
        clock.Advance(TimeSpan.FromMinutes(9), TestContext.Current.CancellationToken);
        await using (Hypervisor second = await OpenAsync(driver, Uri))
        {
            clock.Advance(TimeSpan.FromMinutes(9), TestContext.Current.CancellationToken);
            Assert.Equal("guest", second.Find("guest").Name);
        }

        clock.Advance(TimeSpan.FromMinutes(11), TestContext.Current.CancellationToken);
        await using Hypervisor third = await OpenAsync(driver, Uri);
        Assert.Equal(ErrorCode.NoDomain, Fails(() => third.Find("guest")).Code);
        Assert.Equal(0, clock.WaitingTimers);
    }

    [Fact]
    public async Task Equal_seeds_make_equal_identities()
    {
        const string Nic = "<interface type='network'><source network='default'/></interface>";
        string[] texts = new string[3];
        foreach ((int i, int seed) in new[] { (0, 7), (1, 7), (2, 8) })
        {
            await using Hypervisor host = await OpenAsync(new TestDriver(), $"test:///default?seed={seed}");
            texts[i] = host.DomainXml(host.Define("guest", devices: Nic));
        }

        Assert.Equal(texts[0], texts[1]);
        Assert.NotEqual(texts[0], texts[2]);
    }

    [Theory]
    [InlineData("clock=fast", "clock in the test URI must be 'real' or 'virtual', not 'fast'")]
    [InlineData("speed=0", "speed in the test URI must be a number from 0.001 to 1000000, not '0'")]
    [InlineData("speed=NaN", "speed in the test URI must be a number from 0.001 to 1000000, not 'NaN'")]
    [InlineData("seed=-1", "seed in the test URI must be a number from 0 to 2147483647, not '-1'")]
    [InlineData("boot=soon", "boot in the test URI must be a time such as 250ms, 2s or 5m, not 'soon'")]
    [InlineData("host=a%2Fb", "host in the test URI must be 1 to 64 letters, digits, '-', '_' or '.', not 'a/b'")]
    [InlineData("clock=virtual&speed=2", "speed is for the real clock, a virtual one goes by command")]
    public async Task A_value_that_makes_no_sense_is_refused(string query, string error)
    {
        VirException e = await Assert.ThrowsAsync<VirException>(() => OpenAsync(uri: $"test:///default?{query}"));
        Assert.Equal((ErrorCode.InvalidArg, $"invalid argument: {error}"), (e.Code, e.Message));
    }
}
