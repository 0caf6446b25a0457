using System.Globalization;
using System.Text;

namespace Libvirtd.Daemon.Telemetry;

/// <summary>Prometheus' text exposition format, version 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The name of an instrument as Prometheus wants it: with its unit, and _total for what only grows.</summary>
    public static string Name(string instrument, string? unit, MetricType type)
    {
        StringBuilder name = new();
        foreach (char c in instrument)
            name.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        string suffix = unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        if (!name.ToString().EndsWith(suffix, StringComparison.Ordinal)) name.Append(suffix);
        if (type == MetricType.Counter) name.Append("_total");
        return name.ToString();
    }

    public static string Of(IEnumerable<MetricFamily> families)
    {
        StringBuilder text = new();
        foreach (MetricFamily family in families)
        {
            bool any = false;
            foreach ((MetricLabels labels, MetricCell cell) in family.Cells)
            {
                if (!any) Head(text, family);
                any = true;
                if (family.Type == MetricType.Histogram) Histogram(text, family, labels, cell);
                else Line(text, family.Name, labels, null, cell.Read().Value);
            }
        }
        return text.ToString();
    }

    private static void Head(StringBuilder text, MetricFamily family)
    {
        text.Append("# HELP ").Append(family.Name).Append(' ');
        Escape(text, family.Help, quotes: false);
        text.Append("\n# TYPE ").Append(family.Name).Append(' ').Append(family.Type switch
        {
            MetricType.Counter => "counter",
            MetricType.Gauge => "gauge",
            _ => "histogram",
        }).Append('\n');
    }

    private static void Histogram(StringBuilder text, MetricFamily family, in MetricLabels labels, MetricCell cell)
    {
        (double sum, long count, long[] buckets) = cell.Read();
        long up = 0;
        for (int i = 0; i < buckets.Length; i++)
        {
            up += buckets[i];
            Line(text, family.Name + "_bucket", labels, Number(family.Bounds[i]), up);
        }
        Line(text, family.Name + "_bucket", labels, "+Inf", count);
        Line(text, family.Name + "_sum", labels, null, sum);
        Line(text, family.Name + "_count", labels, null, count);
    }

    private static void Line(StringBuilder text, string name, in MetricLabels labels, string? upTo, double value)
    {
        text.Append(name);
        char before = '{';
        foreach ((string key, object? label) in labels.All)
        {
            Label(text, before, Name(key, null, MetricType.Gauge), Convert.ToString(label, CultureInfo.InvariantCulture) ?? "");
            before = ',';
        }
        if (upTo is not null)
        {
            Label(text, before, "le", upTo);
            before = ',';
        }
        if (before == ',') text.Append('}');
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static void Label(StringBuilder text, char before, string name, string value)
    {
        text.Append(before).Append(name).Append("=\"");
        Escape(text, value, quotes: true);
        text.Append('"');
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static void Escape(StringBuilder text, string value, bool quotes)
    {
        foreach (char c in value)
        {
            switch (c)
            {
                case '\\':
                    text.Append("\\\\");
                    break;
                case '\n':
                    text.Append("\\n");
                    break;
                case '"' when quotes:
                    text.Append("\\\"");
                    break;
                default:
                    text.Append(c);
                    break;
            }
        }
    }
}
