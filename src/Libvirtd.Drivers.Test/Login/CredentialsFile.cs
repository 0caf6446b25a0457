using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// libvirt's <c>auth.conf</c>: a group <c>[auth-SERVICE-HOST]</c>, or <c>[auth-SERVICE-default]</c>, names the group <c>[credentials-NAME]</c> that holds
/// what to log in with.
/// </summary>
internal sealed class CredentialsFile
{
    private const long MostBytes = 1 << 20;

    private readonly string _path;
    private readonly Dictionary<string, Dictionary<string, string>> _groups = new(StringComparer.Ordinal);

    private CredentialsFile(string path, IEnumerable<string> lines)
    {
        _path = path;
        Dictionary<string, string>? group = null;
        int number = 0;
        foreach (string line in lines)
        {
            number++;
            string text = line.Trim();
            if (text.Length == 0 || text[0] == '#')
                continue;
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (text[0] == '[' && text[^1] == ']')
                group = _groups[text[1..^1]] = new(StringComparer.Ordinal);
            else if (equals > 0 && group is not null)
                group[text[..equals].TrimEnd()] = text[(equals + 1)..].TrimStart();
            else
                throw Bad($"line {number} of '{path}' is neither a [group] nor a key = value within one");
        }
    }

    /// <summary>
    /// Where libvirt looks for it: what <c>LIBVIRT_AUTH_FILE</c> names, or else the first of the user's and the machine's that is there; null where
    /// none is.
    /// </summary>
    public static string? DefaultPath
    {
        get
        {
            if (Environment.GetEnvironmentVariable("LIBVIRT_AUTH_FILE") is { } named)
                return named;
            string user = Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "libvirt/auth.conf");
            return ((string[])[user, "/etc/libvirt/auth.conf"]).FirstOrDefault(File.Exists);
        }
    }

    /// <summary>Reads a file of at most 1 MiB.</summary>
    /// <exception cref="VirException">It cannot be read (VIR_ERR_SYSTEM_ERROR), or understood (VIR_ERR_CONF_SYNTAX).</exception>
    public static CredentialsFile Read(string path)
    {
        try
        {
            return new FileInfo(path).Length <= MostBytes
                ? new CredentialsFile(path, File.ReadLines(path))
                : throw Bad($"'{path}' has more than {MostBytes} bytes");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            string why = failure is UnauthorizedAccessException ? "Permission denied" : "No such file or directory";
            throw VirException.Of(ErrorCode.SystemError, ErrorDomain.None, $"Failed to open file '{path}': {why}");
        }
    }

    /// <summary>A part of the credentials for a service on a host; null where the file says nothing about it.</summary>
    /// <exception cref="VirException">A group that is referred to, or its reference, is missing (VIR_ERR_CONF_SYNTAX).</exception>
    public string? Find(string service, string host, string key)
    {
        string name = $"auth-{service}-{host}";
        if (!_groups.TryGetValue(name, out Dictionary<string, string>? group) && !_groups.TryGetValue(name = $"auth-{service}-default", out group))
            return null;
        if (!group.TryGetValue("credentials", out string? credentials))
            throw Bad($"Missing item 'credentials' in group '{name}' in '{_path}'");
        return _groups.TryGetValue($"credentials-{credentials}", out Dictionary<string, string>? found)
            ? found.GetValueOrDefault(key)
            : throw Bad($"Missing group 'credentials-{credentials}' referenced from group '{name}' in '{_path}'");
    }

    private static VirException Bad(string detail) => VirException.Of(ErrorCode.ConfSyntax, ErrorDomain.None, detail);
}
