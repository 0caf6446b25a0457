using System.Diagnostics;
using System.Diagnostics.Metrics;
using Libvirtd.Drivers;
using Libvirtd.Protocol;
using Libvirtd.Rpc.Dispatch;
using Libvirtd.Rpc.Sessions;

namespace Libvirtd.Rpc.Diagnostics;

/// <summary>
/// What a server tells of itself to whoever listens: figures through the meter, a span for each call through the activity source, both named
/// <see cref="RpcServer.TelemetryName"/>. While nobody listens a call costs one look at <see cref="ObservesCalls"/>.
/// </summary>
internal sealed class RpcTelemetry : IDisposable
{
    private static readonly double[] s_seconds =
        [0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

    private static readonly string[] s_kinds = Enum.GetNames<EventKind>();

    private readonly Meter _meter;
    private readonly ActivitySource _source = new(RpcServer.TelemetryName);
    private readonly Counter<long> _calls;
    private readonly Histogram<double> _durations;
    private readonly Counter<long> _events;
    private readonly Counter<long> _streamReceived;
    private readonly Counter<long> _streamSent;

    public RpcTelemetry(RpcServer server)
    {
        _meter = new Meter(RpcServer.TelemetryName, version: null, tags: [new("server", server.Options.Name)]);
        _calls = _meter.CreateCounter<long>("libvirtd.calls", "{call}", "Calls that were answered, by procedure and by result: ok, or libvirt's error code");
        _durations = _meter.CreateHistogram("libvirtd.call.duration", "s", "From the beginning of a call to its answer, by procedure",
            tags: null, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = s_seconds });
        Received = _meter.CreateCounter<long>("libvirtd.received", "By", "Bytes from clients");
        Sent = _meter.CreateCounter<long>("libvirtd.sent", "By", "Bytes to clients");
        _events = _meter.CreateCounter<long>("libvirtd.events", "{event}", "Events that were sent, by the kind of object");
        _streamReceived = _meter.CreateCounter<long>("libvirtd.stream.received", "By", "Contents of streams from clients");
        _streamSent = _meter.CreateCounter<long>("libvirtd.stream.sent", "By", "Contents of streams to clients");
        _meter.CreateObservableUpDownCounter("libvirtd.connections", () => server.ClientCount, "{connection}", "Connected clients");
        _meter.CreateObservableUpDownCounter("libvirtd.calls.in_flight", () => server.Sessions.Sum(session => session.UnderWay), "{call}",
            "Calls that have begun and are not answered yet");
        _meter.CreateObservableUpDownCounter("libvirtd.calls.parked", () => server.Sessions.Sum(session => session.Waiting), "{call}",
            "Calls that wait until others of their client are answered");
        _meter.CreateObservableUpDownCounter("libvirtd.guests", () => Guests(server.Drivers), "{guest}", "Domains, by driver and state");
        _meter.CreateObservableUpDownCounter("libvirtd.jobs", () => Jobs(server.Drivers), "{job}", "Jobs under way on domains, by driver");
    }

    /// <summary>Somebody wants to know of each call.</summary>
    public bool ObservesCalls => _calls.Enabled || _durations.Enabled || _source.HasListeners();

    public Counter<long> Received { get; }

    public Counter<long> Sent { get; }

    /// <summary>A call begins, on this thread; what it starts belongs to its span, if it has one.</summary>
    public Activity? Begin(ServerCall call)
    {
        if (!ObservesCalls)
            return null;
        Activity? span = _source.StartActivity("call", ActivityKind.Server);
        call.Observation = new CallObservation(span);
        return span;
    }

    /// <summary>The call has been answered, or goes on elsewhere: what this thread does next is not the call's.</summary>
    public static void Leave(Activity? span)
    {
        if (span is not null)
            Activity.Current = span.Parent;
    }

    /// <summary>The call has been answered.</summary>
    public void End(ServerCall call)
    {
        if (call.Observation is not { } observation)
            return;
        call.Observation = null;
        string procedure = call.Procedure?.Api ?? "unknown";
        string result = call.Failure is { } code ? Names.Of(code) : "ok";
        _calls.Add(1, new("procedure", procedure), new("result", result));
        _durations.Record(Stopwatch.GetElapsedTime(observation.Began).TotalSeconds, new KeyValuePair<string, object?>("procedure", procedure));
        if (observation.Span is { } span)
            EndSpan(span, call, procedure, result);
    }

    /// <summary>An event was put into a client's output.</summary>
    public void CountEvent(EventKind kind)
    {
        if (_events.Enabled)
            _events.Add(1, new KeyValuePair<string, object?>("kind", s_kinds[(int)kind]));
    }

    public void CountStream(int bytes, bool fromClient) => (fromClient ? _streamReceived : _streamSent).Add(bytes);

    public void Dispose()
    {
        _meter.Dispose();
        _source.Dispose();
    }

    private static void EndSpan(Activity span, ServerCall call, string procedure, string result)
    {
        Session session = call.Session;
        span.DisplayName = procedure;
        span.SetTag("rpc.system", "libvirt");
        span.SetTag("rpc.method", procedure);
        span.SetTag("libvirt.client", session.Id);
        span.SetTag("libvirt.serial", (long)call.Header.Serial);
        if (session.Connection is { } connection)
            span.SetTag("libvirt.uri", connection.Uri);
        if (call.Failure is not null)
        {
            span.SetTag("error.type", result);
            span.SetStatus(ActivityStatusCode.Error);
        }
        span.Dispose();
    }

    private static IEnumerable<Measurement<int>> Guests(IReadOnlyList<Driver> drivers) =>
        from driver in drivers
        from count in driver.CountGuests()
        select new Measurement<int>(count.Count, new("driver", driver.Name), new("state", Names.Of(count.State)));

    private static IEnumerable<Measurement<int>> Jobs(IReadOnlyList<Driver> drivers) =>
        from driver in drivers
        select new Measurement<int>(driver.CountJobs(), new KeyValuePair<string, object?>("driver", driver.Name));

    /// <summary>The names of codes and states, made once.</summary>
    private static class Names
    {
        private static readonly Dictionary<ErrorCode, string> s_codes = Enum.GetValues<ErrorCode>().Distinct().ToDictionary(code => code, code => code.ToString());
        private static readonly Dictionary<DomainState, string> s_states = Enum.GetValues<DomainState>().Distinct().ToDictionary(state => state, state => state.ToString());

        public static string Of(ErrorCode code) => s_codes.TryGetValue(code, out string? name) ? name : "other";

        public static string Of(DomainState state) => s_states.TryGetValue(state, out string? name) ? name : "other";
    }
}

/// <summary>A call that somebody watches.</summary>
/// <param name="Span">Its span; null where only figures are wanted, or where it was not chosen.</param>
internal readonly record struct CallObservation(Activity? Span)
{
    /// <summary>When it began, as a timestamp of <see cref="Stopwatch"/>.</summary>
    public long Began { get; } = Stopwatch.GetTimestamp();
}
