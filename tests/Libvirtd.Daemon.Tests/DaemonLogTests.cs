using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Daemon.Logging;
using Microsoft.Extensions.Logging;

namespace Libvirtd.Daemon.Tests;

public sealed partial class DaemonLogTests : IDisposable
{
    private static readonly LogOutput s_stderr = new(LogPriority.Debug, LogDestination.Stderr);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_starts_with_version_and_hostname_and_lines_look_like_libvirts()
    {
        using (DaemonLog log = Open(LogPriority.Info))
        {
            Log.Say(log, "Libvirtd.Rpc.Session", "hello");
            Log.Trouble(log, "Libvirtd.Daemon", new InvalidOperationException("why"));
        }
        string[] lines = File.ReadAllLines(_folder["log"]);
        Assert.All(lines[..4], line => Assert.Matches(Line(), line));
        Assert.EndsWith("libvirt version: 9.0.0, package: libvirtd-net", lines[0], StringComparison.Ordinal);
        Assert.EndsWith($"hostname: {Environment.MachineName}", lines[1], StringComparison.Ordinal);
        Assert.EndsWith(": info : rpc.session:7 : hello", lines[2], StringComparison.Ordinal);
        Assert.EndsWith(": error : daemon:8 : trouble", lines[3], StringComparison.Ordinal);
        Assert.Contains("why", lines[4], StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["log"]));
    }

    [Fact]
    public void First_filter_that_matches_decides_and_the_level_is_for_the_rest()
    {
        using (DaemonLog log = Open(LogPriority.Info, "4:rpc.session 1:rpc"))
        {
            Log.Say(log, "Libvirtd.Rpc.Session", "not this");
            Log.Whisper(log, "Libvirtd.Rpc.Server", "this");
            Log.Whisper(log, "Libvirtd.Daemon", "nor this");
            Log.Say(log, "Libvirtd.Daemon", "and this");
        }
        Assert.Equal(["this", "and this"], File.ReadAllLines(_folder["log"]).Skip(2).Select(line => line.Split(" : ")[^1]));
    }

    [Fact]
    public void Wildcards_match_whatever_stands_there()
    {
        using (DaemonLog log = Open(LogPriority.Debug, "1:r?c.*on 4:*"))
        {
            Log.Whisper(log, "Libvirtd.Rpc.Session", "this");
            Log.Say(log, "Libvirtd.Daemon", "not this");
        }
        Assert.Equal(["this"], File.ReadAllLines(_folder["log"]).Skip(2).Select(line => line.Split(" : ")[^1]));
    }

    [Fact]
    public void Output_takes_only_what_is_urgent_enough_for_it()
    {
        LogRules rules = new(LogPriority.Debug, [], LogRuleParser.Outputs($"1:file:{_folder["log"]} 3:file:{_folder["urgent"]}"), s_stderr);
        using (DaemonLog log = new(rules, TimeProvider.System)) Log.Say(log, "x", "hello");
        Assert.Equal(3, File.ReadAllLines(_folder["log"]).Length);
        Assert.Empty(File.ReadAllLines(_folder["urgent"]));
    }

    [Fact]
    public void Filters_change_while_the_daemon_runs()
    {
        using DaemonLog log = Open(LogPriority.Warning);
        ILogger logger = log.CreateLogger("Libvirtd.Rpc.Session"); // made before the change
        Log.Say(logger, "before");
        log.SetFilters(LogRuleParser.Filters("2:rpc"));
        Log.Say(logger, "now");
        log.SetFilters([]);
        Log.Say(logger, "after");
        Assert.Equal(["now"], File.ReadAllLines(_folder["log"]).Skip(2).Select(line => line.Split(" : ")[^1]));
    }

    [Fact]
    public void Outputs_change_while_the_daemon_runs_and_none_is_the_default()
    {
        LogOutput first = new(LogPriority.Debug, LogDestination.File, _folder["first"]);
        using DaemonLog log = new(new LogRules(LogPriority.Info, [], [first], first), TimeProvider.System);
        ILogger logger = log.CreateLogger("x");
        Log.Say(logger, "one");
        log.SetOutputs(LogRuleParser.Outputs($"1:file:{_folder["second"]} 3:file:{_folder["first"]}"));
        Log.Say(logger, "two");
        log.SetOutputs([]);
        Log.Say(logger, "three");
        Assert.Equal(["one", "three"], File.ReadAllLines(_folder["first"]).Skip(2).Select(line => line.Split(" : ")[^1]));
        Assert.EndsWith("two", Assert.Single(File.ReadAllLines(_folder["second"]).Skip(2)), StringComparison.Ordinal);
        Assert.Equal([first], log.Rules.Outputs);
    }

    [Fact]
    public void Output_that_cannot_be_opened_changes_nothing()
    {
        using DaemonLog log = Open(LogPriority.Info);
        Assert.Throws<DaemonStartException>(() => log.SetOutputs(LogRuleParser.Outputs("1:file:/proc/none/x")));
        Log.Say(log, "x", "hello");
        Assert.EndsWith("hello", File.ReadAllLines(_folder["log"])[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Rules_are_written_as_libvirt_shows_them()
    {
        Assert.Equal("1:*rpc* 2:*dae*mon* ", LogRuleText.Of(LogRuleParser.Filters("1:rpc 2:+dae*mon")));
        Assert.Equal("1:file:/a 3:stderr 2:syslog:x", LogRuleText.Of(LogRuleParser.Outputs("1:file:/a  3:stderr 2:syslog:x")));
    }

    [Fact]
    public void Rotated_file_is_opened_again()
    {
        using DaemonLog log = Open(LogPriority.Info);
        Log.Say(log, "x", "before");
        File.Move(_folder["log"], _folder["log.1"]);
        Log.Say(log, "x", "still before");
        log.Reopen();
        Log.Say(log, "x", "after");
        Assert.EndsWith("still before", File.ReadAllLines(_folder["log.1"])[^1], StringComparison.Ordinal);
        Assert.EndsWith("after", Assert.Single(File.ReadAllLines(_folder["log"])), StringComparison.Ordinal);
    }

    [Fact]
    public void Syslog_gets_priority_identifier_and_pid()
    {
        using Socket receiver = Receive(_folder["log"]);
        using (SyslogSink sink = new("me", _folder["log"])) sink.Write(Sample("text"));
        Assert.Matches(string.Create(CultureInfo.InvariantCulture, $@"^<28>[A-Z][a-z]{{2}} [ 0-9]\d \d\d:\d\d:\d\d me\[{Environment.ProcessId}\]: text$"), Next(receiver));
    }

    [Fact]
    public void Journald_gets_fields_and_lengths_for_texts_of_several_lines()
    {
        using Socket receiver = Receive(_folder["log"]);
        using JournaldSink sink = new("me", _folder["log"]);
        sink.Write(Sample("text"));
        Assert.Equal("MESSAGE=text\nPRIORITY=4\nSYSLOG_IDENTIFIER=me\nLIBVIRT_SOURCE=rpc.session\n", Next(receiver));
        sink.Write(Sample("a\nb"));
        Assert.StartsWith("MESSAGE\n\u0003\0\0\0\0\0\0\0a\nb\nPRIORITY=4\n", Next(receiver), StringComparison.Ordinal);
        sink.Write(Sample(new string('x', 1_000_000))); // more than a datagram takes
        Assert.Contains("... (cut)", Next(receiver), StringComparison.Ordinal);
    }

    [Fact]
    public void Receiver_that_is_gone_costs_messages_and_nothing_else()
    {
        using SyslogSink sink = new("me", _folder["nobody"]);
        sink.Write(Sample("text"));
    }

    private static LogLine Sample(string text) => new(DateTime.UnixEpoch, 1, LogPriority.Warning, "rpc.session", 7, text);

    private static Socket Receive(string path)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        socket.Bind(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    private static string Next(Socket receiver)
    {
        byte[] buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, receiver.Receive(buffer));
    }

    private DaemonLog Open(LogPriority level, string filters = "") =>
        new(new LogRules(level, LogRuleParser.Filters(filters), [new(LogPriority.Debug, LogDestination.File, _folder["log"])], s_stderr), TimeProvider.System);

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: \d+: (debug|info|warning|error) : \S+:\d+ : ")]
    private static partial Regex Line();

    private static partial class Log
    {
        public static void Say(DaemonLog log, string category, string text)
        {
            ILogger logger = log.CreateLogger(category);
            Say(logger, text);
        }

        public static void Trouble(DaemonLog log, string category, Exception cause)
        {
            ILogger logger = log.CreateLogger(category);
            Trouble(logger, cause);
        }

        public static void Whisper(DaemonLog log, string category, string text)
        {
            ILogger logger = log.CreateLogger(category);
            Whisper(logger, text);
        }

        [LoggerMessage(EventId = 7, Level = LogLevel.Information, Message = "{Text}")]
        public static partial void Say(ILogger logger, string text);

        [LoggerMessage(EventId = 8, Level = LogLevel.Error, Message = "trouble")]
        private static partial void Trouble(ILogger logger, Exception cause);

        [LoggerMessage(EventId = 9, Level = LogLevel.Debug, Message = "{Text}")]
        private static partial void Whisper(ILogger logger, string text);
    }
}
