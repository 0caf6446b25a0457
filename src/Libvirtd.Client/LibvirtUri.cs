using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Libvirtd.Client;

/// <summary>How the server of a URI is reached.</summary>
public enum LibvirtTransport
{
    Unix,
    Tcp,
    Tls,
}

/// <summary>A libvirt URI taken apart: <c>driver[+transport]://[user@][host][:port]/path[?parameters]</c>.</summary>
public sealed partial class LibvirtUri
{
    private const int DefaultTcpPort = 16509;
    private const int DefaultTlsPort = 16514;

    // What concerns only the way to the server; the server never sees it.
    private static readonly HashSet<string> s_own = new(StringComparer.OrdinalIgnoreCase)
    {
        "name", "command", "socket", "auth", "sshauth", "netcat", "keyfile", "pkipath", "known_hosts", "known_hosts_verify", "tls_priority", "mode",
        "proxy", "no_sanity", "no_verify", "no_tty", "authfile",
    };

    private LibvirtUri(string driver, LibvirtTransport transport, string host, int port, string path)
    {
        Driver = driver;
        Transport = transport;
        Host = host;
        Port = port;
        Path = path;
    }

    /// <summary>The scheme without transport: <c>qemu</c>, <c>test</c>, <c>remote</c>.</summary>
    public string Driver { get; }

    public LibvirtTransport Transport { get; }

    /// <summary>The server's name or address; empty for a Unix socket.</summary>
    public string Host { get; }

    public int Port { get; }

    public string Path { get; }

    /// <summary>The Unix socket that the URI names; null for the default one.</summary>
    public string? Socket { get; private set; }

    /// <summary>What CONNECT_OPEN tells the server: the URI without the way to it. Empty lets the server choose its driver.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Takes a URI apart; an empty one means the local server and its default driver.</summary>
    /// <exception cref="FormatException">It is no URI, or has an unknown transport.</exception>
    public static LibvirtUri Parse(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (uri.Length == 0)
            return new LibvirtUri("remote", LibvirtTransport.Unix, "", 0, "");
        Match match = UriParts().Match(uri);
        if (!match.Success)
            throw new FormatException($"'{uri}' is not a libvirt URI");
        string[] scheme = match.Groups["scheme"].Value.Split('+', 2);
        string host = match.Groups["host"].Value.Trim('[', ']');
        LibvirtTransport transport = scheme.Length == 1 ? host.Length == 0 ? LibvirtTransport.Unix : LibvirtTransport.Tls : scheme[1] switch
        {
            "unix" => LibvirtTransport.Unix,
            "tcp" => LibvirtTransport.Tcp,
            "tls" => LibvirtTransport.Tls,
            _ => throw new FormatException($"the transport '{scheme[1]}' is not supported"),
        };
        string path = match.Groups["path"].Value;
        int port = transport switch { LibvirtTransport.Unix => 0, LibvirtTransport.Tcp => DefaultTcpPort, _ => DefaultTlsPort };
        if (match.Groups["port"] is { Success: true, Length: > 0 } given
            && (!int.TryParse(given.Value, NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535))
            throw new FormatException($"'{given.Value}' is not a port");
        LibvirtUri parsed = new(scheme[0], transport, transport == LibvirtTransport.Unix ? "" : host.Length == 0 ? "localhost" : host, port, path);
        parsed.ReadParameters(match.Groups["query"].Value, match.Groups["fragment"].Value);
        return parsed;
    }

    /// <summary>The socket that is connected to: the one named, else the default of the user and the driver.</summary>
    public string SocketPath(bool readOnly)
    {
        if (Socket is not null)
            return Socket;
        bool session = !Environment.IsPrivilegedProcess && (Path == "/session" || Driver == "test" || (Driver == "remote" && Path.Length == 0));
        string folder = !session ? "/run/libvirt"
            : Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime ? System.IO.Path.Combine(runtime, "libvirt")
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/libvirt");
        string suffix = readOnly && !session ? "-sock-ro" : "-sock";
        string own = System.IO.Path.Combine(folder, $"virt{Driver}d{suffix}");
        return File.Exists(own) ? own : System.IO.Path.Combine(folder, "libvirt" + suffix);
    }

    private void ReadParameters(string query, string fragment)
    {
        string? name = null;
        StringBuilder kept = new();
        foreach (string part in query.Split('&', ';').Where(part => part.Length > 0))
        {
            string[] pair = part.Split('=', 2);
            string key = Uri.UnescapeDataString(pair[0]);
            string value = pair.Length > 1 ? Uri.UnescapeDataString(pair[1]) : "";
            if (!s_own.Contains(key))
                kept.Append(kept.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(key)).Append('=').Append(Uri.EscapeDataString(value));
            else if (key.Equals("name", StringComparison.OrdinalIgnoreCase))
                name = value;
            else if (key.Equals("socket", StringComparison.OrdinalIgnoreCase))
                Socket = value;
        }
        Name = name ?? (Driver == "remote" ? "" : $"{Driver}://{Path}{kept}{(fragment.Length > 0 ? "#" + fragment : "")}");
    }

    [GeneratedRegex("^(?<scheme>[A-Za-z][A-Za-z0-9.+-]*):(//([^/?#@]*@)?(?<host>\\[[^\\]/?#]*\\]|[^/?#:]*)(:(?<port>[^/?#]*))?)?(?<path>[^?#]*)(\\?(?<query>[^#]*))?(#(?<fragment>.*))?$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex UriParts();
}
