using System.Net;
using System.Numerics;
using Libvirtd.Daemon.Telemetry;
using Libvirtd.Protocol;

namespace Libvirtd.Daemon.Configuration;

/// <summary>Every key of libvirtd.conf in one table: its name, what it takes, and the setting that it changes.</summary>
internal static class ConfigKeys
{
    /// <summary>A key; <see cref="Apply"/> throws <see cref="ConfigException"/> when the value is not for it.</summary>
    public sealed record Key(string Name, Func<DaemonSettings, Where, ConfigValue, DaemonSettings> Apply);

    /// <summary>The place of an assignment.</summary>
    public readonly record struct Where(string Path, int Line, string Key)
    {
        public ConfigException Refuse(string reason) => ConfigException.Value(Path, Line, reason);

        public override string ToString() => $"{Path}:{Line}";
    }

    /// <summary>The keys, in the order of the shipped file.</summary>
    public static IReadOnlyList<Key> All { get; } =
    [
        Bool("listen_tls", (s, v) => s with { ListenTls = v }),
        Bool("listen_tcp", (s, v) => s with { ListenTcp = v }),
        Text("tls_port", (s, v) => s with { TlsPort = v }),
        Text("tcp_port", (s, v) => s with { TcpPort = v }),
        Text("listen_addr", (s, v) => s with { ListenAddress = v }),
        Text("unix_sock_group", (s, v) => s with { UnixSocketGroup = v }),
        Mode("unix_sock_ro_perms", (s, v) => s with { UnixSocketReadOnlyMode = v }),
        Mode("unix_sock_rw_perms", (s, v) => s with { UnixSocketReadWriteMode = v }),
        Mode("unix_sock_admin_perms", (s, v) => s with { UnixSocketAdminMode = v }),
        Text("unix_sock_dir", (s, v) => s with { UnixSocketDirectory = v }),
        Auth("auth_unix_ro", (s, v) => s with { AuthUnixReadOnly = v }),
        Auth("auth_unix_rw", (s, v) => s with { AuthUnixReadWrite = v }),
        Auth("auth_tcp", (s, v) => s with { AuthTcp = v }),
        Auth("auth_tls", (s, v) => s with { AuthTls = v }),
        Unsigned("tcp_min_ssf", (s, v) => s with { TcpMinSsf = v }),
        Texts("access_drivers", (s, v) => s with { AccessDrivers = v }),
        Text("key_file", (s, v) => s with { KeyFile = v }),
        Text("cert_file", (s, v) => s with { CertificateFile = v }),
        Text("ca_file", (s, v) => s with { AuthorityFile = v }),
        Text("crl_file", (s, v) => s with { RevocationFile = v }),
        Bool("tls_no_sanity_certificate", (s, v) => s with { TlsNoSanityCertificate = v }),
        Bool("tls_no_verify_certificate", (s, v) => s with { TlsNoVerifyCertificate = v }),
        Texts("tls_allowed_dn_list", (s, v) => s with { TlsAllowedNames = v }),
        Text("tls_priority", (s, v) => s with { TlsPriority = v }),
        Texts("sasl_allowed_username_list", (s, v) => s with { SaslAllowedUsernames = v }),
        Unsigned("max_clients", (s, v) => s with { MaxClients = v }),
        Unsigned("max_queued_clients", (s, v) => s with { MaxQueuedClients = v }),
        Unsigned("max_anonymous_clients", (s, v) => s with { MaxAnonymousClients = v }),
        Unsigned("min_workers", (s, v) => s with { MinWorkers = v }),
        Unsigned("max_workers", (s, v) => s with { MaxWorkers = v }),
        Unsigned("prio_workers", (s, v) => s with { PriorityWorkers = v }),
        Unsigned("max_client_requests", (s, v) => s with { MaxClientRequests = v }),
        Signed("keepalive_interval", (s, v) => s with { KeepaliveInterval = v }),
        Unsigned("keepalive_count", (s, v) => s with { KeepaliveCount = v }),
        Bool("keepalive_required", (s, _) => s),
        Bool("admin_keepalive_required", (s, _) => s),
        Unsigned("admin_min_workers", (s, v) => s with { AdminMinWorkers = v }),
        Unsigned("admin_max_workers", (s, v) => s with { AdminMaxWorkers = v }),
        Unsigned("admin_max_clients", (s, v) => s with { AdminMaxClients = v }),
        Unsigned("admin_max_queued_clients", (s, v) => s with { AdminMaxQueuedClients = v }),
        Unsigned("admin_max_client_requests", (s, v) => s with { AdminMaxClientRequests = v }),
        Signed("admin_keepalive_interval", (s, v) => s with { AdminKeepaliveInterval = v }),
        Unsigned("admin_keepalive_count", (s, v) => s with { AdminKeepaliveCount = v }),
        Unsigned("audit_level", (s, v) => s with { AuditLevel = v }),
        Bool("audit_logging", (s, v) => s with { AuditLogging = v }),
        new("host_uuid", (s, where, v) => s with { HostUuid = HostUuid(where, AsText(where, v)) }),
        new("host_uuid_source", (s, where, v) => s with { HostUuidSource = HostUuidSource(where, AsText(where, v)) }),
        new("log_level", (s, where, v) => s with { LogLevel = LogLevel(where, AsUnsigned(where, v)) }),
        Text("log_filters", (s, v) => s with { LogFilters = v }),
        Text("log_outputs", (s, v) => s with { LogOutputs = v }),
        Unsigned("ovs_timeout", (s, v) => s with { OvsTimeout = v }),
        new("busy_poll", (s, where, v) => s with { BusyPoll = BusyPoll(where, AsUnsigned(where, v)) }),
        new("metrics_listen", (s, where, v) => s with { MetricsListen = MetricsListen(where, AsText(where, v)) }),
        new("trace_collector", (s, where, v) => s with { TraceCollector = TraceCollector(where, AsText(where, v)) }),
        new("trace_percent", (s, where, v) => s with { TracePercent = TracePercent(where, AsUnsigned(where, v)) }),
    ];

