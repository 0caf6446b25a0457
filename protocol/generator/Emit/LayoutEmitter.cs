using System.Linq;
using System.Text;
using Libvirtd.Protocol.Generator.Model;

namespace Libvirtd.Protocol.Generator.Emit;

/// <summary>
/// The wire layout as text: what each procedure carries and how, without C# and without annotations. It is checked in and compared by a test, so
/// that a change of the protocol is a visible difference although no generated code is.
/// </summary>
public static class LayoutEmitter
{
    /// <summary>Prints the programs, then all structs and unions by name.</summary>
    public static string Layout(ProtocolModel protocol)
    {
        StringBuilder text = new();
        foreach (ProgramModel program in protocol.Programs.OrderBy(program => program.Name, System.StringComparer.Ordinal))
        {
            text.Append($"program {program.Name.ToLowerInvariant()} 0x{program.Number:x8} version {program.Version}\n");
            foreach (ProcedureModel procedure in program.Procedures.OrderBy(procedure => procedure.Number))
                text.Append($"    {procedure.Number} {procedure.XName}{Types(procedure)}\n");
            text.Append('\n');
        }
        foreach (StructModel model in protocol.Structs.OrderBy(model => model.XName, System.StringComparer.Ordinal))
        {
            text.Append($"struct {model.XName}\n");
            foreach (FieldModel field in model.Fields)
                text.Append($"    {field.XName}: {field.Type.Layout}\n");
            text.Append('\n');
        }
        foreach (UnionModel model in protocol.Unions.OrderBy(model => model.XName, System.StringComparer.Ordinal))
        {
            text.Append($"union {model.XName}\n");
            foreach (ArmModel arm in model.Arms)
                text.Append($"    {(arm.Case is { } label ? $"{label}" : "default")}: {arm.Type?.Layout ?? "void"}\n");
            text.Append('\n');
        }
        return text.ToString();
    }

    private static string Types(ProcedureModel procedure)
    {
        if (procedure.Message is { } message)
            return $" event {message.XName}";
        return $"({procedure.Args?.XName}){(procedure.Ret is { } result ? " " + result.XName : "")}{(procedure.Stream == "None" ? "" : $" stream {procedure.Stream}")}";
    }
}
