using System.Text.RegularExpressions;
using Libvirtd.Daemon.Configuration;
using Libvirtd.Daemon.Hosting;
using Libvirtd.Protocol;

namespace Libvirtd.Daemon.Tests;

public partial class SettingsReaderTests
{
    private static DaemonSettings Read(string text) => SettingsReader.Read(ConfigParser.Parse("f", text)).Settings;

    [Theory]
    [InlineData("listen_tls = \"a\"", "f:1: expected a bool for 'listen_tls' parameter")]
    [InlineData("listen_tls = -1", "f:1: expected a bool for 'listen_tls' parameter")]
    [InlineData("listen_tls = 2", "f:1: value for 'listen_tls' parameter must be 0 or 1")]
    [InlineData("\ntls_port = 3", "f:2: expected a string for 'tls_port' parameter")]
    [InlineData("max_clients = \"a\"", "f:1: expected an unsigned integer for 'max_clients' parameter")]
    [InlineData("max_clients = -1", "f:1: expected an unsigned integer for 'max_clients' parameter")]
    [InlineData("max_clients = 99999999999", "f:1: value for 'max_clients' parameter must be in range 0:4294967295")]
    [InlineData("keepalive_interval = \"a\"", "f:1: expected a signed integer for 'keepalive_interval' parameter")]
    [InlineData("keepalive_interval = -99999999999", "f:1: value for 'keepalive_interval' parameter must be in range -2147483648:2147483647")]
    [InlineData("tls_allowed_dn_list = \"a\"", "f:1: expected a string list for 'tls_allowed_dn_list' parameter")]
    [InlineData("tls_allowed_dn_list = [ \"a\", 1 ]", "f:1: expected a string list for 'tls_allowed_dn_list' parameter")]
    [InlineData("auth_unix_rw = \"foo\"", "f:1: auth_unix_rw: unsupported auth foo")]
    [InlineData("max_workers = 0", "f:1: 'max_workers' must be greater than 0")]
    [InlineData("tcp_min_ssf = 20", "f:1: minimum SSF levels lower than 112 are not supported")]
    [InlineData("host_uuid = \"aaa\"", "f:1: invalid host UUID: aaa")]
    [InlineData("host_uuid = \"11111111-1111-1111-1111-111111111111\"", "f:1: invalid host UUID: 11111111-1111-1111-1111-111111111111")]
    [InlineData("host_uuid_source = \"bbb\"", "f:1: invalid UUID source: bbb")]
    [InlineData("access_drivers = [ \"foo\" ]", "f:1: Cannot find security driver 'foo'")]
    [InlineData("log_level = 9", "f:1: Failed to set logging priority, argument '9' is invalid")]
    public void Bad_value_is_refused_with_file_line_and_reason(string text, string message) =>
        Assert.Equal(message, Assert.Throws<ConfigException>(() => Read(text)).Message);

    [Theory]
    [InlineData("999")]
    [InlineData("1777")]
    [InlineData("")]
    [InlineData("-1")]
    public void Mode_takes_octal_rights_only(string mode) =>
        Assert.Contains($"Failed to parse mode '{mode}'", Assert.Throws<ConfigException>(() => Read($"unix_sock_rw_perms = \"{mode}\"")).Message, StringComparison.Ordinal);

    [Fact]
    public void Values_reach_their_settings()
    {
        DaemonSettings settings = Read(
            """
            listen_tls = 0
            tcp_port = "libvirt"
            unix_sock_rw_perms = "0770"
            auth_tcp = "none"
            keepalive_interval = -1
            min_workers = 50
            tls_allowed_dn_list = [ "CN=a", "CN=b", ]
            """);
        Assert.False(settings.ListenTls);
        Assert.Equal("libvirt", settings.TcpPort);
        Assert.Equal(0b111_111_000, (int)settings.UnixSocketReadWriteMode);
        Assert.Equal(new AuthSetting(AuthType.None, "f:4"), settings.AuthTcp);
        Assert.Equal(-1, settings.KeepaliveInterval);
        Assert.Equal(20u, settings.MinWorkers); // never above max_workers
        Assert.Equal(["CN=a", "CN=b"], settings.TlsAllowedNames!);
    }

    [Fact]
    public void Unknown_and_repeated_keys_are_ignored_with_a_warning()
    {
        LoadedSettings loaded = SettingsReader.Read(ConfigParser.Parse("f", "nonsense = [1]\nmax_clients = 7\nmax_clients = \"x\"\n"));
        Assert.Equal(7u, loaded.Settings.MaxClients);
        Assert.Equal(
            ["f:1: unknown key 'nonsense' is ignored", "f:3: 'max_clients' was already set in line 2; this one is ignored"], loaded.Warnings);
    }

    [Fact]
    public void More_anonymous_than_all_clients_make_no_server()
    {
        DaemonStartException failure = Assert.Throws<DaemonStartException>(() => SettingsReader.CheckLimits(Read("max_clients = 10")));
        Assert.Equal(ExitStatus.Server, failure.Status);
    }

    [Fact]
    public void Shipped_file_changes_nothing_and_mentions_every_key_once()
    {
        string text = SettingsReader.DefaultText();
        Assert.Empty(ConfigParser.Parse("f", text).Entries);
        IEnumerable<string> mentioned = CommentedKey().Matches(text).Select(match => match.Groups[1].Value);
        Assert.Equal(ConfigKeys.All.Select(key => key.Name).Order(StringComparer.Ordinal), mentioned.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Values_that_the_shipped_file_calls_defaults_are_the_defaults()
    {
        // Paragraphs marked "(example)" show what has no default.
        string[] paragraphs = SettingsReader.DefaultText().Split("\n\n");
        string defaults = string.Join('\n', paragraphs.Where(p => !p.Contains("(example", StringComparison.Ordinal)))
            .Replace("\n#", "\n", StringComparison.Ordinal);
        string assignments = string.Join('\n', defaults.Split('\n').Where(line => Assignment().IsMatch(line)));
        DaemonSettings read = Read(assignments);
        DaemonSettings expected = new()
        {
            Source = "f",
            AuthUnixReadOnly = new(AuthType.None, read.AuthUnixReadOnly.Where),
            AuthUnixReadWrite = new(AuthType.None, read.AuthUnixReadWrite.Where),
            AuthTcp = new(AuthType.Sasl, read.AuthTcp.Where),
            AuthTls = new(AuthType.None, read.AuthTls.Where),
        };
        Assert.Equal(expected, read);
        Assert.NotNull(read.AuthTcp.Where);
    }

    [GeneratedRegex("^#([a-z_]+) = ", RegexOptions.Multiline)]
    private static partial Regex CommentedKey();

    [GeneratedRegex("^[a-z_]+ = ")]
    private static partial Regex Assignment();
}
