using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Libvirtd.Protocol.Generator.Tests;

/// <summary>The generator inside the compiler: diagnostics, and what an edit costs.</summary>
public sealed class DriverTests
{
    private const string Small =
        """
        const DEMO_PROGRAM = 0x10;
        struct demo_a_args { string x<10>; };
        enum demo_procedure { DEMO_PROC_A = 1 };
        """;

    [Fact]
    public void A_problem_becomes_a_compiler_error_with_file_and_line()
    {
        GeneratorDriverRunResult result = Run("types", new XFile("/x/bad.x", "const A = 1;\nstruct s { int x }")).GetRunResult();
        Diagnostic diagnostic = Assert.Single(result.Diagnostics);
        Assert.Equal("LVX001", diagnostic.Id);
        Assert.Equal(DiagnosticSeverity.Error, diagnostic.Severity);
        Assert.Equal("/x/bad.x", diagnostic.Location.GetLineSpan().Path);
        Assert.Equal(1, diagnostic.Location.GetLineSpan().StartLinePosition.Line);
        Assert.Empty(result.GeneratedTrees);
    }

    [Fact]
    public void The_property_says_what_is_made()
    {
        Assert.Contains(Names(Run("types", new XFile("a.x", Small))), name => name == "Structs.g.cs");
        Assert.Contains(Names(Run("drivers", new XFile("a.x", Small))), name => name == "Drivers.g.cs");
        Assert.Empty(Names(Run("nothing", new XFile("a.x", Small))));
    }

    [Fact]
    public void Editing_code_costs_no_second_parse()
    {
        CSharpCompilation compilation = CSharpCompilation.Create("test", [CSharpSyntaxTree.ParseText("class A;", cancellationToken: TestContext.Current.CancellationToken)]);
        GeneratorDriver driver = Create("types", new XFile("a.x", Small)).RunGenerators(compilation, TestContext.Current.CancellationToken);
        compilation = compilation.ReplaceSyntaxTree(compilation.SyntaxTrees[0], CSharpSyntaxTree.ParseText("class A { int x; }", cancellationToken: TestContext.Current.CancellationToken));
        driver = driver.RunGenerators(compilation, TestContext.Current.CancellationToken);
        Assert.All(Steps(driver), step => Assert.Equal(IncrementalStepRunReason.Cached, step));
    }

    [Fact]
    public void Editing_one_file_parses_that_one_only()
    {
        CSharpCompilation compilation = CSharpCompilation.Create("test");
        XFile first = new("a.x", Small), second = new("b.x", "const B = 1;");
        GeneratorDriver driver = Create("types", first, second).RunGenerators(compilation, TestContext.Current.CancellationToken);
        driver = driver.ReplaceAdditionalText(second, new XFile("b.x", "const B = 2;")).RunGenerators(compilation, TestContext.Current.CancellationToken);
        Assert.Equal([IncrementalStepRunReason.Cached, IncrementalStepRunReason.Modified], Steps(driver).Order(Comparer<IncrementalStepRunReason>.Create(
            (left, right) => string.CompareOrdinal(left.ToString(), right.ToString()))));
    }

    private static IEnumerable<IncrementalStepRunReason> Steps(GeneratorDriver driver) =>
        driver.GetRunResult().Results.Single().TrackedSteps["SourceFile"].SelectMany(step => step.Outputs).Select(output => output.Reason);

    private static IEnumerable<string> Names(GeneratorDriver driver) =>
        driver.GetRunResult().Results.Single().GeneratedSources.Select(source => source.HintName);

    private static GeneratorDriver Run(string wanted, params XFile[] files) => Create(wanted, files).RunGenerators(CSharpCompilation.Create("test"), TestContext.Current.CancellationToken);

    private static CSharpGeneratorDriver Create(string wanted, params XFile[] files) => CSharpGeneratorDriver.Create(
        [new ProtocolGenerator().AsSourceGenerator()],
        files,
        null,
        new Options(wanted),
        new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    private sealed class XFile(string path, string text) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }

    private sealed class Options(string wanted) : AnalyzerConfigOptionsProvider
    {
        private static readonly AnalyzerConfigOptions s_none = new Values(ImmutableDictionary<string, string>.Empty);

        public override AnalyzerConfigOptions GlobalOptions { get; } =
            new Values(ImmutableDictionary<string, string>.Empty.Add("build_property.LibvirtdGenerate", wanted));

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => s_none;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => s_none;

        private sealed class Values(ImmutableDictionary<string, string> values) : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, out string value) => values.TryGetValue(key, out value!);
        }
    }
}
