using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Logging;

namespace Libvirtd.Daemon.Tests;

public class LogRuleTests
{
    private static readonly DaemonPaths s_paths = DaemonPaths.Of(privileged: true, _ => null);

    [Fact]
    public void Filters_are_read_in_order_and_match_anywhere() => Assert.Equal(
        [new(LogPriority.Debug, "*rpc*"), new(LogPriority.Error, "*qemu.**"), new(LogPriority.Warning, "***")],
        LogRuleParser.Filters(" 1:+rpc\t4:qemu.*  3:* "));

    [Fact]
    public void Of_one_destination_named_twice_the_last_counts() => Assert.Equal(
        [new(LogPriority.Debug, LogDestination.File, "/a"), new(LogPriority.Error, LogDestination.Stderr), new(LogPriority.Info, LogDestination.Syslog, "y")],
        LogRuleParser.Outputs("1:stderr 2:syslog:x 1:file:/a 4:stderr 2:syslog:y"));

    [Theory]
    [InlineData("x", "Malformed format for filter 'x'")]
    [InlineData("9:foo", "Invalid priority '9' for filter '9:foo'")]
    [InlineData("1:", "Invalid match string ''")]
    [InlineData("1:+", "Invalid match string '+'")]
    public void Bad_filter_is_named(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => LogRuleParser.Filters(text)).Message);

    [Theory]
    [InlineData("bad", "Malformed format for log output 'bad'")]
    [InlineData("9:stderr", "Invalid log priority '9' for log output '9:stderr'")]
    [InlineData("1:bogus:x", "Invalid log destination 'bogus' for log output '1:bogus:x'")]
    [InlineData("1:file", "Log output '1:file' does not meet the format requirements for destination type 'file'")]
    [InlineData("1:syslog", "Log output '1:syslog' does not meet the format requirements for destination type 'syslog'")]
    [InlineData("1:stderr:x", "Log output '1:stderr:x' does not meet the format requirements for destination type 'stderr'")]
    [InlineData("1:file:foo", "Log output '1:file:foo' needs an absolute path")]
    public void Bad_output_is_named(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => LogRuleParser.Outputs(text)).Message);

    [Fact]
    public void Environment_goes_before_the_file_and_verbose_before_both()
    {
        DaemonSettings settings = new() { LogLevel = 4, LogFilters = "1:a", LogOutputs = "1:stderr" };
        Assert.Equal(LogPriority.Error, Decide(settings, verbose: false).Level);
        Assert.Equal(LogPriority.Info, Decide(settings, verbose: true).Level);
        Assert.Equal(LogPriority.Debug, Decide(settings, verbose: true, ("LIBVIRT_DEBUG", "debug")).Level);
        LogRules rules = Decide(settings, verbose: false, ("LIBVIRT_LOG_FILTERS", "2:b"), ("LIBVIRT_LOG_OUTPUTS", "2:journald"));
        Assert.Equal([new(LogPriority.Info, "*b*")], rules.Filters);
        Assert.Equal([new(LogPriority.Info, LogDestination.Journald)], rules.Outputs);
    }

    [Fact]
    public void Bad_value_stops_the_start_in_the_file_and_only_warns_in_the_environment()
    {
        ConfigException failure = Assert.Throws<ConfigException>(() => Decide(new() { Source = "f", LogFilters = "x" }, verbose: false));
        Assert.Equal("f: log_filters: Malformed format for filter 'x'", failure.Message);
        List<string> warnings = [];
        LogRules rules = Decide(new(), verbose: false, warnings, ("LIBVIRT_DEBUG", "loud"), ("LIBVIRT_LOG_FILTERS", "x"), ("LIBVIRT_LOG_OUTPUTS", "x"));
        Assert.Equal(LogPriority.Warning, rules.Level);
        Assert.Empty(rules.Filters);
        Assert.Equal(3, warnings.Count);
    }

    [Theory]
    [InlineData(false, false, true, "Stderr")]
    [InlineData(false, true, true, "Stderr")]
    [InlineData(false, true, false, "Journald")]
    [InlineData(true, true, true, "Journald")]
    [InlineData(true, false, true, "File")]
    public void Default_output_depends_on_journal_and_terminal(bool background, bool journal, bool terminal, string expected) => Assert.Equal(
        expected,
        Assert.Single(LogSetup.Decide(new(), false, s_paths, new(_ => null, background, journal, terminal), []).Outputs).Destination.ToString());

    [Theory]
    [InlineData("Libvirtd.Rpc.Session", "rpc.session")]
    [InlineData("Libvirtd.Drivers.Test.Domains.DomainStore", "test.domainstore")]
    [InlineData("Libvirtd.Daemon", "daemon")]
    [InlineData("Libvirtd.Rpcx.Y", "libvirtd.rpcx.y")]
    [InlineData("Other", "other")]
    public void Categories_have_libvirts_source_names(string category, string source) => Assert.Equal(source, SourceNames.Of(category));

    private static LogRules Decide(DaemonSettings settings, bool verbose, params (string Name, string Value)[] variables) =>
        Decide(settings, verbose, [], variables);

    private static LogRules Decide(DaemonSettings settings, bool verbose, List<string> warnings, params (string Name, string Value)[] variables) =>
        LogSetup.Decide(settings, verbose, s_paths, new(name => variables.FirstOrDefault(v => v.Name == name).Value, false, false, true), warnings);
}
