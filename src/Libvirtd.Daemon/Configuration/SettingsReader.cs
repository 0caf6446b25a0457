using Libvirtd.Daemon.Hosting;

namespace Libvirtd.Daemon.Configuration;

/// <summary>The settings of a configuration file, and what the operator should be told about it.</summary>
internal sealed record LoadedSettings(DaemonSettings Settings, IReadOnlyList<string> Warnings);

/// <summary>From a parsed file to settings that hold together.</summary>
internal static class SettingsReader
{
    private static readonly Dictionary<string, ConfigKeys.Key> s_keys = ConfigKeys.All.ToDictionary(key => key.Name, StringComparer.Ordinal);

    /// <summary>Reads the file that the command line named, else the default file, else the defaults that are built in.</summary>
    /// <exception cref="ConfigException">A file that was named does not exist, or either one cannot be used.</exception>
    public static LoadedSettings Load(string? namedFile, string defaultFile)
    {
        if (namedFile is not null) return Read(ConfigParser.Load(namedFile));
        return File.Exists(defaultFile) ? Read(ConfigParser.Load(defaultFile)) : Read(ConfigParser.Parse("built-in defaults", DefaultText()));
    }

    /// <summary>The shipped libvirtd.conf: every key with its meaning and, commented out, its default.</summary>
    public static string DefaultText()
    {
        using Stream resource = typeof(SettingsReader).Assembly.GetManifestResourceStream("libvirtd.conf")!;
        using StreamReader reader = new(resource);
        return reader.ReadToEnd();
    }

    /// <summary>Applies each assignment. Of a key set twice the first counts, as in libvirtd; unknown keys are left alone.</summary>
    /// <exception cref="ConfigException">A value is not for its key, or the values do not fit together.</exception>
    public static LoadedSettings Read(ConfigFile file)
    {
        DaemonSettings settings = new() { Source = file.Path };
        List<string> warnings = [];
        Dictionary<string, ConfigEntry> seen = new(StringComparer.Ordinal);
        foreach (ConfigEntry entry in file.Entries)
        {
            if (!s_keys.TryGetValue(entry.Name, out ConfigKeys.Key? key))
            {
                warnings.Add($"{file.Path}:{entry.Line}: unknown key '{entry.Name}' is ignored");
            }
            else if (!seen.TryAdd(entry.Name, entry))
            {
                warnings.Add($"{file.Path}:{entry.Line}: '{entry.Name}' was already set in line {seen[entry.Name].Line}; this one is ignored");
            }
            else
            {
                settings = key.Apply(settings, new ConfigKeys.Where(file.Path, entry.Line, entry.Name), entry.Value);
            }
        }
        return new LoadedSettings(Reconcile(settings, file.Path, seen), warnings);
    }

    private static DaemonSettings Reconcile(DaemonSettings settings, string path, Dictionary<string, ConfigEntry> seen)
    {
        if (settings.MaxWorkers < 1) throw Refuse("max_workers", "'max_workers' must be greater than 0");
        if (settings.AdminMaxWorkers < 1) throw Refuse("admin_max_workers", "'admin_max_workers' must be greater than 0");
        if (seen.ContainsKey("tcp_min_ssf") && settings.TcpMinSsf < 112)
            throw Refuse("tcp_min_ssf", "minimum SSF levels lower than 112 are not supported");
        if (settings.AuditLevel > 1)
            throw Refuse("audit_level", "audit_level = 2 requires auditing, which is not supported yet; use 0 or 1");
        foreach (string driver in settings.AccessDrivers)
        {
            // Ignoring an access driver would let everybody do everything.
            if (driver is "polkit") throw Refuse("access_drivers", "access driver 'polkit' is not supported yet; remove it from access_drivers");
            if (driver is not "none") throw Refuse("access_drivers", $"Cannot find security driver '{driver}'");
        }
        return settings with
        {
            MinWorkers = Math.Min(settings.MinWorkers, settings.MaxWorkers),
            AdminMinWorkers = Math.Min(settings.AdminMinWorkers, settings.AdminMaxWorkers),
        };

        ConfigException Refuse(string key, string reason) => ConfigException.Value(path, seen[key].Line, reason);
    }

    /// <summary>The limits that a server cannot be made with; libvirtd has a status of its own for them.</summary>
    /// <exception cref="DaemonStartException">They contradict each other.</exception>
    public static void CheckLimits(DaemonSettings settings)
    {
        if (settings.MaxAnonymousClients > settings.MaxClients)
        {
            throw new DaemonStartException(ExitStatus.Server,
                "The overall maximum number of clients must not be less than the number of clients waiting for authentication: " +
                $"max_clients is {settings.MaxClients}, max_anonymous_clients is {settings.MaxAnonymousClients} ({settings.Source})");
        }
    }
}
