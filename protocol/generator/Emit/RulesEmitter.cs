using System.Collections.Generic;
using System.Linq;
using Libvirtd.Protocol.Generator.Model;
using Libvirtd.Protocol.Generator.Parsing;

namespace Libvirtd.Protocol.Generator.Emit;

/// <summary>What the public C functions check before a driver is called: read-only connections, arguments, flags.</summary>
internal static class RulesEmitter
{
    public static void Access(CodeWriter code, ProtocolModel protocol, ProcedureModel procedure)
    {
        string domain = "ErrorDomain." + procedure.Kind.ErrorDomain;
        if (!procedure.AllowedReadOnly)
        {
            code.Line("if (call.IsReadOnly)");
            code.Line($"    throw RpcErrors.ReadOnly(\"read only access prevents {procedure.Api}\", {domain});");
        }
        foreach (string annotation in procedure.Values("writeflag"))
        {
            (string flag, string text) = SplitText(annotation);
            if (Value(protocol, procedure, flag) is { } bits)
            {
                code.Line($"if (call.IsReadOnly && (args.Flags & {bits}) != 0)");
                code.Line($"    throw RpcErrors.ReadOnly(\"{text}\", {domain});");
            }
        }
        foreach (string annotation in procedure.Values("writevalue"))
        {
            (string rule, string text) = SplitText(annotation);
            string[] parts = rule.Split(' ');
            if (Field(protocol, procedure, parts[0]) is { } field)
            {
                code.Line($"if (call.IsReadOnly && args.{field.Name} == {parts[1]})");
                code.Line($"    throw RpcErrors.ReadOnly(\"{text}\", {domain});");
            }
        }
    }

    /// <summary>Counts that the RPC layer itself bounds, before anything else is judged.</summary>
    public static void Limits(CodeWriter code, ProtocolModel protocol, ProcedureModel procedure)
    {
        string generated = procedure.Value("generate") is "both" or "server" ? "true" : "false";
        HashSet<string> signed = new();
        foreach (string annotation in procedure.Values("limit"))
        {
            (string rule, string text) = SplitText(annotation);
            string[] parts = rule.Split(' ');
            if (parts.Length != 2 || text.Length == 0)
            {
                protocol.Report("LVX005", $"'@limit: {annotation}' is not of the form: field CONSTANT \"text\"", procedure.Line, procedure.Column, procedure.Program.File);
                continue;
            }
            List<FieldModel> fields = parts[0].Split('*').Select(name => Field(protocol, procedure, name)).OfType<FieldModel>().ToList();
            long? limit = Value(protocol, procedure, parts[1]);
            if (limit is null || fields.Count != parts[0].Split('*').Length)
                continue;
            foreach (FieldModel field in fields.Where(field => field.Type.CSharp == "int" && signed.Add(field.XName)))
                code.Line($"ArgumentRules.Count(args.{field.Name}, \"{field.XName}\", {generated});");
            string value = string.Join(" * ", fields.Select(field => $"(ulong)args.{field.Name}{(field.Type is ArrayType or BytesType ? ".Length" : "")}"));
            code.Line($"ArgumentRules.Limit({value}, {limit}, \"{text}\", {generated});");
        }
    }

    public static void Arguments(CodeWriter code, ProtocolModel protocol, ProcedureModel procedure)
    {
        string context = $"\"{procedure.Api}\", ErrorDomain.{procedure.Kind.ErrorDomain}";
        foreach (Annotation annotation in procedure.Annotations)
        {
            string[] parts = annotation.Value.Split(' ');
            string method = annotation.Tag switch
            {
                "nonnull" => "NonNull",
                "nonempty" => "NonEmpty",
                "positive" => "Positive",
                "nonzero" => "NonZero",
                "nonnegative" => "NonNegative",
                "zero" => "Zero",
                "exclusive" => "Exclusive",
                "requires" => "Requires",
                _ => "",
            };
            if (method is "Exclusive" or "Requires")
            {
                if (Value(protocol, procedure, parts[0]) is { } first && Value(protocol, procedure, parts[1]) is { } second)
                    code.Line($"ArgumentRules.{method}(args.Flags, {first}, \"{parts[0]}\", {second}, \"{parts[1]}\", {context});");
            }
            else if (method.Length > 0 && Field(protocol, procedure, parts[0]) is { } field)
                code.Line($"ArgumentRules.{method}({Judged(method, field)}, \"{parts[parts.Length - 1]}\", {context});");
        }
    }

    // Arrays are judged by their length; an integer that must not be null counts what a buffer holds.
    private static string Judged(string method, FieldModel field)
    {
        bool isArray = field.Type is ArrayType or BytesType;
        bool isNumber = field.Type is ScalarType;
        string value = "args." + field.Name;
        return method switch
        {
            "NonNull" when isArray => $"{value}.Length > 0",
            "NonNull" when isNumber => $"{value} != 0",
            "NonNull" => $"{value} is not null",
            "NonEmpty" => value,
            _ when isArray => $"{value}.Length",
            _ => $"unchecked((long){value})",
        };
    }

    private static (string Rule, string Text) SplitText(string annotation)
    {
        int quote = annotation.IndexOf('"');
        return quote < 0 ? (annotation.Trim(), "") : (annotation.Substring(0, quote).Trim(), annotation.Substring(quote).Trim().Trim('"'));
    }

    private static long? Value(ProtocolModel protocol, ProcedureModel procedure, string flag)
    {
        long? value = protocol.Value(flag);
        if (value is null)
            protocol.Report("LVX005", $"'{flag}' is no flag that is defined", procedure.Line, procedure.Column, procedure.Program.File);
        return value is null ? null : (uint)value;
    }

    private static FieldModel? Field(ProtocolModel protocol, ProcedureModel procedure, string name)
    {
        FieldModel? field = procedure.Args?.Field(name);
        if (field is null)
            protocol.Report("LVX005", $"'{name}' is no argument of {procedure.XName}", procedure.Line, procedure.Column, procedure.Program.File);
        return field;
    }
}
