using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Daemon.Telemetry;

/// <summary>
/// Sends the spans of calls to a collector by OTLP over HTTP, in JSON. What the collector does not take in time is dropped, and a log line says so:
/// calls never wait for it.
/// </summary>
internal sealed class TraceExporter : IAsyncDisposable
{
    private const int MostQueued = 4096;
    private const int MostInBatch = 512;
    private const string Service = "libvirtd-net";
    private const int MostLooks = 20;
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly Uri _collector;
    private readonly ILogger _logger;
    private readonly ActivityListener _listener;
    private readonly Channel<Activity> _ended;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sending;
    private long _dropped;
    private bool _failing;

    /// <summary>Listens at once.</summary>
    /// <param name="collector">An http URL; without a path, /v1/traces is taken.</param>
    /// <param name="percent">How many of a hundred calls get a span, 1 to 100.</param>
    /// <param name="source">The activity source that counts.</param>
    /// <param name="logger">Where failures go.</param>
    public TraceExporter(Uri collector, uint percent, string source, ILogger logger)
    {
        _collector = collector.AbsolutePath == "/" ? new Uri(collector, "/v1/traces") : collector;
        _logger = logger;
        _ended = Channel.CreateBounded<Activity>(
            new BoundedChannelOptions(MostQueued) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true },
            _ => Interlocked.Increment(ref _dropped));
        ulong least = percent >= 100 ? 0 : ulong.MaxValue / 100 * (100 - percent);
        _listener = new ActivityListener
        {
            ShouldListenTo = candidate => candidate.Name == source,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                IsChosen(options.TraceId, least) ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span => _ended.Writer.TryWrite(span),
        };
        ActivitySource.AddActivityListener(_listener);
        _sending = Task.Run(SendAllAsync);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        _ended.Writer.TryComplete();
        await _sending.ConfigureAwait(false);
        _stop.Dispose();
    }

    // By the trace's own random bytes, so that all who see the trace choose alike.
    private static bool IsChosen(ActivityTraceId trace, ulong least)
    {
        Span<byte> bytes = stackalloc byte[16];
        trace.CopyTo(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]) >= least;
    }

    private async Task SendAllAsync()
    {
        List<Activity> batch = [];
        while (await _ended.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            // A second for more to come, unless a batch is there before.
            for (int i = 0; i < MostLooks && _ended.Reader.Count < MostInBatch && !_stop.IsCancellationRequested; i++)
                await Task.Delay(s_look).ConfigureAwait(false);
            while (batch.Count < MostInBatch && _ended.Reader.TryRead(out Activity? span)) batch.Add(span);
            await TrySendAsync(batch).ConfigureAwait(false);
            batch.Clear();
        }
    }

    private async Task TrySendAsync(List<Activity> batch)
    {
        try
        {
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(s_patience);
            int status = await PostAsync(OtlpJson.Encode(batch, Service, Environment.MachineName), patience.Token).ConfigureAwait(false);
            if (status is >= 200 and < 300) Succeeded();
            else Failed(batch.Count, $"it answers with status {status}");
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
        {
            Failed(batch.Count, failure is OperationCanceledException ? "it does not answer" : failure.Message);
        }
    }

    /// <summary>One request on a connection of its own; returns the answer's status, 0 where it has none.</summary>
    private async Task<int> PostAsync(byte[] body, CancellationToken cancel)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_collector.IdnHost, _collector.Port, cancel).ConfigureAwait(false);
        await using NetworkStream stream = new(socket);
        string head = $"POST {_collector.PathAndQuery} HTTP/1.1\r\nHost: {_collector.Authority}\r\nContent-Type: application/json\r\n" +
            $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancel).ConfigureAwait(false);
        await stream.WriteAsync(body, cancel).ConfigureAwait(false);
        byte[] answer = new byte[12]; // HTTP/1.1 200
        int have = await stream.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
        return have == answer.Length && int.TryParse(Encoding.ASCII.GetString(answer, 9, 3), out int status) ? status : 0;
    }

    private void Failed(int lost, string reason)
    {
        Interlocked.Add(ref _dropped, lost);
        if (_failing) return; // said already
        _failing = true;
        TelemetryLog.CollectorFails(_logger, _collector, reason);
    }

    private void Succeeded()
    {
        long dropped = Interlocked.Exchange(ref _dropped, 0);
        if (dropped > 0) TelemetryLog.SpansDropped(_logger, dropped);
        _failing = false;
    }
}
