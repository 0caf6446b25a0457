using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Daemon.Telemetry;

namespace Libvirtd.Daemon.Tests;

public sealed class PrometheusTests
{
    // A name of the test's own: meters are the whole process's.
    private readonly string _name = "test-" + Guid.NewGuid();

    [Fact]
    public void Counters_gauges_and_histograms_are_written_as_Prometheus_reads_them()
    {
        using MetricStore store = new(_name);
        using Meter meter = new(_name, version: null, tags: [new("server", "a")]);
        Counter<long> calls = meter.CreateCounter<long>("demo.calls", "{call}", "Calls \\ that\nwere made");
        calls.Add(2, new KeyValuePair<string, object?>("procedure", "a\"b"));
        calls.Add(1, new KeyValuePair<string, object?>("procedure", "a\"b"));
        Histogram<double> times = meter.CreateHistogram("demo.time", "s", "", tags: null,
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 2] });
        foreach (double seconds in new[] { 0.25, 0.5, 1, 3 })
            times.Record(seconds);
        int running = 3;
        meter.CreateObservableUpDownCounter("demo.guests", () => new Measurement<int>(running, new KeyValuePair<string, object?>("state", "on")), null, "Guests");
        const string head = """
            # HELP demo_calls_total Calls \\ that\nwere made
            # TYPE demo_calls_total counter
            demo_calls_total{server="a",procedure="a\"b"} 3
            # HELP demo_guests Guests
            # TYPE demo_guests gauge
            demo_guests{server="a",state="on"} 3

            """;
        const string tail = """
            # HELP demo_time_seconds 
            # TYPE demo_time_seconds histogram
            demo_time_seconds_bucket{server="a",le="0.5"} 2
            demo_time_seconds_bucket{server="a",le="2"} 3
            demo_time_seconds_bucket{server="a",le="+Inf"} 4
            demo_time_seconds_sum{server="a"} 4.75
            demo_time_seconds_count{server="a"} 4

            """;
        Assert.Equal(head + tail, store.Text());
        running = 5;
        Assert.Contains("state=\"on\"} 5\n", store.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_longer_told_is_gone_and_meters_of_others_do_not_count()
    {
        using MetricStore store = new(_name);
        using Meter meter = new(_name);
        using Meter other = new("not-" + _name);
        other.CreateCounter<long>("other").Add(1);
        string state = "on";
        meter.CreateObservableGauge("demo.guests", () => new Measurement<int>(1, new KeyValuePair<string, object?>("state", state)));
        Assert.Contains("{state=\"on\"} 1", store.Text(), StringComparison.Ordinal);
        state = "off";
        string text = store.Text();
        Assert.Contains("{state=\"off\"} 1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"on\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("other", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK", "demo 1\n")]
    [InlineData("GET /metrics?x=1 HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK", "demo 1\n")]
    [InlineData("HEAD /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK", "")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found", "the figures are at /metrics\n")]
    [InlineData("POST /metrics HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 405 Method Not Allowed", "only GET\n")]
    [InlineData("nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request", "no HTTP request\n")]
    public async Task Endpoint_answers_a_scraper(string request, string status, string body)
    {
        await using MetricsEndpoint endpoint = new(new IPEndPoint(IPAddress.Loopback, 0), () => "demo 1\n");
        string answer = await AskAsync(endpoint.Address, Encoding.ASCII.GetBytes(request));
        Assert.StartsWith(status + "\r\n", answer, StringComparison.Ordinal);
        Assert.Equal(body, answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
    }

    [Fact]
    public async Task Endpoint_refuses_a_request_that_never_ends_and_still_answers_others()
    {
        await using MetricsEndpoint endpoint = new(new IPEndPoint(IPAddress.Loopback, 0), () => "demo 1\n");
        using Socket silent = new(SocketType.Stream, ProtocolType.Tcp);
        await silent.ConnectAsync(endpoint.Address, TestContext.Current.CancellationToken);
        byte[] endless = new byte[20_000];
        Array.Fill(endless, (byte)'a');
        Assert.StartsWith("HTTP/1.1 400", await AskAsync(endpoint.Address, endless), StringComparison.Ordinal);
        Assert.EndsWith("demo 1\n", await AskAsync(endpoint.Address, "GET /metrics HTTP/1.1\r\n\r\n"u8.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_in_use_ends_the_start()
    {
        await using MetricsEndpoint first = new(new IPEndPoint(IPAddress.Loopback, 0), () => "");
        DaemonStartException failure = Assert.Throws<DaemonStartException>(() => new MetricsEndpoint(first.Address, () => ""));
        Assert.Equal(ExitStatus.Network, failure.Status);
    }

    private static async Task<string> AskAsync(IPEndPoint address, byte[] request)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        using TcpClient client = new();
        await client.ConnectAsync(address, stop);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(request, stop);
        client.Client.Shutdown(SocketShutdown.Send);
        using StreamReader reader = new(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(stop);
    }
}
