using Libvirtd.Protocol;

namespace Libvirtd.Daemon.Admin;

/// <summary>Parameters of known names that are all unsigned, each given once at most.</summary>
internal sealed class UnsignedParameters
{
    private readonly Dictionary<string, uint> _values = [];

    /// <exception cref="VirException">A name is unknown or comes twice, or a value has another type.</exception>
    public UnsignedParameters(TypedParam[] parameters, params ReadOnlySpan<string> names)
    {
        foreach (TypedParam parameter in parameters)
        {
            if (!names.Contains(parameter.Field))
                throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.None, $"parameter '{parameter.Field}' not supported");
            if (parameter.Type != TypedParameterType.Uint)
                throw Invalid($"invalid type '{Word(parameter.Type)}' for parameter '{parameter.Field}', expected 'uint'");
            if (!_values.TryAdd(parameter.Field, parameter.UInt)) throw Invalid($"parameter '{parameter.Field}' occurs multiple times");
        }
    }

    /// <summary>The value; null when it was not given.</summary>
    public uint? Find(string name) => _values.TryGetValue(name, out uint value) ? value : null;

    private static VirException Invalid(string detail) => VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, detail);

    private static string Word(TypedParameterType type) => type.ToString().ToLowerInvariant();
}
