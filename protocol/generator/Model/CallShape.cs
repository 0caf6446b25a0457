using System;
using System.Collections.Generic;
using System.Linq;

namespace Libvirtd.Protocol.Generator.Model;

/// <summary>A parameter of a driver's method.</summary>
/// <param name="Type">Its C# type.</param>
/// <param name="Name">Its name.</param>
/// <param name="Value">The expression that the dispatcher passes, of the decoded arguments <c>args</c>.</param>
public sealed record Parameter(string Type, string Name, string Value);

/// <summary>
/// How a procedure looks to a driver. Counts, wishes and probes of the wire are the dispatcher's business: a driver gets what the C callback would
/// get after the checks, and returns whole lists.
/// </summary>
public sealed class CallShape
{
    private const uint StringsOkay = 4;
    private static readonly HashSet<string> s_oldListCounts = new() { "maxnames", "maxids", "maxuuids" };
    private static readonly HashSet<string> s_countIgnored = new() { "NODE_GET_SEV_INFO", "NETWORK_PORT_GET_PARAMETERS" };
    private readonly ProcedureModel _procedure;
    private readonly ProtocolModel _protocol;

    /// <summary>Finds the shape of a procedure.</summary>
    public CallShape(ProtocolModel protocol, ProcedureModel procedure)
    {
        _protocol = protocol;
        _procedure = procedure;
        Method = procedure.Kind.Method(procedure.XName);
        FindPattern();
        foreach (FieldModel field in (IEnumerable<FieldModel>?)procedure.Args?.Fields ?? Array.Empty<FieldModel>())
        {
            if (field.XName != CountField?.XName)
                Parameters.Add(ToParameter(field));
        }
    }

    /// <summary>What the dispatcher does with lists and counts.</summary>
    public enum Pattern
    {
        /// <summary>Nothing: the results go out as the driver gives them.</summary>
        Plain,

        /// <summary>An array and its count; <c>need_results</c> says whether the array is wanted.</summary>
        ListAll,

        /// <summary>An array cut at the caller's maximum.</summary>
        ListUpTo,

        /// <summary>Parameters, cut at the caller's count; a count of 0 asks how many there are.</summary>
        Probe,
    }

    /// <summary>The method's name.</summary>
    public string Method { get; }

    /// <summary>The method's parameters after <c>call</c>.</summary>
    public List<Parameter> Parameters { get; } = new();

    /// <summary>The pattern.</summary>
    public Pattern Kind { get; private set; }

    /// <summary>The argument that the dispatcher keeps: need_results, maxnames, nparams.</summary>
    public FieldModel? CountField { get; private set; }

    /// <summary>The array that <see cref="CountField"/> is about.</summary>
    public FieldModel? ListField { get; private set; }

    /// <summary>The count beside the array in the results.</summary>
    public FieldModel? ReturnedCount { get; private set; }

    /// <summary>Stock clients send rubbish as the count.</summary>
    public bool IgnoresCount { get; private set; }

    /// <summary>What the driver returns; null for nothing. Without the stream.</summary>
    public string? Result { get; private set; }

    /// <summary>The result is a bool that travels as int.</summary>
    public bool IsBoolean { get; private set; }

    /// <summary>The result is the one field of the struct.</summary>
    public FieldModel? OnlyField { get; private set; }

    /// <summary>The procedure's typed parameters that are strings go only to clients that set flag 4.</summary>
    public bool FiltersStrings => (Kind == Pattern.Probe && IsTypedParams(ListField)) || _procedure.XName is "NODE_GET_SEV_INFO" or "DOMAIN_GET_LAUNCH_SECURITY_INFO" or "DOMAIN_GET_CPU_STATS";

    /// <summary>Flag 4 is the dispatcher's business where strings are filtered.</summary>
    public bool HasFlags => _procedure.Args?.Field("flags") is not null;

    /// <summary>The method's return type.</summary>
    public string ReturnType
    {
        get
        {
            if (_procedure.Stream == "None")
                return Result is null ? "ValueTask" : $"ValueTask<{Result}>";
            return Result is null ? "ValueTask<StreamEndpoint>" : $"ValueTask<({Result} Result, StreamEndpoint Stream)>";
        }
    }

    private static bool IsTypedParams(FieldModel? field) => field?.Type is ArrayType { Element.CSharp: "TypedParam" };

    private static bool IsCount(FieldModel field) => field.Type.CSharp is "int" or "uint";

    private void FindPattern()
    {
        StructModel? args = _procedure.Args, ret = _procedure.Ret;
        if (ret is null)
            return;
        FieldModel? list = ret.Fields.FirstOrDefault(field => field.Type is ArrayType);
        if (list is not null && args is not null && ret.Fields[0] == list)
        {
            if (ret.Fields.Count == 2 && IsCount(ret.Fields[1]) && args.Field("need_results") is { } need)
                Use(Pattern.ListAll, need, list, ret.Fields[1]);
            else if (ret.Fields.Count == 1 && args.Fields.FirstOrDefault(field => s_oldListCounts.Contains(field.XName)) is { } maximum)
                Use(Pattern.ListUpTo, maximum, list, null);
            else if (args.Field("nparams") is { } count && args.Field("ncpus") is null && list.XName is "params"
                && (ret.Fields.Count == 1 || (ret.Fields.Count == 2 && ret.Fields[1].XName == "nparams")))
                Use(Pattern.Probe, count, list, ret.Fields.Count == 2 ? ret.Fields[1] : null);
        }
        if (Kind != Pattern.Plain)
            return;
        if (ret.Fields.Count != 1)
        {
            Result = ret.Name;
            return;
        }
        OnlyField = ret.Fields[0];
        IsBoolean = OnlyField.Type.CSharp == "int"
            && (_procedure.XName.Contains("_IS_") || _procedure.XName.Contains("_HAS_") || _procedure.XName.Contains("_GET_AUTOSTART"));
        Result = IsBoolean ? "bool" : OnlyField.Type.CSharp;
    }

    private void Use(Pattern pattern, FieldModel count, FieldModel list, FieldModel? returned)
    {
        Kind = pattern;
        CountField = count;
        ListField = list;
        ReturnedCount = returned;
        Result = list.Type.CSharp;
        IgnoresCount = s_countIgnored.Contains(_procedure.XName);
    }

    private Parameter ToParameter(FieldModel field)
    {
        string value = "args." + field.Name;
        string name = Names.Camel(field.XName);
        if (name == "call")
            name = "callValue";
        if (field.XName == "flags" && FiltersStrings)
            value = $"({value} & ~{StringsOkay}u)";
        if (EnumOf(_protocol, _procedure, field) is { } enumName)
            return new Parameter(enumName, name, $"unchecked(({enumName}){value})");
        if (_procedure.Values("long").Any(arg => arg.Split(' ').Contains(field.XName)) && field.Type.CSharp == "ulong")
            return new Parameter("nuint", name, $"ArgumentRules.ToUnsignedLong({value})");
        return new Parameter(field.Type.CSharp, name, value);
    }

    /// <summary>The enum whose values an integer argument holds, as @flags and @enum say.</summary>
    internal static string? EnumOf(ProtocolModel protocol, ProcedureModel procedure, FieldModel field)
    {
        if (field.Type.CSharp is not ("int" or "uint"))
            return null;
        foreach (string annotation in procedure.Values("flags").Concat(procedure.Values("enum")))
        {
            string[] parts = annotation.Split(' ');
            string argument = parts.Length == 1 ? "flags" : parts[0];
            if (argument == field.XName)
                return protocol.EnumName(parts[parts.Length - 1]);
        }
        return null;
    }
}
