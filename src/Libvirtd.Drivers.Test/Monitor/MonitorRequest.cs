using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Encodings.Web;
using System.Text;

namespace Libvirtd.Drivers.Test;

/// <summary>A monitor command: <c>{"execute":"clock-advance","arguments":{"by":"10s"}}</c>, or the words <c>clock-advance by=10s</c>.</summary>
/// <param name="Name">The command.</param>
/// <param name="Arguments">What comes with it.</param>
/// <param name="Id">What the client wants to see again in the answer, as JSON; null for nothing.</param>
internal sealed record MonitorRequest(string Name, CommandArguments Arguments, string? Id)
{
    private const int Longest = 1 << 20;
    private const int MostDepth = 32;

    private static readonly JsonWriterOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads JSON.</summary>
    /// <exception cref="MonitorException">It is no command.</exception>
    public static MonitorRequest ParseJson(string text)
    {
        if (text.Length > Longest)
            throw new MonitorException($"the command is longer than {Longest}");
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MostDepth });
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("execute", out JsonElement name) || name.ValueKind != JsonValueKind.String)
                throw new MonitorException("QMP input lacks member 'execute'");
            CommandArguments arguments = new();
            if (root.TryGetProperty("arguments", out JsonElement members))
                arguments = members.ValueKind == JsonValueKind.Object ? CommandArguments.Of(members) : throw new MonitorException("QMP input member 'arguments' must be an object");
            return new MonitorRequest(name.GetString()!, arguments, root.TryGetProperty("id", out JsonElement id) ? id.GetRawText() : null);
        }
        catch (JsonException)
        {
            throw new MonitorException("JSON parse error");
        }
        catch (InvalidOperationException)
        {
            throw new MonitorException("JSON parse error, invalid text");
        }
    }

    /// <summary>Reads words: the command, then <c>name=value</c>; a value with blanks stands in double quotes, which mean themselves elsewhere.</summary>
    /// <exception cref="MonitorException">It is no command.</exception>
    public static MonitorRequest ParseWords(string text)
    {
        if (text.Length > Longest)
            throw new MonitorException($"the command is longer than {Longest}");
        List<string> words = Split(text);
        return words.Count == 0
            ? throw new MonitorException("there is no command")
            : new MonitorRequest(words[0], CommandArguments.Of(words.Skip(1), "value"), null);
    }

    /// <summary>The answer as JSON on one line.</summary>
    public string Answer(string member, JsonNode? content)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, s_plain))
        {
            writer.WriteStartObject();
            writer.WritePropertyName(member);
            Write(writer, content);
            if (Id is not null)
            {
                writer.WritePropertyName("id");
                writer.WriteRawValue(Id);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    /// <summary>JSON on one line, readable: only what must be escaped is.</summary>
    public static string Format(JsonNode? content)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, s_plain))
            Write(writer, content);
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    private static void Write(Utf8JsonWriter writer, JsonNode? content)
    {
        if (content is null)
            writer.WriteNullValue();
        else
            content.WriteTo(writer);
    }

    private static List<string> Split(string text)
    {
        List<string> words = [];
        StringBuilder word = new();
        bool isQuoted = false;
        bool isWord = false;
        foreach (char c in text)
        {
            if (c == '"' && (isQuoted || word.Length == 0 || word[^1] == '='))
            {
                isQuoted = !isQuoted;
                isWord = true;
            }
            else if (isQuoted || !char.IsWhiteSpace(c))
            {
                word.Append(c);
                isWord = true;
            }
            else if (isWord)
            {
                words.Add(word.ToString());
                word.Clear();
                isWord = false;
            }
        }

        if (isQuoted)
            throw new MonitorException("a quote is not closed");
        if (isWord)
            words.Add(word.ToString());
        return words;
    }
}
