namespace Libvirtd.Interop.Differential;

/// <summary>The harness itself: what it hides, what it must not hide.</summary>
public sealed class HarnessTests
{
    private const string Written = "c7a5fdbd-edaf-9455-926a-d65c16db1809";
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    [Fact]
    public void Generated_ids_become_their_number() => Assert.Equal(
        "<uuid 1> <uuid 2> <uuid 1> 52:54:00:<mac 3>",
        Normalize("e81719f9-a629-4128-840a-59bcbe4b9b8e 26c3c0c4-ffd7-4f6e-92e6-c408ce97f3bf e81719f9-a629-4128-840a-59bcbe4b9b8e 52:54:00:4e:c9:a4"));

    [Theory]
    [InlineData(Written)]
    [InlineData("dd8fe884-6c02-601e-7551-cca97df1c5df")]
    [InlineData("aa:bb:cc:dd:ee:ff")]
    public void Ids_that_somebody_wrote_stay(string id) => Assert.Equal(id, Normalize(id));

    [Theory]
    [InlineData("CPU time:       1800000001.5s", "CPU time:       <time>s")]
    [InlineData("<creationTime>1799999990</creationTime>", "<creationTime><time></creationTime>")]
    [InlineData(" first   2027-01-15 08:00:10 +0000   running", " first   <date>   running")]
    public void The_present_time_is_hidden(string output, string expected) => Assert.Equal(expected, Normalize(output));

    [Theory]
    [InlineData("<creationTime>1234567890</creationTime>")]
    [InlineData(" first   2009-02-13 23:31:30 +0000   running")]
    [InlineData("Capacity:       107374182400")]
    [InlineData("Running hypervisor: TEST 0.0.2")]
    public void Other_times_and_numbers_stay(string output) => Assert.Equal(output, Normalize(output));

    [Fact]
    public void The_servers_version_is_hidden() => Assert.Equal("Running against daemon: <version>", Normalize("Running against daemon: 9.0.0"));

    [Fact]
    public void Scenario_reads_commands_and_directives()
    {
        Scenario scenario = Scenario.Parse("name", ["# comment", "", "%readonly", "%node node.xml", " list --all ", "dominfo test"]);
        Assert.Equal(["list --all", "dominfo test"], scenario.Commands);
        Assert.True(scenario.ReadOnly);
        Assert.Equal("node.xml", scenario.Node);
        Assert.False(scenario.Tcp);
        Assert.Equal(("secret", "/system"), Scenario.Parse("name", ["%upstream secret /system"]).Upstream);
        Assert.Throws<FormatException>(() => Scenario.Parse("name", ["%nonsense"]));
    }

    [Fact]
    public void Difference_is_unexplained_until_it_is_listed_and_obsolete_when_it_is_gone()
    {
        CommandResult same = new("s", "list", "a", "a"), different = new("s", "dominfo x", "a", "b");
        KnownDifference listed = new("s", "dominfo x", "why"), gone = new("s", "list", "why"), absent = new("s", "version", "why");
        Assert.Equal([different], new Comparison([same, different], []).Unexplained("s"));
        Comparison comparison = new([same, different], [listed, gone, absent]);
        Assert.Empty(comparison.Unexplained("s"));
        Assert.Equal([gone, absent], comparison.Obsolete());
        Assert.Equal("differential: 2 commands, 1 identical (50.0 %), 3 known differences", comparison.Summary);
    }

    [Fact]
    public void Known_difference_needs_a_reason()
    {
        Assert.Equal([new KnownDifference("s", "list --all", "because")], KnownDifferences.Parse(["# comment", "s | list --all | because", ""]));
        Assert.Throws<FormatException>(() => KnownDifferences.Parse(["s | list --all |"]));
        Assert.Throws<FormatException>(() => KnownDifferences.Parse(["s | list --all"]));
    }

    [Fact]
    public void Known_differences_name_commands_of_scenarios() =>
        Assert.All(KnownDifferences.Load(), entry => Assert.Contains(entry.Command, Scenario.Load(entry.Scenario).Commands));

    private static string Normalize(string output) => new Normalizer([$"<uuid>{Written}</uuid>"], Now).Apply(output);
}
