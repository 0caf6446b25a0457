using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>What a type of storage pool takes as its source, and what it and its volumes are formatted as.</summary>
internal sealed record StoragePoolType(string Name, PoolSource Source, string[]? PoolFormats, string[]? VolumeFormats)
{
    private static readonly string[] s_fileSystems =
        ["auto", "ext2", "ext3", "ext4", "ufs", "iso9660", "udf", "gfs", "gfs2", "vfat", "hfs+", "xfs", "ocfs2", "vmfs"];

    private static readonly string[] s_images =
        ["raw", "none", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop", "cow", "qcow", "qcow2", "qed", "vmdk"];

    /// <summary>The first format of each list is the default.</summary>
    public static readonly StoragePoolType[] All =
    [
        new("dir", PoolSource.None, null, s_images),
        new("fs", PoolSource.Device, s_fileSystems, s_images),
        new("netfs", PoolSource.Host | PoolSource.Directory, ["auto", "nfs", "glusterfs", "cifs"], s_images),
        new("logical", PoolSource.Name | PoolSource.Device, ["lvm2", "unknown"], null),
        new("disk", PoolSource.Device, ["unknown", "dos", "dvh", "gpt", "mac", "bsd", "pc98", "sun", "lvm2"],
            ["none", "linux", "fat16", "fat32", "linux-swap", "linux-lvm", "linux-raid", "extended"]),
        new("iscsi", PoolSource.Host | PoolSource.Device | PoolSource.Initiator, null, null),
        new("iscsi-direct", PoolSource.Host | PoolSource.Device | PoolSource.Network | PoolSource.Initiator, null, null),
        new("scsi", PoolSource.Adapter, null, null),
        new("mpath", PoolSource.None, null, null),
        new("rbd", PoolSource.Host | PoolSource.Network | PoolSource.Name, null, s_images),
        new("sheepdog", PoolSource.Host | PoolSource.Network | PoolSource.Name, null, null),
        new("gluster", PoolSource.Host | PoolSource.Network | PoolSource.Name | PoolSource.Directory, null, s_images),
        new("zfs", PoolSource.Name | PoolSource.Device, null, null),
        new("vstorage", PoolSource.Name, null, s_images),
    ];

    public bool HasTarget => Name is not ("rbd" or "sheepdog" or "gluster" or "iscsi-direct");

    public static StoragePoolType Find(string name) => Array.Find(All, type => type.Name == name)!;
}

[Flags]
internal enum PoolSource
{
    None = 0,
    Host = 1,
    Device = 2,
    Directory = 4,
    Adapter = 8,
    Name = 16,
    Initiator = 32,
    Network = 64,
}

/// <summary>The storage pool document: one table for each type of pool.</summary>
internal static class StoragePoolSchema
{
    /// <summary>Owner, group and mode of a file; -1 is "not said".</summary>
    public static readonly ElementSchema Permissions = Element("permissions").With(
        Leaf("mode", new OctalMode(), FaultText.Xml("malformed octal mode")),
        Identity("owner"),
        Identity("group"),
        Leaf("label"));

    private static readonly Dictionary<string, ElementSchema> s_roots = StoragePoolType.All.ToDictionary(static type => type.Name, Make, StringComparer.Ordinal);

    private static ElementSchema Identity(string name) => Leaf(name, new IdValue(), FaultText.Xml($"malformed {name} element"))
        .Then((in Scope scope) => string.IsNullOrEmpty(scope.Raw.Text) ? throw Fault.Xml(scope.Context.Domain, $"malformed {name} element") : true);

    public static ElementSchema Root(string type) => s_roots[type];

    public static ElementSchema Formatted(string name, string[] formats, string fault) => Element(name)
        .Attr("type", OneOf(formats), formats[0], bad: FaultText.Unsupported(fault)).Always();

    /// <summary>A number of bytes that the driver knows; what a document says of it is not read.</summary>
    public static ElementSchema Counter(string name)
    {
        ElementSchema schema = Element(name).Attr("unit").Text();
        return schema.Always().By((_, _, _) =>
        {
            Node node = new(name, schema) { Text = "0" };
            node.Append("unit", "bytes");
            return node;
        });
    }

