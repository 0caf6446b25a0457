using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Libvirtd.Daemon.Logging;

/// <summary>An end of the log. It is called by one thread at a time, and does not throw: a log that fails must not stop the daemon.</summary>
internal interface ILogSink : IDisposable
{
    void Write(in LogLine line);

    /// <summary>Opens what it writes to again, after a log rotation.</summary>
    void Reopen();
}

/// <summary>Lines to the process' own error output.</summary>
internal sealed class StderrSink(Stream stream) : ILogSink
{
    public void Write(in LogLine line) => stream.Write(Encoding.UTF8.GetBytes(line.Format() + "\n"));

    public void Reopen() { }

    public void Dispose() => stream.Dispose();
}

/// <summary>Lines appended to a file that only the owner may read.</summary>
internal sealed class FileSink : ILogSink
{
    private readonly string _path;
    private FileStream _file;

    /// <exception cref="IOException">The file cannot be opened.</exception>
    public FileSink(string path)
    {
        _path = path;
        _file = Open();
    }

    public void Write(in LogLine line)
    {
        try
        {
            _file.Write(Encoding.UTF8.GetBytes(line.Format() + "\n"));
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // A full disk: nothing better to do than to go on.
        }
    }

    public void Reopen()
    {
        try
        {
            FileStream next = Open();
            _file.Dispose();
            _file = next;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The old file still takes the lines.
        }
    }

    public void Dispose() => _file.Dispose();

    private FileStream Open() => new(_path, new FileStreamOptions
    {
        Mode = FileMode.Append,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite | FileShare.Delete,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        BufferSize = 0,
    });
}

/// <summary>Datagrams to a unix socket, reconnecting when the other side was restarted. A full or absent receiver loses messages.</summary>
internal abstract class DatagramSink(string path) : ILogSink
{
    private readonly UnixDomainSocketEndPoint _receiver = new(path);
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };

    public abstract void Write(in LogLine line);

    public void Reopen() { }

    public void Dispose() => _socket.Dispose();

    /// <summary>Sends one datagram; false when it was larger than the socket takes.</summary>
    protected bool Send(ReadOnlySpan<byte> datagram)
    {
        try
        {
            _socket.SendTo(datagram, _receiver);
            return true;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode != SocketError.MessageSize;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }
}

/// <summary>The local syslog, facility daemon.</summary>
internal sealed class SyslogSink(string identifier, string path = SyslogSink.DefaultPath) : DatagramSink(path)
{
    public const string DefaultPath = "/dev/log";

    private const int DaemonFacility = 3 << 3;

    public override void Write(in LogLine line)
    {
        // Local time without a year, as the C library writes it; the day is padded with a blank.
        DateTime local = line.Utc.ToLocalTime();
        string time = string.Create(CultureInfo.InvariantCulture, $"{local:MMM} {local.Day,2} {local:HH:mm:ss}");
        string text = string.Create(CultureInfo.InvariantCulture,
            $"<{DaemonFacility | LogLine.Severity(line.Priority)}>{time} {identifier}[{Environment.ProcessId}]: {line.Text}");
        _ = Send(Encoding.UTF8.GetBytes(text));
    }
}

/// <summary>systemd's journal in its native protocol, so that priority and source stay fields of their own.</summary>
internal sealed class JournaldSink(string identifier, string path = JournaldSink.DefaultPath) : DatagramSink(path)
{
    public const string DefaultPath = "/run/systemd/journal/socket";

    private const int ShortText = 1024;

    public override void Write(in LogLine line)
    {
        if (!Send(Datagram(line, line.Text)) && line.Text.Length > ShortText) _ = Send(Datagram(line, line.Text[..ShortText] + " ... (cut)"));
    }

    private byte[] Datagram(in LogLine line, string text)
    {
        MemoryStream datagram = new();
        Field(datagram, "MESSAGE", text);
        Field(datagram, "PRIORITY", LogLine.Severity(line.Priority).ToString(CultureInfo.InvariantCulture));
        Field(datagram, "SYSLOG_IDENTIFIER", identifier);
        Field(datagram, "LIBVIRT_SOURCE", line.Source);
        return datagram.ToArray();
    }

    // A value with line breaks is sent with its length in front instead of an equals sign.
    private static void Field(MemoryStream datagram, string name, string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        datagram.Write(Encoding.ASCII.GetBytes(name));
        if (bytes.AsSpan().Contains((byte)'\n'))
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)bytes.Length);
            datagram.WriteByte((byte)'\n');
            datagram.Write(length);
        }
        else
        {
            datagram.WriteByte((byte)'=');
        }
        datagram.Write(bytes);
        datagram.WriteByte((byte)'\n');
    }
}
