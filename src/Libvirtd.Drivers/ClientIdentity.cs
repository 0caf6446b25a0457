namespace Libvirtd.Drivers;

/// <summary>What is known of a client: from its socket, its login, or from CONNECT_SET_IDENTITY.</summary>
public sealed record ClientIdentity
{
    /// <summary>Nothing is known.</summary>
    public static ClientIdentity Unknown { get; } = new();

    /// <summary>The name of the Unix user.</summary>
    public string? UserName { get; init; }

    /// <summary>The Unix user's number.</summary>
    public ulong? UserId { get; init; }

    /// <summary>The name of the Unix group.</summary>
    public string? GroupName { get; init; }

    /// <summary>The Unix group's number.</summary>
    public ulong? GroupId { get; init; }

    /// <summary>The process.</summary>
    public long? ProcessId { get; init; }

    /// <summary>When the process started: field 22 of /proc/PID/stat.</summary>
    public ulong? ProcessTime { get; init; }

    /// <summary>The name given to SASL.</summary>
    public string? SaslUserName { get; init; }

    /// <summary>The subject of the TLS client certificate.</summary>
    public string? X509DistinguishedName { get; init; }

    /// <summary>The SELinux context.</summary>
    public string? SelinuxContext { get; init; }

    /// <summary>The address of a client on the network: <c>192.0.2.1:4711</c>.</summary>
    public string? SocketAddress { get; init; }
}
