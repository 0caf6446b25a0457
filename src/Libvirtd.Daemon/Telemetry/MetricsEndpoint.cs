using System.Net;
using System.Net.Sockets;
using System.Text;
using Libvirtd.Daemon.Hosting;

namespace Libvirtd.Daemon.Telemetry;

/// <summary>
/// Answers <c>GET /metrics</c> over HTTP/1.1 on a loopback address: as much of HTTP as a scraper needs, one request for each connection.
/// </summary>
internal sealed class MetricsEndpoint : IAsyncDisposable
{
    private const int MostRequestBytes = 8192;
    private const int MostAtOnce = 4;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly Socket _listener;
    private readonly Func<string> _text;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _slots = new(MostAtOnce);
    private readonly Task _accepting;

    /// <summary>Listens at once.</summary>
    /// <param name="address">Where; port 0 takes a free one.</param>
    /// <param name="text">Makes the answer; called on any thread.</param>
    /// <exception cref="DaemonStartException">The address cannot be had.</exception>
    public MetricsEndpoint(IPEndPoint address, Func<string> text)
    {
        _text = text;
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listener.Bind(address);
            _listener.Listen(16);
        }
        catch (SocketException failure)
        {
            _listener.Dispose();
            throw new DaemonStartException(ExitStatus.Network, $"cannot listen for metrics on {address}: {failure.Message}");
        }
        Address = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = Task.Run(AcceptAsync);
    }

    public IPEndPoint Address { get; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        for (int i = 0; i < MostAtOnce; i++) await _slots.WaitAsync().ConfigureAwait(false); // those under way end by the same token
        _slots.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _slots.WaitAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            try
            {
                _ = ServeAsync(await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false));
            }
            catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                _slots.Release();
                if (failure is not SocketException) return;
                // Out of descriptors, or a connection that was gone already: without a rest the first would spin.
                await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(s_patience);
        try
        {
            using (client)
            {
                string? request = await ReadRequestAsync(client, patience.Token).ConfigureAwait(false);
                (string head, string body) = Answer(request);
                byte[] bytes = Encoding.UTF8.GetBytes(head + body);
                for (int sent = 0; sent < bytes.Length;)
                    sent += await client.SendAsync(bytes.AsMemory(sent), patience.Token).ConfigureAwait(false);
                client.Shutdown(SocketShutdown.Send);
                // Closing with something unread would reset the connection and take the answer along.
                while (await client.ReceiveAsync(new byte[512], patience.Token).ConfigureAwait(false) > 0)
                {
                }
            }
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            // The scraper's trouble alone: it asks again.
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>The request's head; null when it is none, or too long.</summary>
    private static async Task<string?> ReadRequestAsync(Socket client, CancellationToken cancel)
    {
        byte[] buffer = new byte[MostRequestBytes];
        int have = 0;
        while (have < buffer.Length)
        {
            int read = await client.ReceiveAsync(buffer.AsMemory(have), cancel).ConfigureAwait(false);
            if (read == 0) return null;
            have += read;
            if (buffer.AsSpan(0, have).IndexOf("\r\n\r\n"u8) >= 0) return Encoding.ASCII.GetString(buffer, 0, have);
        }
        return null;
    }

    private (string Head, string Body) Answer(string? request)
    {
        string[] words = request?.Split("\r\n", 2)[0].Split(' ') ?? [];
        if (words.Length != 3 || !words[2].StartsWith("HTTP/1.", StringComparison.Ordinal)) return Page("400 Bad Request", "no HTTP request\n");
        if (words[0] is not ("GET" or "HEAD")) return Page("405 Method Not Allowed", "only GET\n", "Allow: GET, HEAD\r\n");
        if (words[1].Split('?')[0] != "/metrics") return Page("404 Not Found", "the figures are at /metrics\n");
        (string head, string body) = Page("200 OK", _text());
        return (head, words[0] == "HEAD" ? "" : body);
    }

    private static (string Head, string Body) Page(string status, string body, string more = "") => (
        $"HTTP/1.1 {status}\r\nContent-Type: {PrometheusText.ContentType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{more}Connection: close\r\n\r\n",
        body);
}
