namespace Libvirtd.Interop.Processes;

/// <summary>
/// Which libvirt is the measure: the one that this machine has installed, or that of another Debian (or like) system, whose root folder the
/// environment variable LIBVIRTD_INTEROP_ROOT names. Clients and upstream's server then see that system's /usr in place of the machine's; all else,
/// files and sockets among it, stays what it is.
/// </summary>
internal static class Upstream
{
    private const string Variable = "LIBVIRTD_INTEROP_ROOT";

    // $1 = the folder to put in the place of /usr. exec keeps the process id.
    private const string Script = "mount --bind \"$1\" /usr; shift; exec \"$@\"";

    /// <summary>The other system's root; null when it is this machine.</summary>
    public static string? Root { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } root ? System.IO.Path.GetFullPath(root) : null;

    /// <summary>Skips a test of what holds for the installed release alone.</summary>
    public static void SkipIfOther()
    {
        if (Root is not null) Assert.Skip("upstream is another release: see the report");
    }

    /// <summary>Where a file of upstream's system lies on this machine.</summary>
    public static string Path(string file) => Root is null ? file : System.IO.Path.Join(Root, file);

    /// <summary>A command that runs another one, on upstream's system.</summary>
    public static string[] Command(params IEnumerable<string> command) =>
        Root is null ? [.. command] : Unshared(["sh", "-ec", Script, "sh", Path("/usr"), .. command]);

    /// <summary>A command that runs another one where mounts are its own.</summary>
    public static string[] Unshared(params IEnumerable<string> command)
    {
        string[] newNamespace = Environment.IsPrivilegedProcess ? ["-m"] : ["-r", "-m"];
        return ["/usr/bin/unshare", .. newNamespace, "--propagation", "private", .. command];
    }
}
