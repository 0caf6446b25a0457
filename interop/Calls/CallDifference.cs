using System.Text.Json;

namespace Libvirtd.Interop.Calls;

/// <summary>One thing that two servers told differently of one call, or of the state that it left.</summary>
/// <param name="Sequence">The sequence of calls.</param>
/// <param name="At">The number of the call in it, from 1.</param>
/// <param name="Call">The call as <c>kind.method</c>, or <c>state</c>.</param>
/// <param name="Kind">What differs: parts of the error, the result, events, an object of the state.</param>
/// <param name="Made">The call with its arguments.</param>
/// <param name="Expected">Upstream's answer, in JSON.</param>
/// <param name="Actual">Ours.</param>
public sealed record CallDifference(int Sequence, int At, string Call, string Kind, string Made, string Expected, string Actual)
{
    private const int MostShown = 600;

    /// <summary>What a known difference's pattern is held against.</summary>
    public string Text => $"{Call} {Kind}: {Made}: {Expected} <> {Actual}";

    /// <summary>All that one call made different: what it answered comes first, what followed from that behind it.</summary>
    public (int Sequence, int At) Step => (Sequence, At);

    public static CallDifference Read(JsonElement line) => new(
        line.GetProperty("sequence").GetInt32(), line.GetProperty("at").GetInt32(), line.GetProperty("call").GetString()!,
        line.GetProperty("kind").GetString()!, line.GetProperty("last").GetString()!,
        line.GetProperty("upstream").GetRawText(), line.GetProperty("ours").GetRawText());

    public string Describe() => $"{Call} | {Kind}\n  {Sequence}/{At} {Short(Made)}\n  - {Short(Expected)}\n  + {Short(Actual)}\n";

    private static string Short(string text) => text.Length <= MostShown ? text : text[..MostShown] + "...";
}

/// <summary>How often one call was made, and how it ended on upstream's server.</summary>
public sealed record CallCount(string Call, int Results, int Errors, int Refused, int Beyond, int Different)
{
    /// <summary>Calls whose two answers were held against each other.</summary>
    public int Compared => Results + Errors + Refused;

    public static CallCount Read(JsonProperty line)
    {
        JsonElement counts = line.Value;
        int Of(string name) => counts.GetProperty(name).GetInt32();
        return new CallCount(line.Name, Of("result"), Of("error"), Of("binding"), Of("beyond"), Of("different"));
    }

    public static CallCount operator +(CallCount one, CallCount other) => new(one.Call, one.Results + other.Results, one.Errors + other.Errors,
        one.Refused + other.Refused, one.Beyond + other.Beyond, one.Different + other.Different);
}
