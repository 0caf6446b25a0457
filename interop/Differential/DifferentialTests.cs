using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Differential;

/// <summary>The same commands against upstream's libvirtd and ours must print the same.</summary>
[Collection(DifferentialCollection.Name)]
public sealed class DifferentialTests(DifferentialRun run)
{
    private static readonly double s_required = Upstream.Root is null ? 99 : 95;

    public static TheoryData<string> Names => [.. Scenario.AllNames];

    [Theory]
    [MemberData(nameof(Names))]
    public void Scenario_prints_what_upstream_prints(string name)
    {
        Upstream.SkipIfOther();
        IReadOnlyList<CommandResult> unexplained = run.Comparison(name).Unexplained(name);
        if (unexplained.Count > 0) Assert.Fail(string.Join('\n', unexplained.Select(result => result.Describe())));
    }

    [Fact]
    public void Known_differences_still_differ()
    {
        Upstream.SkipIfOther();
        IReadOnlyList<KnownDifference> obsolete = run.Comparison().Obsolete();
        Assert.True(obsolete.Count == 0, "take these off known-differences.txt:\n" + string.Join('\n', obsolete));
    }

    [Fact]
    public void At_least_99_percent_of_all_commands_are_identical_or_95_of_another_release()
    {
        Comparison comparison = run.Comparison();
        TestContext.Current.TestOutputHelper?.WriteLine(comparison.Summary);
        Assert.True(comparison.Percent >= s_required, comparison.Summary);
    }
}

/// <summary>Without this, a scenario that depends on chance would look like a fault of ours.</summary>
[Collection(DifferentialCollection.Name)]
public sealed class RepeatabilityTests(DifferentialRun run)
{
    public static TheoryData<string> Names => [.. Scenario.AllNames];

    [Theory]
    [MemberData(nameof(Names))]
    public void Upstream_prints_the_same_twice(string name) =>
        Assert.All(run.Repeated(name).Unexplained(name), result => Assert.Equal(result.Expected, result.Actual));
}

/// <summary>The tests that share the run.</summary>
[CollectionDefinition(Name)]
public sealed class DifferentialCollection : ICollectionFixture<DifferentialRun>
{
    public const string Name = "differential";
}
