using System.Globalization;
using System.Text.Json;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The arguments of a tester's command, from JSON, from words of a shell or from a URI: each is taken by the one who knows what it means, and
/// <see cref="End"/> refuses what nobody took. Values of JSON that are no text stand as their JSON text.
/// </summary>
internal sealed class CommandArguments
{
    private const int MostArguments = 32;
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>The members of a JSON object.</summary>
    public static CommandArguments Of(JsonElement members)
    {
        CommandArguments arguments = new();
        foreach (JsonProperty member in members.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.Null)
                arguments.Add(member.Name, member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText());
        }

        return arguments;
    }

    /// <summary>Words of the form <c>name=value</c>; a word without an equals sign is the value of <paramref name="unnamed"/>.</summary>
    public static CommandArguments Of(IEnumerable<string> words, string unnamed)
    {
        CommandArguments arguments = new();
        foreach (string word in words)
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            arguments.Add(equals < 0 ? unnamed : word[..equals], word[(equals + 1)..]);
        }

        return arguments;
    }

    /// <summary>The text; null where it was not given.</summary>
    public string? Take(string name) => _values.Remove(name, out string? value) ? value : null;

    public string Require(string name) => Take(name) ?? throw new MonitorException($"Parameter '{name}' is missing");

    /// <summary>A whole number within bounds.</summary>
    public long TakeNumber(string name, long otherwise, long least, long most)
    {
        if (Take(name) is not { } text)
            return otherwise;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number >= least && number <= most
            ? number
            : throw Bad(name, text, $"a number from {least} to {most}");
    }

    /// <summary>A number from 0 to <paramref name="most"/>.</summary>
    public double TakeFraction(string name, double otherwise, double most)
    {
        if (Take(name) is not { } text)
            return otherwise;
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number <= most
            ? number
            : throw Bad(name, text, string.Create(CultureInfo.InvariantCulture, $"a number from 0 to {most}"));
    }

    /// <summary>A span of time; null where it was not given.</summary>
    public TimeSpan? TakeTime(string name)
    {
        if (Take(name) is not { } text)
            return null;
        return Duration.TryParse(text, out TimeSpan time) ? time : throw Bad(name, text, "a time such as 250ms, 2s or 5m");
    }

    /// <summary>One of some words.</summary>
    public string TakeWord(string name, string otherwise, params ReadOnlySpan<string> words)
    {
        if (Take(name) is not { } text)
            return otherwise;
        foreach (string word in words)
        {
            if (word == text)
                return word;
        }

        throw Bad(name, text, "one of " + string.Join(", ", words));
    }

    /// <summary>Refuses what is left.</summary>
    public void End()
    {
        foreach (string name in _values.Keys)
            throw new MonitorException($"Parameter '{name}' is unexpected");
    }

    public static MonitorException Bad(string name, string value, string wanted) => new($"Parameter '{name}' must be {wanted}, not '{value}'");

    private void Add(string name, string value)
    {
        if (_values.Count == MostArguments)
            throw new MonitorException($"More than {MostArguments} parameters");
        if (!_values.TryAdd(name, value))
            throw new MonitorException($"Parameter '{name}' is given twice");
    }
}

/// <summary>A tester's command that makes no sense, or cannot be done now.</summary>
internal class MonitorException(string text) : Exception(text);
