using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Libvirtd.Protocol.Generator.Emit;
using Libvirtd.Protocol.Generator.Model;
using Libvirtd.Protocol.Generator.Parsing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Libvirtd.Protocol.Generator;

/// <summary>
/// Makes C# of the project's .x files. What it makes is chosen by the property <c>LibvirtdGenerate</c>: <c>types</c> (enums, structs, codecs,
/// procedure tables), <c>drivers</c> (driver base classes and events), <c>dispatch</c> (the server's dispatchers) or <c>client</c> (client stubs).
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class ProtocolGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<SourceFile> files = context.AdditionalTextsProvider
            .Where(static file => file.Path.EndsWith(".x", StringComparison.Ordinal))
            .Select(static (file, cancel) => Parser.Parse(file.Path, file.GetText(cancel)?.ToString() ?? "", cancel))
            .WithTrackingName("SourceFile");
        IncrementalValueProvider<string> wanted = context.AnalyzerConfigOptionsProvider
            .Select(static (options, _) => options.GlobalOptions.TryGetValue("build_property.LibvirtdGenerate", out string? value) ? value : "types");
        IncrementalValuesProvider<(SourceFile File, bool AnnotationsOnly)> marked = context.AdditionalTextsProvider
            .Where(static file => file.Path.EndsWith(".x", StringComparison.Ordinal))
            .Combine(context.AnalyzerConfigOptionsProvider)
            .Select(static (pair, _) => IsForAnnotations(pair.Left, pair.Right))
            .Collect().Combine(files.Collect())
            .SelectMany(static (pair, _) => pair.Right.Select((file, i) => (file, pair.Left[i])));
        context.RegisterSourceOutput(marked.Collect().Combine(wanted), static (output, input) => Emit(
            output,
            input.Left.Where(file => !file.AnnotationsOnly).Select(file => file.File).ToImmutableArray(),
            input.Left.Where(file => file.AnnotationsOnly).Select(file => file.File).ToImmutableArray(),
            input.Right));
    }

    private static bool IsForAnnotations(AdditionalText file, AnalyzerConfigOptionsProvider options) =>
        options.GetOptions(file).TryGetValue("build_metadata.AdditionalFiles.LibvirtdAnnotationsOnly", out string? value) && value == "true";

    private static void Emit(SourceProductionContext output, ImmutableArray<SourceFile> files, ImmutableArray<SourceFile> annotations, string wanted)
    {
        ProtocolModel protocol = new(files, annotations);
        if (protocol.Problems.Count == 0)
        {
            foreach ((string name, string text) in Sources(protocol, wanted))
                output.AddSource(name, SourceText.From(text, System.Text.Encoding.UTF8));
        }
        foreach (Problem problem in protocol.Problems)
            output.ReportDiagnostic(ToDiagnostic(problem));
    }

    private static IEnumerable<(string Name, string Text)> Sources(ProtocolModel protocol, string wanted)
    {
        switch (wanted)
        {
            case "types":
                yield return ("Enums.g.cs", TypesEmitter.Enums(protocol));
                yield return ("Constants.g.cs", TypesEmitter.Constants(protocol));
                yield return ("Structs.g.cs", TypesEmitter.Structs(protocol));
                yield return ("Programs.g.cs", TablesEmitter.Programs(protocol));
                break;
            case "drivers":
                yield return ("Drivers.g.cs", DriversEmitter.Drivers(protocol));
                yield return ("Events.g.cs", EventsEmitter.Events(protocol));
                break;
            case "dispatch":
                yield return ("Dispatchers.g.cs", DispatchEmitter.Dispatchers(protocol));
                break;
            case "client":
                yield return ("Clients.g.cs", ClientEmitter.Clients(protocol));
                yield return ("LibvirtEvents.g.cs", ClientEmitter.Events(protocol));
                break;
        }
    }

    private static Diagnostic ToDiagnostic(Problem problem)
    {
        DiagnosticDescriptor descriptor = new(problem.Id, "Protocol file", "{0}", "Libvirtd.Protocol", DiagnosticSeverity.Error, true);
        LinePosition position = new(problem.Line, problem.Column);
        return Diagnostic.Create(descriptor, Location.Create(problem.Path, default, new LinePositionSpan(position, position)), problem.Message);
    }
}
