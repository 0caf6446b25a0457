using System.Net;
using Libvirtd.Protocol;

namespace Libvirtd.Daemon.Configuration;

/// <summary>
/// Every key of libvirtd.conf, typed, under its own name. The initial values are what holds when a key is absent: libvirtd's, except where a
/// comment says otherwise. <see cref="ConfigKeys"/> is the way from the file to here.
/// </summary>
internal sealed record DaemonSettings
{
    /// <summary>The file that was read, for messages.</summary>
    public string Source { get; init; } = "built-in defaults";

    // Network. The ports open only together with --listen.
    public bool ListenTls { get; init; } = true;
    public bool ListenTcp { get; init; }

    /// <summary>A port number or a service name.</summary>
    public string TlsPort { get; init; } = "16514";

    /// <summary>A port number or a service name.</summary>
    public string TcpPort { get; init; } = "16509";

    /// <summary>An address or host name; null is every address of the machine.</summary>
    public string? ListenAddress { get; init; }

    // Unix sockets.
    public string? UnixSocketGroup { get; init; }
    public UnixFileMode UnixSocketReadOnlyMode { get; init; } = (UnixFileMode)0b111_111_111;

    /// <summary>
    /// Unless set, the owner alone may connect: nobody else is asked who he is. (libvirtd derives a mode open to all from the built-in polkit
    /// default and keeps it even when auth_unix_rw is "none", which hands the host to every local user.)
    /// </summary>
    public UnixFileMode UnixSocketReadWriteMode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public UnixFileMode UnixSocketAdminMode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Null is the place that libvirt clients look in.</summary>
    public string? UnixSocketDirectory { get; init; }

    // Authentication. For unix sockets libvirtd's default as root is polkit; here it is none, made safe by the mode above.
    public AuthSetting AuthUnixReadOnly { get; init; } = new(AuthType.None);
    public AuthSetting AuthUnixReadWrite { get; init; } = new(AuthType.None);
    public AuthSetting AuthTcp { get; init; } = new(AuthType.Sasl);
    public AuthSetting AuthTls { get; init; } = new(AuthType.None);
    public uint TcpMinSsf { get; init; } = 56;
    public IReadOnlyList<string> AccessDrivers { get; init; } = [];
    public IReadOnlyList<string>? SaslAllowedUsernames { get; init; }

    // TLS. Unset files are looked for where libvirt keeps them.
    public string? KeyFile { get; init; }
    public string? CertificateFile { get; init; }
    public string? AuthorityFile { get; init; }
    public string? RevocationFile { get; init; }
    public bool TlsNoSanityCertificate { get; init; }
    public bool TlsNoVerifyCertificate { get; init; }
    public IReadOnlyList<string>? TlsAllowedNames { get; init; }
    public string? TlsPriority { get; init; }

    // Limits.
    public uint MaxClients { get; init; } = 5000;

    /// <summary>The backlog of each listening socket; 0 means 30.</summary>
    public uint MaxQueuedClients { get; init; } = 1000;

    /// <summary>Connections not yet authenticated; 0 is no limit.</summary>
    public uint MaxAnonymousClients { get; init; } = 20;
    public uint MinWorkers { get; init; } = 5;
    public uint MaxWorkers { get; init; } = 20;
    public uint PriorityWorkers { get; init; } = 5;

    /// <summary>Calls of one connection that may run at once.</summary>
    public uint MaxClientRequests { get; init; } = 5;

    /// <summary>Seconds of silence before a ping; -1 turns it off.</summary>
    public int KeepaliveInterval { get; init; } = 5;

    /// <summary>Unanswered pings before the connection counts as dead.</summary>
    public uint KeepaliveCount { get; init; } = 5;

    // Admin server.
    public uint AdminMinWorkers { get; init; } = 5;
    public uint AdminMaxWorkers { get; init; } = 20;
    public uint AdminMaxClients { get; init; } = 5000;
    public uint AdminMaxQueuedClients { get; init; } = 20;
    public uint AdminMaxClientRequests { get; init; } = 5;
    public int AdminKeepaliveInterval { get; init; } = 5;
    public uint AdminKeepaliveCount { get; init; } = 5;

    // Logs. Level: 1 debug, 2 info, 3 warning, 4 error.
    public uint LogLevel { get; init; } = 3;
    public string? LogFilters { get; init; }
    public string? LogOutputs { get; init; }

    /// <summary>Microseconds that a thread looks for further calls before it sleeps; 0 is not at all. Ours alone.</summary>
    public uint BusyPoll { get; init; } = 50;

    // Telemetry; ours alone.
    /// <summary>Where metrics are served, on this machine alone; null is nowhere.</summary>
    public IPEndPoint? MetricsListen { get; init; }

    /// <summary>The OTLP collector that gets a span for each call; null is none.</summary>
    public Uri? TraceCollector { get; init; }

    /// <summary>How many of a hundred calls get one.</summary>
    public uint TracePercent { get; init; } = 100;

    // Host.
    /// <summary>0 off, 1 when possible, 2 required.</summary>
    public uint AuditLevel { get; init; } = 1;
    public bool AuditLogging { get; init; }
    public Guid? HostUuid { get; init; }

    /// <summary>smbios or machine-id.</summary>
    public string HostUuidSource { get; init; } = "smbios";

    /// <summary>Seconds for a call to Open vSwitch.</summary>
    public uint OvsTimeout { get; init; } = 5;
}
