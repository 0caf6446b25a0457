using System.Globalization;

namespace Libvirtd.Drivers;

/// <summary>What is known of a client: from its socket, its login, or from CONNECT_SET_IDENTITY.</summary>
public sealed record ClientIdentity
{
    private readonly ulong? _processTime;

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

    /// <summary>The process is one of this machine, as its socket tells: what else there is to know of it can be looked up.</summary>
    public bool IsLocalProcess { get; init; }

    /// <summary>When the process started: field 22 of /proc/PID/stat. Of a local process it is looked up whenever it is asked for: few ask.</summary>
    public ulong? ProcessTime
    {
        get => _processTime ?? (IsLocalProcess && ProcessId is { } process ? StartTime(process) : null);
        init => _processTime = value;
    }

    /// <summary>The name given to SASL.</summary>
    public string? SaslUserName { get; init; }

    /// <summary>The subject of the TLS client certificate.</summary>
    public string? X509DistinguishedName { get; init; }

    /// <summary>The SELinux context.</summary>
    public string? SelinuxContext { get; init; }

    /// <summary>The address of a client on the network: <c>192.0.2.1:4711</c>.</summary>
    public string? SocketAddress { get; init; }

    // The name in field 2 may hold blanks and parentheses.
    private static ulong? StartTime(long process)
    {
        try
        {
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return ulong.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
