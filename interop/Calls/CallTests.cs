using Libvirtd.Interop.Documents;

namespace Libvirtd.Interop.Calls;

/// <summary>Sequences of calls are answered, told as events and remembered as upstream's test driver does it.</summary>
public sealed class CallTests(CallRun run) : IClassFixture<CallRun>
{
    private const int MinimumOfCalls = 5000;
    private const int MinimumOfFunctions = 230;

    [Fact]
    public void At_least_99_percent_of_calls_are_answered_as_upstream_answers_them()
    {
        TestContext.Current.TestOutputHelper?.WriteLine(run.Comparison.Summary);
        Assert.True(run.Comparison.Compared >= MinimumOfCalls, run.Comparison.Summary);
        Assert.True(run.Comparison.Percent >= 99, run.Comparison.Summary);
    }

    [Fact]
    public void Most_functions_are_called() => Assert.True(run.Comparison.Calls.Count() >= MinimumOfFunctions, string.Join(' ', run.Comparison.Calls));

    [Fact]
    public void No_call_ends_a_server() => Assert.Empty(run.Comparison.Broken);

    [Fact]
    public void Differences_are_explained()
    {
        IReadOnlyList<CallDifference> unexplained = run.Comparison.Unexplained();
        if (unexplained.Count > 0)
            Assert.Fail($"{unexplained.Count} differences are not in known-calls.txt:\n" + string.Join('\n', unexplained.Take(25).Select(one => one.Describe())));
    }

    [Fact]
    public void Known_differences_still_differ()
    {
        _ = run.Comparison;
        Assert.SkipUnless(CallRun.IsDefault, "other sequences than those of the list were asked for");
        Assert.DoesNotContain(CallRun.KnownCalls(), entry => !run.Comparison.Uses(entry));
    }

    [Fact]
    public void Upstream_answers_twice_alike() =>
        Assert.Empty(string.Join('\n', run.Repeated.Unexplained().Select(one => one.Describe())));
}

/// <summary>The comparison itself.</summary>
public sealed class CallComparisonTests
{
    private const string Count = """{"sequence": 1, "calls": 2, "counts": {"a.b": {"result": 1, "error": 1, "binding": 0, "beyond": 3, "different": 1}}}""";
    private const string Result = """{"sequence": 1, "at": 2, "call": "a.b", "kind": "result", "last": "a: b(1)", "upstream": ["result", 1], "ours": ["result", 2]}""";
    private const string State = """{"sequence": 1, "at": 2, "call": "state", "kind": "a state", "last": "a: b(1)", "upstream": 1, "ours": 2}""";

    [Fact]
    public void Calls_are_counted_by_what_became_of_them()
    {
        CallComparison comparison = new([Result, Count, Count], []);
        Assert.Equal((2, 4, 2, 6, 50.0), (comparison.Sequences, comparison.Compared, comparison.Different, comparison.Beyond, comparison.Percent));
    }

    [Fact]
    public void What_follows_from_a_known_difference_is_explained_with_it()
    {
        Assert.Equal(2, new CallComparison([Result, State], []).Unexplained().Count);
        DocumentDifference known = new("a.b result: a: b(1): *", "why");
        CallComparison comparison = new([Result, State], [known]);
        Assert.Empty(comparison.Unexplained());
        Assert.True(comparison.Uses(known));
        Assert.Equal(2, new CallComparison([Result, State], [new DocumentDifference("state *", "why")]).Unexplained().Count);
    }
}
