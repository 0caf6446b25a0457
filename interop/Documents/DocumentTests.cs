using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Documents;

/// <summary>Documents are read, completed, refused and printed as upstream's test driver does it.</summary>
public sealed class DocumentTests(DocumentRun run) : IClassFixture<DocumentRun>
{
    private const int MinimumOfDocuments = 700;
    private const int MinimumOfMutants = 7000;
    private const int MinimumOfVerdicts = 9000;

    [Fact]
    public void Every_line_of_options_makes_a_document()
    {
        _ = run.Documents;
        Upstream.SkipIfOther();
        Assert.Equal("", run.Rejected);
    }

    [Fact]
    public void At_least_98_percent_of_documents_are_printed_as_upstream_prints_them()
    {
        TestContext.Current.TestOutputHelper?.WriteLine(run.Documents.Summary);
        Assert.True(run.Documents.Count >= MinimumOfDocuments, run.Documents.Summary);
        Assert.True(run.Documents.Percent >= 98, run.Documents.Summary);
    }

    [Fact]
    public void At_least_95_percent_of_wrong_documents_get_upstreams_error()
    {
        TestContext.Current.TestOutputHelper?.WriteLine(run.Mutants.Summary);
        Assert.True(run.Mutants.Count >= MinimumOfMutants, run.Mutants.Summary);
        Assert.True(run.Mutants.Percent >= 95, run.Mutants.Summary);
        Assert.True(run.Mutants.PercentOfErrors >= 95, run.Mutants.Summary);
    }

    [Fact]
    public void At_least_90_percent_of_newer_documents_are_taken_as_a_newer_upstream_takes_them()
    {
        TestContext.Current.TestOutputHelper?.WriteLine(run.Newer.Summary);
        Assert.True(run.Newer.Percent >= 90, run.Newer.Summary);
    }

    [Fact]
    public void Differences_are_explained()
    {
        Upstream.SkipIfOther();
        IReadOnlyList<DocumentResult> unexplained = [.. run.Documents.Unexplained(), .. run.Mutants.Unexplained()];
        if (unexplained.Count > 0)
            Assert.Fail($"{unexplained.Count} differences are not in known-documents.txt:\n" + string.Join('\n', unexplained.Take(25).Select(result => result.Describe())));
    }

    [Fact]
    public void At_least_99_percent_of_the_verdicts_of_validation_are_upstreams()
    {
        TestContext.Current.TestOutputHelper?.WriteLine(run.Verdicts.Summary);
        Assert.True(run.Verdicts.Count >= MinimumOfVerdicts, run.Verdicts.Summary);
        Assert.True(run.Verdicts.Percent >= 99, run.Verdicts.Summary);
    }

    [Fact]
    public void At_least_99_percent_of_what_validation_refuses_is_named()
    {
        _ = run.Verdicts;
        Assert.True(run.Validation.PercentNamed >= 99, string.Join('\n', run.Validation.Unnamed));
    }

    [Fact]
    public void Differences_of_validation_are_explained_and_still_there()
    {
        Upstream.SkipIfOther();
        IReadOnlyList<DocumentResult> unexplained = run.Verdicts.Unexplained();
        if (unexplained.Count > 0)
            Assert.Fail($"{unexplained.Count} differences are not in known-validation.txt:\n" + string.Join('\n', unexplained.Take(25).Select(result => result.Describe())));
        Assert.DoesNotContain(DocumentDifference.Load("known-validation.txt"), entry => !run.Verdicts.Uses(entry));
    }

    [Fact]
    public void Known_differences_still_differ()
    {
        Upstream.SkipIfOther();
        Assert.DoesNotContain(DocumentDifference.Load(), entry => !run.Documents.Uses(entry) && !run.Mutants.Uses(entry));
    }
}

/// <summary>The comparison itself.</summary>
public sealed class DocumentComparisonTests
{
    [Theory]
    [InlineData("disk *", "disk a", true)]
    [InlineData("disk * b", "disk a b", true)]
    [InlineData("*b*", "abc", true)]
    [InlineData("disk", "disk a", false)]
    [InlineData("a*a", "a", false)]
    [InlineData("a*b*c", "acb", false)]
    public void Star_stands_for_anything(string pattern, string name, bool matches) =>
        Assert.Equal(matches, new DocumentDifference(pattern, "why").Matches(name));

    [Fact]
    public void Known_difference_needs_a_reason()
    {
        Assert.Equal([new DocumentDifference("a *", "because")], DocumentDifference.Parse(["# comment", "", "a * | because"]), (one, other) =>
            one.Pattern == other.Pattern && one.Reason == other.Reason);
        Assert.Throws<FormatException>(() => DocumentDifference.Parse(["a * |"]));
    }

    [Fact]
    public void Difference_is_unexplained_until_it_is_listed()
    {
        DocumentResult same = new("a", true, "x", "x"), different = new("b", false, "x\ny", "x\nz");
        Assert.Equal([different], new DocumentComparison("some", [same, different], []).Unexplained());
        DocumentComparison comparison = new("some", [same, different], [new DocumentDifference("b", "why")]);
        Assert.Empty(comparison.Unexplained());
        Assert.Equal("some: 2 documents, 50.00 % identical; of 1 errors 100.00 %", comparison.Summary);
        Assert.Equal("b\n- y\n+ z\n", different.Describe());
    }
}
