namespace Libvirtd.Daemon.Logging;

/// <summary>
/// libvirt's names for the parts of the daemon, so that the filters that administrators know keep working: a category such as
/// <c>Libvirtd.Rpc.Session</c> is logged as <c>rpc.session</c>.
/// </summary>
internal static class SourceNames
{
    /// <summary>Longest prefix first.</summary>
    private static readonly (string Prefix, string Source)[] s_sources =
    [
        ("Libvirtd.Drivers.NodeDevice", "node_device"),
        ("Libvirtd.Drivers.Interface", "interface"),
        ("Libvirtd.Drivers.NWFilter", "nwfilter"),
        ("Libvirtd.Drivers.Storage", "storage"),
        ("Libvirtd.Drivers.Network", "network"),
        ("Libvirtd.Drivers.Secret", "secret"),
        ("Libvirtd.Drivers.Test", "test"),
        ("Libvirtd.Drivers.Qemu", "qemu"),
        ("Libvirtd.Drivers", "driver"),
        ("Libvirtd.Documents", "conf"),
        ("Libvirtd.Protocol", "remote"),
        ("Libvirtd.Daemon", "daemon"),
        ("Libvirtd.Rpc", "rpc"),
        ("Microsoft", "host"),
    ];

    /// <summary>The source of a logger's category.</summary>
    public static string Of(string category)
    {
        foreach ((string prefix, string source) in s_sources)
        {
            if (!category.StartsWith(prefix, StringComparison.Ordinal)) continue;
            if (category.Length == prefix.Length) return source;
            if (category[prefix.Length] == '.') return $"{source}.{category[(category.LastIndexOf('.') + 1)..].ToLowerInvariant()}";
        }
        return category.ToLowerInvariant();
    }
}