    private static ElementSchema Make(StoragePoolType type)
    {
        ElementSchema source = Element("source").Open().Always();
        if (type.Source.HasFlag(PoolSource.Host))
        {
            source.With(Element("host").Attr("name", missing: FaultText.Xml("missing storage pool host name"))
                .Attr("port", Number(int.MinValue, int.MaxValue, omitZero: true, signed: true)).Many());
        }

        if (type.Source.HasFlag(PoolSource.Device))
        {
            source.With(Element("device").Attr("path", missing: FaultText.Xml("missing storage pool source device path"))
                .Attr("part_separator", YesNo).Many());
        }

        if (type.Source.HasFlag(PoolSource.Directory))
            source.With(Element("dir").Attr("path", StorageSchemas.NonEmpty));
        if (type.Source.HasFlag(PoolSource.Adapter))
            source.With(Adapter());
        if (type.Source.HasFlag(PoolSource.Name))
            source.With(Leaf("name"));
        if (type.Source.HasFlag(PoolSource.Initiator))
            source.With(StorageSchemas.Initiator);
        if (type.PoolFormats is { } formats)
            source.With(Formatted("format", formats, "unknown pool format type {0}"));
        source.With(
            Auth(),
            Element("protocol").Attr("ver", StorageSchemas.NonEmpty),
            Element("vendor").Attr("name", StorageSchemas.NonEmpty),
            Element("product").Attr("name", StorageSchemas.NonEmpty));
        ElementSchema root = Element("pool").Attr("type").With(
            Leaf("name"),
            Leaf("uuid", Uuid, FaultText.Xml("malformed uuid element")),
            Counter("capacity"),
            Counter("allocation"),
            Counter("available"),
            Element("features").With(Element("cow").Attr("state", YesNo)),
            source);
        if (type.HasTarget)
            root.With(Element("target").With(Leaf("path"), Permissions).Always().Open());
        root.With(Element("refresh").With(Element("volume").Attr("allocation", OneOf("default", "capacity"))));
        return root.Open().Then((in Scope scope) => StoragePoolRules.Finish(type, scope));
    }

    private static ElementSchema Auth() => Element("auth").Attr("type").Attr("username", missing: FaultText.Xml("missing username for auth"))
        .With(Element("secret").Attr("type", when: static (in Scope _) => false).Attr("uuid", Uuid, bad: StorageSchemas.SecretFault).Attr("usage")
            .Keep().Then(StorageSchemas.CheckSecret))
        .Then(static (in Scope scope) =>
        {
            if (scope.Node["type"] is { } type and not ("none" or "chap" or "ceph"))
                throw Fault.Unsupported(scope.Context.Domain, $"unknown auth type '{type}'");
            if (scope.Raw.Child("secret") is null)
                throw Fault.Xml(scope.Context.Domain, "Missing <secret> element in auth");
            return scope.Node["type"] is null or "none" ? throw Fault.Unsupported(scope.Context.Domain, "storage pool missing auth type") : true;
        });

    private static bool CheckFibre(in Scope scope)
    {
        if (!scope.Node.Has("wwnn") || !scope.Node.Has("wwpn"))
            throw Fault.Xml(scope.Context.Domain, "'wwnn' and 'wwpn' must be specified for adapter type 'fchost'");
        foreach (string name in (ReadOnlySpan<string>)["wwnn", "wwpn", "parent_wwnn", "parent_wwpn", "parent_fabric_wwn"])
        {
            if (scope.Node[name] is { } wwn && (wwn.Length != 16 || !wwn.All(char.IsAsciiHexDigit)))
                throw Fault.Internal(ErrorDomain.None, $"Malformed wwn: {wwn}");
        }

        return true;
    }

    private static ElementSchema Adapter() => Switch("adapter", static (raw, _) => raw["type"] ?? "scsi_host",
        ("scsi_host", Element("adapter").Attr("type", Any, "scsi_host").Attr("name")
            .With(Element("parentaddr").Attr("unique_id", UInt).With(DeviceSchemas.PlainPciAddress))
            .Then(static (in Scope scope) =>
            {
                Node raw = scope.Raw;
                if (!raw.Has("type") && (raw.Has("wwnn") || raw.Has("wwpn") || raw.Has("parent")))
                {
                    throw Fault.Xml(scope.Context.Domain,
                        "Use of 'wwnn', 'wwpn', and 'parent' attributes requires use of the adapter 'type'");
                }

                if (!raw.Has("type") && !raw.Has("name"))
                    throw Fault.Xml(scope.Context.Domain, "missing storage pool source adapter");
                return raw.Has("name") || raw.Child("parentaddr") is not null
                    ? true
                    : throw Fault.Xml(scope.Context.Domain, "Either 'name' or 'parent' must be specified for the 'scsi_host' adapter");
            })),
        ("fc_host", Element("adapter").Attr("type", Any, "fc_host").Attr("parent").Attr("parent_wwnn").Attr("parent_wwpn").Attr("parent_fabric_wwn")
            .Attr("managed", YesNo).Attr("wwnn").Attr("wwpn").Then(CheckFibre)),
        ("", Element("adapter").Attr("type", OneOf("scsi_host", "fc_host"), required: true)));

    private sealed class OctalMode : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = null;
            if (!DocumentText.TryParseNumber(value, 8, out Int128 mode) || mode < 0 || mode > 0x1ff)
                return ValueResult.Bad;
            normal = "0" + System.Convert.ToString((int)mode, 8);
            return ValueResult.Ok;
        }
    }

    private sealed class IdValue : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = null;
            if (!DocumentText.TryParseNumber(value, 10, out Int128 id) || id < -1 || id > uint.MaxValue)
                return ValueResult.Bad;
            // Upstream prints the upper half as negative numbers, and refuses them when it reads its own text.
            normal = id == -1 || id == uint.MaxValue ? null : ToText((ulong)id);
            return ValueResult.Ok;
        }
    }
}
