using Libvirtd.Protocol;
using Libvirtd.Xdr;

namespace Libvirtd.Client.Rpc;

// Both sides may ping: ours when the server has been silent for a while, the server's whenever it likes.
internal sealed partial class RpcSession
{
    private const int Ping = 1;
    private const int Pong = 2;

    private long _lastHeard;
    private int _pongs;
    private volatile bool _pinging;

    /// <summary>Whether a stream that is not read holds up everything; the server's silence says nothing then.</summary>
    public volatile bool IsHeldUp;

    /// <summary>From now on the server understands pings.</summary>
    public void StartPings() => _pinging = true;

    private void Heard() => Volatile.Write(ref _lastHeard, Options.Time.GetTimestamp());

    private void OnKeepAlive(NetMessageHeader header)
    {
        // One answer at a time waits to be written: it serves for all pings that came meanwhile.
        if (header.Proc == Ping && Interlocked.CompareExchange(ref _pongs, 1, 0) == 0)
            _ = SendKeepAliveAsync(Pong, () => Volatile.Write(ref _pongs, 0));
    }

    private async Task KeepAliveAsync()
    {
        TimeSpan interval = Options.KeepAliveInterval;
        if (interval <= TimeSpan.Zero)
            return;
        int unanswered = 0;
        long since = Volatile.Read(ref _lastHeard);
        try
        {
            while (true)
            {
                TimeSpan wait = interval - Options.Time.GetElapsedTime(since);
                if (wait > TimeSpan.Zero)
                    await Task.Delay(wait, Options.Time, _ending.Token).ConfigureAwait(false);
                long heard = Volatile.Read(ref _lastHeard);
                if (heard > since && Options.Time.GetElapsedTime(heard) < interval)
                {
                    since = heard;
                    unanswered = 0;
                    continue;
                }
                if (heard > since)
                    unanswered = 0;
                since = Options.Time.GetTimestamp();
                if (!_pinging || IsHeldUp)
                    continue;
                if (unanswered >= Options.KeepAliveCount)
                {
                    _ = EndAsync(new ConnectionLostException("the server does not answer: connection closed due to keepalive timeout"));
                    return;
                }
                unanswered++;
                _ = SendKeepAliveAsync(Ping, null);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task SendKeepAliveAsync(int procedure, Action? sent)
    {
        NetMessageHeader header = new()
        {
            Prog = KeepaliveProgram.Number,
            Vers = KeepaliveProgram.Version,
            Proc = procedure,
            Type = NetMessageType.Message,
            Serial = 0,
            Status = NetMessageStatus.Ok,
        };
        try
        {
            await SendAsync(writer => Frame.Begin(writer, header), null, _ending.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is ConnectionLostException or OperationCanceledException)
        {
            // Everybody who waits has been told.
        }
        sent?.Invoke();
    }
}
