using Libvirtd.Protocol;
using Libvirtd.Rpc.Transport;

namespace Libvirtd.Rpc.Sessions;

/// <summary>Keepalive, both ways: pings are answered at any time; a client that asked for it is pinged after silence.</summary>
internal sealed partial class Session
{
    private const int Ping = 1;
    private const int Pong = 2;
    private int _unanswered;
    private long _lastSeen;
    private long _lastPing;

    /// <summary>The client knows keepalive, so that we ping it.</summary>
    public bool KeepAliveEnabled { get; private set; }

    /// <summary>The client asked feature 10.</summary>
    public void EnableKeepAlive()
    {
        if (Server.Options.KeepAliveInterval <= TimeSpan.Zero || KeepAliveEnabled)
            return;
        _lastSeen = _lastPing = LastReceived;
        KeepAliveEnabled = true;
        Server.WatchKeepAlive();
    }

    /// <summary>Called a few times in each interval: pings after silence, and closes after too much of it.</summary>
    public void CheckKeepAlive()
    {
        if (!KeepAliveEnabled)
            return;
        long now = Server.Time.GetTimestamp();
        if (LastReceived != _lastSeen || IsPaused)
        {
            _lastSeen = LastReceived;
            _unanswered = 0;
            _lastPing = IsPaused ? now : LastReceived;
        }
        TimeSpan silence = Server.Time.GetElapsedTime(_lastPing, now);
        if (silence < Server.Options.KeepAliveInterval)
            return;
        if (_unanswered >= Server.Options.KeepAliveCount)
        {
            KeepAliveEnabled = false;
            Abort(new TransportException(TransportFault.Reset, "the client does not answer keepalive pings"));
            return;
        }
        _unanswered++;
        // Checked a little late each time, which must not add up; but after a long sleep of ours the client gets its time again.
        long interval = (long)(Server.Options.KeepAliveInterval.TotalSeconds * Server.Time.TimestampFrequency);
        _lastPing = silence < 2 * Server.Options.KeepAliveInterval ? _lastPing + interval : now;
        Send(Ping);
        Output.FlushSoon();
    }

    private void HandleKeepAlive(PacketHeader header)
    {
        if (header.Procedure == Ping)
            Send(Pong);
    }

    private void Send(int procedure) => Output.AppendRaw(
        new PacketHeader(KeepaliveProgram.Number, KeepaliveProgram.Version, procedure, NetMessageType.Message, 0, NetMessageStatus.Ok), []);
}