    private static Key Bool(string name, Func<DaemonSettings, bool, DaemonSettings> set) =>
        new(name, (s, where, v) => set(s, AsBool(where, v)));

    private static Key Text(string name, Func<DaemonSettings, string, DaemonSettings> set) =>
        new(name, (s, where, v) => set(s, AsText(where, v)));

    private static Key Texts(string name, Func<DaemonSettings, IReadOnlyList<string>, DaemonSettings> set) =>
        new(name, (s, where, v) => set(s, AsTexts(where, v)));

    private static Key Unsigned(string name, Func<DaemonSettings, uint, DaemonSettings> set) =>
        new(name, (s, where, v) => set(s, AsUnsigned(where, v)));

    private static Key Signed(string name, Func<DaemonSettings, int, DaemonSettings> set) =>
        new(name, (s, where, v) => set(s, AsSigned(where, v)));

    private static Key Mode(string name, Func<DaemonSettings, UnixFileMode, DaemonSettings> set) =>
        new(name, (s, where, v) => set(s, AsMode(where, AsText(where, v))));

    private static Key Auth(string name, Func<DaemonSettings, AuthSetting, DaemonSettings> set) =>
        new(name, (s, where, v) => set(s, AsAuth(where, AsText(where, v))));

    private static bool AsBool(Where where, ConfigValue value)
    {
        if (value is not ConfigValue.Integer { Signed: false } integer) throw where.Refuse($"expected a bool for '{where.Key}' parameter");
        return integer.Number <= 1
            ? !integer.Number.IsZero
            : throw where.Refuse($"value for '{where.Key}' parameter must be 0 or 1");
    }

    private static string AsText(Where where, ConfigValue value) => value is ConfigValue.Text text
        ? text.Content
        : throw where.Refuse($"expected a string for '{where.Key}' parameter");

    private static string[] AsTexts(Where where, ConfigValue value)
    {
        if (value is ConfigValue.List list && list.Items.All(item => item is ConfigValue.Text))
            return [.. list.Items.Select(item => ((ConfigValue.Text)item).Content)];
        throw where.Refuse($"expected a string list for '{where.Key}' parameter");
    }

    private static uint AsUnsigned(Where where, ConfigValue value)
    {
        if (value is not ConfigValue.Integer { Signed: false } integer)
            throw where.Refuse($"expected an unsigned integer for '{where.Key}' parameter");
        return (uint)InRange(where, integer.Number, uint.MinValue, uint.MaxValue);
    }

    private static int AsSigned(Where where, ConfigValue value)
    {
        if (value is not ConfigValue.Integer integer) throw where.Refuse($"expected a signed integer for '{where.Key}' parameter");
        return (int)InRange(where, integer.Number, int.MinValue, int.MaxValue);
    }

    private static BigInteger InRange(Where where, BigInteger number, long low, long high) => number >= low && number <= high
        ? number
        : throw where.Refuse($"value for '{where.Key}' parameter must be in range {low}:{high}");

    private static UnixFileMode AsMode(Where where, string octal)
    {
        int mode = 0;
        foreach (char digit in octal)
        {
            mode = digit is >= '0' and <= '7' ? mode * 8 + (digit - '0') : -1;
            if (mode is < 0 or > 0x1ff) break;
        }
        return octal.Length > 0 && mode is >= 0 and <= 0x1ff
            ? (UnixFileMode)mode
            : throw where.Refuse($"Failed to parse mode '{octal}' of {where.Key}: it takes an octal number from 0 to 0777");
    }

    private static AuthSetting AsAuth(Where where, string name) => new(
        name switch
        {
            "none" => AuthType.None,
            "sasl" => AuthType.Sasl,
            "polkit" => AuthType.Polkit,
            _ => throw where.Refuse($"{where.Key}: unsupported auth {name}"),
        },
        where.ToString());

    private static Guid HostUuid(Where where, string text)
    {
        // libvirt takes hyphens anywhere or nowhere; a uuid of sixteen equal bytes is what boards without one report.
        bool valid = Guid.TryParseExact(text.Replace("-", "", StringComparison.Ordinal).Trim(), "N", out Guid uuid);
        return valid && uuid.ToByteArray().Distinct().Skip(1).Any() ? uuid : throw where.Refuse($"invalid host UUID: {text}");
    }

    private static string HostUuidSource(Where where, string text) => text is "smbios" or "machine-id"
        ? text
        : throw where.Refuse($"invalid UUID source: {text}");

    private static uint BusyPoll(Where where, uint microseconds) => microseconds <= 1000
        ? microseconds
        : throw where.Refuse($"value for '{where.Key}' parameter must be in range 0:1000");

    private static IPEndPoint MetricsListen(Where where, string text) => TelemetryAddresses.ParseMetrics(text)
        ?? throw where.Refuse($"{where.Key} takes a loopback address with a port, such as 127.0.0.1:9177, not '{text}'");

    private static Uri TraceCollector(Where where, string text) => TelemetryAddresses.ParseCollector(text)
        ?? throw where.Refuse($"{where.Key} takes an http URL, such as http://127.0.0.1:4318, not '{text}'");

    private static uint TracePercent(Where where, uint percent) => percent is >= 1 and <= 100
        ? percent
        : throw where.Refuse($"value for '{where.Key}' parameter must be in range 1:100");

    private static uint LogLevel(Where where, uint level) => level is >= 1 and <= 4
        ? level
        : throw where.Refuse($"Failed to set logging priority, argument '{level}' is invalid");
}
