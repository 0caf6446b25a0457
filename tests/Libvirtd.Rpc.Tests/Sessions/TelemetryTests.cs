using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Libvirtd.Drivers;
using Libvirtd.Protocol;

namespace Libvirtd.Rpc.Tests.Sessions;

/// <summary>What the meter and the activity source tell. Both are the whole process's: no other test makes calls meanwhile.</summary>
[Collection(nameof(Alone))]
public sealed class TelemetryTests
{
    private const int GetVersion = (int)RemoteProcedure.ConnectGetLibVersion;
    private const int Suspend = (int)RemoteProcedure.DomainSuspend;

    [Fact]
    public async Task Calls_are_counted_by_procedure_and_result_and_timed()
    {
        using Figures figures = new();
        await using SessionFixture fixture = new();
        RawClient client = await fixture.OpenAsync();
        for (int i = 0; i < 3; i++)
            await client.CallOkAsync(GetVersion);
        Assert.True((await client.CallAsync(9999)).IsError);
        // A call is counted before its answer leaves.
        Assert.Equal(3, figures["libvirtd.calls", "virConnectGetLibVersion", "ok"]);
        Assert.Equal(1, figures["libvirtd.calls", "unknown", "Rpc"]);
        Assert.True(figures["libvirtd.call.duration", "virConnectGetLibVersion"] > 0);
        Assert.True(figures["libvirtd.received"] > 0);
        Assert.True(figures["libvirtd.sent"] > 0);
    }

    [Fact]
    public async Task Connections_guests_and_jobs_are_told_when_asked()
    {
        using Figures figures = new();
        await using SessionFixture fixture = new(driver: new FakeDriver { Guests = [new(DomainState.Running, 4)], Jobs = 2 });
        await fixture.OpenAsync();
        figures.Ask();
        Assert.Equal(1, figures["libvirtd.connections"]);
        Assert.Equal(0, figures["libvirtd.calls.in_flight"]);
        Assert.Equal(0, figures["libvirtd.calls.parked"]);
        Assert.Equal(4, figures["libvirtd.guests", "FAKE", "Running"]);
        Assert.Equal(2, figures["libvirtd.jobs", "FAKE"]);
    }

    [Fact]
    public async Task Each_call_has_a_span_of_its_own_and_leaves_none_behind()
    {
        ConcurrentQueue<Activity> ended = new();
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == RpcServer.TelemetryName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using SessionFixture fixture = new();
        TaskCompletionSource<Activity?> seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Connection.Guests.OnSuspend = async _ =>
        {
            seen.TrySetResult(Activity.Current);
            await goOn.Task;
            throw VirException.Of(ErrorCode.NoDomain, ErrorDomain.Test, "vm1");
        };
        RawClient client = await fixture.OpenAsync();
        Task<Packet> slow = client.CallAsync(Suspend, FakeDomains.Arguments);
        Activity? span = await seen.Task.Soon();
        RawClient other = await fixture.OpenAsync();
        await other.CallOkAsync(GetVersion);
        goOn.SetResult();
        Assert.True((await slow.Soon()).IsError);
        await Patiently.UntilAsync(() => ended.Any(one => one.DisplayName == "virDomainSuspend"), "the span of the slow call");
        Activity suspend = ended.Single(one => one.DisplayName == "virDomainSuspend");
        Assert.Same(span, suspend);
        Assert.Equal(ActivityStatusCode.Error, suspend.Status);
        Assert.Equal("NoDomain", suspend.GetTagItem("error.type"));
        Assert.All(ended, one => Assert.Null(one.Parent));
        Assert.Contains(ended, one => one.DisplayName == "virConnectGetLibVersion" && one.Status == ActivityStatusCode.Unset);
    }

    /// <summary>Sums by instrument and tags.</summary>
    private sealed class Figures : IDisposable
    {
        private readonly ConcurrentDictionary<string, double> _values = new();
        private readonly MeterListener _listener = new();

        public Figures()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == RpcServer.TelemetryName)
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.Start();
        }

        public double this[string instrument, params string[] tags] => _values.GetValueOrDefault(string.Join(' ', [instrument, .. tags]));

        public void Ask() => _listener.RecordObservableInstruments();

        public void Dispose() => _listener.Dispose();

        private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string key = instrument.Name;
            foreach (KeyValuePair<string, object?> tag in tags)
                key += " " + tag.Value;
            _values.AddOrUpdate(key, value, (_, sum) => sum + value);
        }
    }
}
