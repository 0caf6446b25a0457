using System.Collections.Generic;
using System.Linq;
using Libvirtd.Protocol.Generator.Model;

namespace Libvirtd.Protocol.Generator.Emit;

/// <summary>A class for each event that drivers raise, with the encodings of all generations.</summary>
internal static class EventsEmitter
{
    public static string Events(ProtocolModel protocol)
    {
        CodeWriter code = DriversEmitter.Start();
        List<ProcedureModel> procedures = protocol.Programs.SelectMany(program => program.Procedures).Where(procedure => procedure.IsEvent).ToList();
        Dictionary<string, ProcedureModel> legacy = procedures.Where(procedure => procedure.Has("legacyevent"))
            .GroupBy(procedure => procedure.Value("legacyevent")!).ToDictionary(group => group.Key, group => group.First());
        foreach (ProcedureModel procedure in procedures.Where(procedure => procedure.Has("event")))
            Event(code, protocol, procedure, legacy.TryGetValue(procedure.Value("event")!, out ProcedureModel? old) ? old : null);
        return code.ToString();
    }

    private static void Event(CodeWriter code, ProtocolModel protocol, ProcedureModel procedure, ProcedureModel? legacy)
    {
        string[] annotation = procedure.Value("event")!.Split(' ');
        string kind = Names.Pascal(annotation[0]);
        long id = annotation.Length > 1 ? protocol.Value(annotation[1]) ?? 0 : 0;
        string name = procedure.XName.Replace("_CALLBACK", "").Replace("_EVENT", "") + "_EVENT";
        List<FieldModel> fields = Flatten(protocol, procedure.Message!).Where(field => field.XName is not "callbackID").ToList();
        FieldModel subject = fields.First(field => field.Type.CSharp.EndsWith("Ref", System.StringComparison.Ordinal));
        code.Line($"/// <summary>{procedure.Program.Name.ToUpperInvariant()}_PROC_{procedure.XName} ({procedure.Number}).</summary>");
        code.Line($"public sealed class {Names.Pascal(name)} : DriverEvent");
        code.Open();
        foreach (FieldModel field in fields)
        {
            string required = field.XName == "reason" && field != fields.Last() && fields.IndexOf(field) == 0 ? "" : "required ";
            code.Line($"/// <summary>{field.XName}.</summary>");
            code.Line($"public {required}{field.Type.CSharp} {field.Name} {{ get; init; }}");
            code.Line();
        }
        code.Line("/// <inheritdoc/>");
        code.Line($"public override EventKind Kind => EventKind.{kind};");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"public override int EventId => {id};");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"public override int Procedure => {procedure.Number};");
        code.Line();
        if (legacy is not null)
        {
            code.Line("/// <inheritdoc/>");
            code.Line($"public override int? LegacyProcedure => {legacy.Number};");
            code.Line();
        }
        code.Line("/// <inheritdoc/>");
        code.Line($"public override EventSubject About => EventSubject.Of({subject.Name});");
        code.Line();
        Encoder(code, "EncodeBody", fields);
        if (legacy is not null)
            Encoder(code, "EncodeLegacyBody", Flatten(protocol, legacy.Message!).Select(old => fields.First(field => field.XName == old.XName)).ToList());
        code.Close();
        code.Line();
    }

    private static void Encoder(CodeWriter code, string method, List<FieldModel> fields)
    {
        code.Line("/// <inheritdoc/>");
        code.Line($"protected override void {method}(XdrWriter writer)");
        code.Open();
        for (int i = 0; i < fields.Count; i++)
            fields[i].Type.Encode(code, fields[i].Name, $"v{i}");
        code.Close();
        code.Line();
    }

    // The callback generation wraps the older message as a field named msg.
    private static IEnumerable<FieldModel> Flatten(ProtocolModel protocol, StructModel message)
    {
        foreach (FieldModel field in message.Fields)
        {
            StructModel? inner = field.XName == "msg" ? protocol.Structs.FirstOrDefault(model => model.Name == field.Type.CSharp) : null;
            if (inner is null)
                yield return field;
            else
            {
                foreach (FieldModel part in inner.Fields)
                    yield return part;
            }
        }
    }
}
