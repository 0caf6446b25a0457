using Libvirtd.Protocol;

namespace Libvirtd.Drivers;

/// <summary>Which typed parameters a call takes, refused in upstream's words.</summary>
public static class TypedParamRules
{
    private static readonly string[] s_typeNames = ["unknown", "int", "uint", "llong", "ullong", "double", "boolean", "string"];

    /// <summary>Refuses a parameter of an unknown name, of the wrong type, or given twice. Of several faults, that of the first name is told.</summary>
    /// <param name="given">What came.</param>
    /// <param name="known">The names and types that there are.</param>
    /// <exception cref="VirException">VIR_ERR_ARGUMENT_UNSUPPORTED for a name, VIR_ERR_INVALID_ARG otherwise.</exception>
    public static void Require(TypedParam[] given, params ReadOnlySpan<(string Field, TypedParameterType Type)> known)
    {
        TypedParam[] sorted = [.. given];
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Field, b.Field));
        string? last = null;
        foreach (TypedParam one in sorted)
        {
            TypedParameterType? wanted = null;
            foreach ((string field, TypedParameterType type) in known)
            {
                if (field == one.Field)
                    wanted = type;
            }

            if (wanted is null)
                throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.None, $"parameter '{one.Field}' not supported");
            if (one.Field == last)
                throw Bad($"parameter '{one.Field}' occurs multiple times");
            if (one.Type != wanted)
                throw Bad($"invalid type '{Name(one.Type)}' for parameter '{one.Field}', expected '{Name(wanted.Value)}'");
            last = one.Field;
        }
    }

    /// <summary>The same for parameters that are all of one type.</summary>
    public static void Require(TypedParam[] given, TypedParameterType type, params ReadOnlySpan<string> known)
    {
        (string, TypedParameterType)[] typed = new (string, TypedParameterType)[known.Length];
        for (int i = 0; i < typed.Length; i++)
            typed[i] = (known[i], type);
        Require(given, typed);
    }

    /// <summary>The parameter of that name; null where it was not given.</summary>
    public static TypedParam? Find(this TypedParam[] given, string field)
    {
        foreach (TypedParam one in given)
        {
            if (one.Field == field)
                return one;
        }

        return null;
    }

    private static string Name(TypedParameterType type) => (uint)type < (uint)s_typeNames.Length ? s_typeNames[(int)type] : s_typeNames[0];

    private static VirException Bad(string detail) => VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, detail);
}
