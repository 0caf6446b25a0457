using System.Collections.Generic;
using System.Linq;
using Libvirtd.Protocol.Generator.Model;

namespace Libvirtd.Protocol.Generator.Emit;

/// <summary>The table of each program's procedures: names, rules, types.</summary>
internal static class TablesEmitter
{
    public static string Programs(ProtocolModel protocol)
    {
        CodeWriter code = TypesEmitter.Start();
        foreach (ProgramModel program in protocol.Programs)
        {
            code.Line($"/// <summary>The {program.Name.ToLowerInvariant()} program: its number, version and procedures.</summary>");
            code.Line($"public static class {program.Name}Program");
            code.Open();
            code.Line("/// <summary>The program's number on the wire.</summary>");
            code.Line($"public const uint Number = 0x{program.Number:x8};");
            code.Line();
            code.Line("/// <summary>The program's version on the wire.</summary>");
            code.Line($"public const uint Version = {program.Version};");
            code.Line();
            code.Line("/// <summary>All procedures, events included, by ascending number.</summary>");
            code.Line("public static global::System.Collections.Immutable.ImmutableArray<ProcedureInfo> Procedures { get; } =");
            code.Line("[");
            foreach (ProcedureModel procedure in program.Procedures.OrderBy(procedure => procedure.Number))
                Procedure(code, procedure);
            code.Line("];");
            code.Line();
            code.Line("private static readonly ProcedureTable s_table = new(Procedures);");
            code.Line();
            code.Line("/// <summary>The procedure of that number, or null.</summary>");
            code.Line("public static ProcedureInfo? Find(int number) => s_table.Find(number);");
            code.Close();
            code.Line();
        }
        return code.ToString();
    }

    private static void Procedure(CodeWriter code, ProcedureModel procedure)
    {
        string Texts(string tag) => "[" + string.Join(", ", procedure.Values(tag).Select(Literal)) + "]";
        List<string> parts = new()
        {
            procedure.Number.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Literal(procedure.Program.Name.ToUpperInvariant() + "_PROC_" + procedure.XName),
            Literal(procedure.Api),
            "ObjectKind." + procedure.Kind.Name,
            "ErrorDomain." + procedure.Kind.ErrorDomain,
        };
        if (procedure.IsEvent)
            parts.Add("IsEvent: true");
        if (procedure.IsSession)
            parts.Add("IsSession: true");
        if (procedure.HighPriority)
            parts.Add("HighPriority: true");
        if (procedure.AllowedReadOnly)
            parts.Add("AllowedReadOnly: true");
        if (procedure.Stream != "None")
            parts.Add("Stream: StreamDirection." + procedure.Stream);
        if (procedure.SparseFlag is { } flag)
            parts.Add($"SparseFlag: 0x{flag:x}");
        if (procedure.Args is { } args)
            parts.Add($"Arguments: new WireCodec<{args.Name}>()");
        if ((procedure.Message ?? procedure.Ret) is { } result)
            parts.Add($"Result: new WireCodec<{result.Name}>()");
        code.Line($"    new({string.Join(", ", parts)}) {{ Acl = {Texts("acl")}, AclFilter = {Texts("aclfilter")} }},");
    }

    private static string Literal(string text) => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";
}
