using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Libvirtd.Daemon.Telemetry;

/// <summary>How the figures of a family are read.</summary>
internal enum MetricType
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>The labels of a figure. Four are enough for all that is collected here; further ones are left out.</summary>
internal readonly record struct MetricLabels(
    KeyValuePair<string, object?> First, KeyValuePair<string, object?> Second, KeyValuePair<string, object?> Third, KeyValuePair<string, object?> Fourth)
{
    public static MetricLabels Of(ReadOnlySpan<KeyValuePair<string, object?>> fixedOnes, ReadOnlySpan<KeyValuePair<string, object?>> own)
    {
        ReadOnlySpan<KeyValuePair<string, object?>> all = fixedOnes.IsEmpty ? own : [.. fixedOnes, .. own];
        return new(At(all, 0), At(all, 1), At(all, 2), At(all, 3));
    }

    public IEnumerable<KeyValuePair<string, object?>> All => new[] { First, Second, Third, Fourth }.Where(label => label.Key is not null);

    private static KeyValuePair<string, object?> At(ReadOnlySpan<KeyValuePair<string, object?>> all, int index) => index < all.Length ? all[index] : default;
}

/// <summary>One figure: a sum, a present value, or the buckets of a histogram.</summary>
internal sealed class MetricCell(int buckets)
{
    private readonly Lock _gate = new();
    private readonly long[] _buckets = new long[buckets];
    private double _value;
    private long _count;

    public void Set(double value)
    {
        lock (_gate) _value = value;
    }

    public void Add(double value)
    {
        lock (_gate) _value += value;
    }

    /// <summary>A measurement that falls into the bucket of that number, or beyond the last.</summary>
    public void Observe(double value, int bucket)
    {
        lock (_gate)
        {
            _value += value;
            _count++;
            if (bucket < _buckets.Length) _buckets[bucket]++;
        }
    }

    public (double Value, long Count, long[] Buckets) Read()
    {
        lock (_gate) return (_value, _count, [.. _buckets]);
    }
}

/// <summary>All figures of one name: one for each set of labels.</summary>
internal sealed class MetricFamily
{
    /// <summary>Labels come from names that are bounded; what should turn out not to be costs no more than this.</summary>
    private const int MostCells = 10_000;

    private static readonly double[] s_defaultBounds = [0.001, 0.01, 0.1, 1, 10];

    private readonly ConcurrentDictionary<MetricLabels, MetricCell> _cells = new();

    public MetricFamily(Instrument instrument)
    {
        Type = TypeOf(instrument);
        Name = PrometheusText.Name(instrument.Name, instrument.Unit, Type);
        Help = instrument.Description ?? "";
        IsObserved = instrument.IsObservable;
        if (Type == MetricType.Histogram)
            Bounds = (instrument as Instrument<double>)?.Advice?.HistogramBucketBoundaries?.ToArray() ?? s_defaultBounds;
    }

    public string Name { get; }

    public string Help { get; }

    public MetricType Type { get; }

    /// <summary>Its figures are asked for when they are wanted, and told whole.</summary>
    public bool IsObserved { get; }

    /// <summary>The upper bounds of a histogram's buckets, each inclusive.</summary>
    public double[] Bounds { get; } = [];

    public IEnumerable<KeyValuePair<MetricLabels, MetricCell>> Cells => _cells;

    public void Record(in MetricLabels labels, double value)
    {
        if (!_cells.TryGetValue(labels, out MetricCell? cell))
        {
            if (_cells.Count >= MostCells) return;
            cell = _cells.GetOrAdd(labels, static (_, buckets) => new MetricCell(buckets), Bounds.Length);
        }
        if (Type == MetricType.Histogram) cell.Observe(value, BucketOf(value));
        else if (IsObserved) cell.Set(value);
        else cell.Add(value);
    }

    /// <summary>Forgets all: what is still there will be told again.</summary>
    public void Clear() => _cells.Clear();

    private int BucketOf(double value)
    {
        int index = Array.BinarySearch(Bounds, value);
        return index >= 0 ? index : ~index;
    }

    private static MetricType TypeOf(Instrument instrument)
    {
        // There are a few kinds for each of a few types of numbers; the name of the kind is what they have in common.
        string kind = instrument.GetType().Name;
        if (kind.Contains("UpDownCounter", StringComparison.Ordinal) || kind.Contains("Gauge", StringComparison.Ordinal)) return MetricType.Gauge;
        return kind.Contains("Histogram", StringComparison.Ordinal) ? MetricType.Histogram : MetricType.Counter;
    }
}
