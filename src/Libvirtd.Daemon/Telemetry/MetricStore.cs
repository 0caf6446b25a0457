using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Numerics;

namespace Libvirtd.Daemon.Telemetry;

/// <summary>Gathers the figures of the server's meters and of the runtime's from when it is made until it is disposed.</summary>
internal sealed class MetricStore : IDisposable
{
    private readonly Lock _scrape = new();
    private readonly ConcurrentDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    /// <param name="meters">The names of the meters that count.</param>
    public MetricStore(params IReadOnlyList<string> meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!meters.Contains(instrument.Meter.Name)) return;
            MetricFamily family = new(instrument);
            family = _families.GetOrAdd(family.Name, family);
            listener.EnableMeasurementEvents(instrument, new Source(family, [.. instrument.Meter.Tags ?? []]));
        };
        Listen<long>();
        Listen<int>();
        Listen<double>();
        _listener.Start();
    }

    /// <summary>All that is known now, in Prometheus' text format.</summary>
    public string Text()
    {
        lock (_scrape)
        {
            foreach (MetricFamily family in _families.Values)
                if (family.IsObserved) family.Clear();
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException)
            {
                // A figure that cannot be had just now is left out; the others are there.
            }
            return PrometheusText.Of(_families.Values.OrderBy(family => family.Name, StringComparer.Ordinal));
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Listen<T>()
        where T : struct, INumber<T> => _listener.SetMeasurementEventCallback<T>(static (_, measurement, tags, state) =>
        {
            Source source = (Source)state!;
            source.Family.Record(MetricLabels.Of(source.Tags, tags), double.CreateSaturating(measurement));
        });

    /// <summary>An instrument: several servers have one of the same name each, told apart by the tags of their meters.</summary>
    private sealed record Source(MetricFamily Family, KeyValuePair<string, object?>[] Tags);
}
