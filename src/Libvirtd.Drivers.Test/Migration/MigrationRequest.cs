using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What a client wants of a migration, in whichever generation of calls it said so.</summary>
internal sealed record MigrationRequest
{
    private const DomainMigrateFlags Known = (DomainMigrateFlags)0x1fffff;

    private static readonly Dictionary<string, TypedParameterType> s_params = new(StringComparer.Ordinal)
    {
        ["migrate_uri"] = TypedParameterType.String,
        ["destination_name"] = TypedParameterType.String,
        ["destination_xml"] = TypedParameterType.String,
        ["persistent_xml"] = TypedParameterType.String,
        ["bandwidth"] = TypedParameterType.Ullong,
        ["bandwidth.postcopy"] = TypedParameterType.Ullong,
        ["graphics_uri"] = TypedParameterType.String,
        ["listen_address"] = TypedParameterType.String,
        ["migrate_disks"] = TypedParameterType.String,
        ["disks_port"] = TypedParameterType.Int,
        ["disks_uri"] = TypedParameterType.String,
        ["compression"] = TypedParameterType.String,
        ["compression.mt.level"] = TypedParameterType.Int,
        ["compression.mt.threads"] = TypedParameterType.Int,
        ["compression.mt.dthreads"] = TypedParameterType.Int,
        ["compression.xbzrle.cache"] = TypedParameterType.Ullong,
        ["compression.zlib.level"] = TypedParameterType.Int,
        ["compression.zstd.level"] = TypedParameterType.Int,
        ["auto_converge.initial"] = TypedParameterType.Int,
        ["auto_converge.increment"] = TypedParameterType.Int,
        ["parallel.connections"] = TypedParameterType.Int,
        ["tls.destination"] = TypedParameterType.String,
    };

    public DomainMigrateFlags Flags { get; init; }

    /// <summary>Where the guest's memory goes, such as tcp://host:49152.</summary>
    public string? Uri { get; init; }

    /// <summary>Its name on the destination; null for the one that it has.</summary>
    public string? Name { get; init; }

    /// <summary>The document that it gets on the destination.</summary>
    public string? Xml { get; init; }

    /// <summary>What it is configured to be on the destination.</summary>
    public string? PersistentXml { get; init; }

    /// <summary>The most MiB in a second; 0 for what the domain is limited to.</summary>
    public ulong Bandwidth { get; init; }

    /// <summary>The targets of the disks whose content is to be moved; empty for those that are not shared.</summary>
    public string[] Disks { get; init; } = [];

    /// <summary>The contents of disks go along.</summary>
    public bool CopiesDisks => Has(DomainMigrateFlags.NonSharedDisk | DomainMigrateFlags.NonSharedInc);

    public bool Has(DomainMigrateFlags flag) => (Flags & flag) != 0;

    /// <summary>Reads typed parameters.</summary>
    public static MigrationRequest Of(TypedParam[] given, DomainMigrateFlags flags, string function)
    {
        FlagCheck.Require((uint)flags, (uint)Known, function);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (TypedParam one in given)
        {
            if (!s_params.TryGetValue(one.Field, out TypedParameterType type))
                throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.None, $"parameter '{one.Field}' not supported");
            if (one.Type != type)
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, $"invalid type for parameter '{one.Field}'");
            if (!seen.Add(one.Field) && one.Field is not ("migrate_disks" or "compression"))
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, $"parameter '{one.Field}' occurs multiple times");
        }

        return new MigrationRequest
        {
            Flags = flags,
            Uri = given.Find("migrate_uri")?.Text,
            Name = given.Find("destination_name")?.Text,
            Xml = given.Find("destination_xml")?.Text,
            PersistentXml = given.Find("persistent_xml")?.Text,
            Bandwidth = given.Find("bandwidth")?.ULong ?? 0,
            Disks = [.. given.Where(static one => one.Field == "migrate_disks").Select(static one => one.Text)],
        };
    }

    /// <summary>Reads the arguments of an older call.</summary>
    public static MigrationRequest Of(nuint flags, string? uri, string? name, string? xml, nuint bandwidth, string function)
    {
        DomainMigrateFlags known = (DomainMigrateFlags)(uint)flags;
        FlagCheck.Require((uint)flags, (uint)Known, function);
        return new MigrationRequest { Flags = known, Uri = uri, Name = name, Xml = xml, Bandwidth = bandwidth };
    }

    /// <summary>The parameters that say so to a destination.</summary>
    public TypedParam[] ToParams()
    {
        List<TypedParam> list = [];
        Add("migrate_uri", Uri);
        Add("destination_name", Name);
        Add("destination_xml", Xml);
        Add("persistent_xml", PersistentXml);
        if (Bandwidth > 0)
            list.Add(new("bandwidth", Bandwidth));
        foreach (string disk in Disks)
            Add("migrate_disks", disk);
        return [.. list];

        void Add(string name, string? text)
        {
            if (text is not null)
                list.Add(new(name, text));
        }
    }
}
