using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Libvirtd.Daemon.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Libvirtd.Daemon.Tests;

public sealed class TraceExporterTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Spans_reach_the_collector_as_OTLP()
    {
        string name = "test-" + Guid.NewGuid();
        using ActivitySource source = new(name);
        using TcpListener collector = new(IPAddress.Loopback, 0);
        collector.Start();
        Task<(string Head, JsonDocument Body)> request = TakeAsync(collector);
        await using TraceExporter exporter = new(new Uri($"http://{collector.LocalEndpoint}"), 100, name, NullLogger.Instance);
        Activity span = source.StartActivity("virDomainCreate", ActivityKind.Server)!;
        span.SetTag("libvirt.client", 7L);
        span.SetTag("libvirt.uri", "test:///default");
        span.SetStatus(ActivityStatusCode.Error);
        span.Dispose();

        (string head, JsonDocument body) = await request.WaitAsync(TimeSpan.FromSeconds(30), Stop);
        Assert.StartsWith("POST /v1/traces HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/json\r\n", head, StringComparison.Ordinal);
        JsonElement resource = body.RootElement.GetProperty("resourceSpans")[0];
        Assert.Equal("libvirtd-net", resource.GetProperty("resource").GetProperty("attributes")[0].GetProperty("value").GetProperty("stringValue").GetString());
        JsonElement scope = resource.GetProperty("scopeSpans")[0];
        Assert.Equal(name, scope.GetProperty("scope").GetProperty("name").GetString());
        JsonElement sent = scope.GetProperty("spans")[0];
        Assert.Equal(span.TraceId.ToHexString(), sent.GetProperty("traceId").GetString());
        Assert.Equal(span.SpanId.ToHexString(), sent.GetProperty("spanId").GetString());
        Assert.Equal("virDomainCreate", sent.GetProperty("name").GetString());
        Assert.Equal(2, sent.GetProperty("kind").GetInt32());
        Assert.Equal(2, sent.GetProperty("status").GetProperty("code").GetInt32());
        Assert.Equal("""[{"key":"libvirt.client","value":{"intValue":"7"}},{"key":"libvirt.uri","value":{"stringValue":"test:///default"}}]""",
            sent.GetProperty("attributes").GetRawText());
        Assert.True(long.Parse(sent.GetProperty("endTimeUnixNano").GetString()!, null) >= long.Parse(sent.GetProperty("startTimeUnixNano").GetString()!, null));
    }

    [Fact]
    public async Task Without_a_collector_spans_are_dropped_and_nothing_waits()
    {
        string name = "test-" + Guid.NewGuid();
        using ActivitySource source = new(name);
        TcpListener closed = new(IPAddress.Loopback, 0);
        closed.Start();
        Uri nobody = new($"http://{closed.LocalEndpoint}");
        closed.Stop();
        TraceExporter exporter = new(nobody, 100, name, NullLogger.Instance);
        for (int i = 0; i < 10_000; i++)
            source.StartActivity("call")!.Dispose();
        await exporter.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), Stop);
        Assert.Null(source.StartActivity("call"));
    }

    [Fact]
    public async Task A_share_of_the_calls_is_traced()
    {
        string name = "test-" + Guid.NewGuid();
        using ActivitySource source = new(name);
        TraceExporter exporter = new(new Uri("http://127.0.0.1:1"), 10, name, NullLogger.Instance);
        int traced = Enumerable.Range(0, 10_000).Count(_ =>
        {
            using Activity? span = source.StartActivity("call");
            return span is not null;
        });
        await exporter.DisposeAsync();
        Assert.InRange(traced, 700, 1300);
    }

    [Theory]
    [InlineData("127.0.0.1:9177", true)]
    [InlineData("[::1]:9177", true)]
    [InlineData("127.0.0.1:0", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("0.0.0.0:9177", false)]
    [InlineData("192.0.2.1:9177", false)]
    [InlineData("9177", false)]
    [InlineData("localhost:9177", false)]
    public void Metrics_are_served_on_this_machine_alone(string text, bool taken) => Assert.Equal(taken, TelemetryAddresses.ParseMetrics(text) is not null);

    [Theory]
    [InlineData("http://127.0.0.1:4318", true)]
    [InlineData("http://collector.example/v1/traces", true)]
    [InlineData("https://collector.example", false)]
    [InlineData("collector", false)]
    public void A_collector_is_an_http_url(string text, bool taken) => Assert.Equal(taken, TelemetryAddresses.ParseCollector(text) is not null);

    private static async Task<(string Head, JsonDocument Body)> TakeAsync(TcpListener collector)
    {
        using TcpClient client = await collector.AcceptTcpClientAsync(Stop);
        NetworkStream stream = client.GetStream();
        StringBuilder head = new();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            head.Append((char)stream.ReadByte());
        string length = head.ToString().Split("Content-Length: ")[1].Split('\r')[0];
        byte[] body = new byte[int.Parse(length, null)];
        await stream.ReadExactlyAsync(body, Stop);
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), Stop);
        return (head.ToString(), JsonDocument.Parse(body));
    }
}
