using System.Globalization;
using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

/// <summary>What a scraper sees while clients work. Our own: upstream serves no figures.</summary>
public sealed class MetricsTests : IAsyncLifetime
{
    private const string Curl = "/usr/bin/curl";
    private const int Calls = 200;

    private readonly TempFolder _work = new();
    private readonly string _address = $"127.0.0.1:{Ports.Free()}";
    private readonly OurDaemon _server;

    public MetricsTests() => _server = new OurDaemon { MoreArguments = ["--metrics", _address] };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        string? curl = File.Exists(Curl) ? null : $"{Curl} is not installed";
        if ((curl ?? Virsh.Missing ?? _server.Missing) is string reason) Assert.Skip(reason);
        await _server.StartAsync(Stop);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _work.Dispose();
    }

    [Fact]
    public async Task Figures_are_served_under_load()
    {
        await using RunningProcess virsh = Virsh.Start(_server.Uri(Transport.Unix), _work.Path);
        await virsh.WriteAsync(string.Concat(Enumerable.Repeat("domstate test\n", Calls)) + "domstate nope\n", Stop);
        const string states = "libvirtd_calls_total{server=\"libvirtd\",procedure=\"virDomainGetState\",result=\"ok\"}";
        const string failures = "libvirtd_calls_total{server=\"libvirtd\",procedure=\"virDomainLookupByName\",result=\"NoDomain\"}";
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        Dictionary<string, double> figures;
        do
            figures = await ScrapeAsync(patience.Token);
        while (figures.GetValueOrDefault(failures) < 1);

        // virsh is still there: what it has asked is counted, and what it holds is told.
        Assert.Equal(Calls, figures[states]);
        Assert.Equal(Calls, figures["libvirtd_call_duration_seconds_count{server=\"libvirtd\",procedure=\"virDomainGetState\"}"]);
        Assert.Equal(1, figures["libvirtd_connections{server=\"libvirtd\"}"]);
        Assert.Equal(0, figures["libvirtd_connections{server=\"admin\"}"]);
        Assert.Equal(1, figures["libvirtd_guests{server=\"libvirtd\",driver=\"TEST\",state=\"Running\"}"]);
        Assert.True(figures["libvirtd_received_bytes_total{server=\"libvirtd\"}"] > Calls * 28);
        Assert.True(figures["libvirtd_sent_bytes_total{server=\"libvirtd\"}"] > Calls * 28);
        Assert.True(figures["dotnet_process_memory_working_set_bytes"] > 1 << 20);
    }

    private async Task<Dictionary<string, double>> ScrapeAsync(CancellationToken stop)
    {
        Finished finished = await ProcessRunner.RunAsync(Curl, ["-sS", "--fail", $"http://{_address}/metrics"], _work.Path, stop);
        Assert.True(finished.Status == 0, finished.Output);
        return finished.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] != '#')
            .ToDictionary(line => line[..line.LastIndexOf(' ')], line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
