namespace Libvirtd.Daemon.Configuration;

/// <summary>A configuration file that cannot be used. The message is complete: file, line and reason.</summary>
internal sealed class ConfigException(string message) : Exception(message)
{
    /// <summary>The text breaks the file's syntax.</summary>
    public static ConfigException Syntax(string path, int line, string reason) =>
        new($"configuration file syntax error: {path}:{line}: {reason}");

    /// <summary>The text is well formed, but this value is not one that the key takes.</summary>
    public static ConfigException Value(string path, int line, string reason) => new($"{path}:{line}: {reason}");
}
