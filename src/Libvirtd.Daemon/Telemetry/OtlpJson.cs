using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Libvirtd.Daemon.Telemetry;

/// <summary>Spans in OTLP's JSON encoding: the body of a POST to /v1/traces.</summary>
internal static class OtlpJson
{
    private const int StatusError = 2;

    public static byte[] Encode(IReadOnlyCollection<Activity> spans, string service, string host)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("resourceSpans");
            json.WriteStartObject();
            json.WriteStartObject("resource");
            json.WriteStartArray("attributes");
            Attribute(json, "service.name", service);
            Attribute(json, "host.name", host);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartArray("scopeSpans");
            foreach (IGrouping<string, Activity> scope in spans.GroupBy(span => span.Source.Name))
                Scope(json, scope);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static void Scope(Utf8JsonWriter json, IGrouping<string, Activity> scope)
    {
        json.WriteStartObject();
        json.WriteStartObject("scope");
        json.WriteString("name", scope.Key);
        json.WriteEndObject();
        json.WriteStartArray("spans");
        foreach (Activity span in scope)
            Span(json, span);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Span(Utf8JsonWriter json, Activity span)
    {
        json.WriteStartObject();
        json.WriteString("traceId", span.TraceId.ToHexString());
        json.WriteString("spanId", span.SpanId.ToHexString());
        if (span.ParentSpanId != default)
            json.WriteString("parentSpanId", span.ParentSpanId.ToHexString());
        json.WriteString("name", span.DisplayName);
        json.WriteNumber("kind", (int)span.Kind + 1); // OTLP's numbers begin with "unspecified"
        json.WriteString("startTimeUnixNano", Nanoseconds(span.StartTimeUtc));
        json.WriteString("endTimeUnixNano", Nanoseconds(span.StartTimeUtc + span.Duration));
        json.WriteStartArray("attributes");
        foreach ((string key, object? value) in span.EnumerateTagObjects())
            Attribute(json, key, value);
        json.WriteEndArray();
        if (span.Status == ActivityStatusCode.Error)
        {
            json.WriteStartObject("status");
            json.WriteNumber("code", StatusError);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void Attribute(Utf8JsonWriter json, string key, object? value)
    {
        json.WriteStartObject();
        json.WriteString("key", key);
        json.WriteStartObject("value");
        if (value is long or int)
            json.WriteString("intValue", Convert.ToString(value, CultureInfo.InvariantCulture));
        else if (value is bool flag)
            json.WriteBoolean("boolValue", flag);
        else
            json.WriteString("stringValue", Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Nanoseconds(DateTime time) =>
        ((time - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick).ToString(CultureInfo.InvariantCulture);
}
