using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Storage sources, as disks, backing chains, mirrors and firmware variables have them.</summary>
internal static class StorageSchemas
{
    public static readonly string[] Formats =
        ["raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop", "cow", "qcow", "qcow2", "qed", "vmdk"];

    public static readonly string[] SourceTypes = ["file", "block", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa"];

    /// <summary>Text that is dropped when empty: people write '' for a drive without a medium.</summary>
    public static readonly ValueSchema NonEmpty = new NonEmptyValue();

    public static readonly ElementSchema Seclabel = Element("seclabel")
        .Attr("model")
        .Attr("labelskip", YesOnly, show: Show.Live)
        .Attr("relabel", YesNo, "yes", when: static (in Scope scope) => scope.Raw["labelskip"] != "yes")
        .With(Leaf("label"))
        .Many()
        .Then(static (in Scope scope) =>
        {
            if (scope.Node.Child("label") is null && scope.Node["relabel"] != "no")
                scope.Node.Show |= Show.Live;
            return true;
        });

    internal static readonly FaultText SecretFault = new(ErrorCode.XmlError, "invalid secret uuid '{0}'", ErrorDomain.None);

    public static readonly ElementSchema Auth = Element("auth")
        .Attr("username", missing: new FaultText(ErrorCode.XmlError, "missing username for auth", ErrorDomain.Storage))
        .With(Element("secret").Attr("type", OneOf("none", "volume", "ceph", "iscsi", "tls", "vtpm"), bad: FaultText.Unsupported("unknown secret type '{0}'"))
            .Attr("uuid", Uuid, bad: SecretFault).Attr("usage").Then(CheckSecret))
        .Then(static (in Scope scope) => scope.Node.Child("secret") is null
            ? throw Fault.Xml(ErrorDomain.Storage, "Missing <secret> element in auth")
            : true);

    public static readonly ElementSchema Encryption = Element("encryption")
        .Attr("format", OneOf("default", "qcow", "luks", "luks2", "luks-any"), missing: new FaultText(ErrorCode.XmlError, "unknown volume encryption format", ErrorDomain.Storage),
            bad: new FaultText(ErrorCode.ConfigUnsupported, "unknown volume encryption format type {0}", ErrorDomain.Storage))
        .Attr("engine", OneOf("qemu", "librbd"))
        .Open().With(
            Element("secret").Attr("type", OneOf("passphrase"), missing: new FaultText(ErrorCode.XmlError, "unknown volume encryption secret type", ErrorDomain.Storage),
                    bad: new FaultText(ErrorCode.ConfigUnsupported, "unknown volume encryption secret type {0}", ErrorDomain.Storage))
                .Attr("uuid", Uuid, bad: SecretFault).Attr("usage").Many().Then(CheckSecret),
            Element("cipher").Attr("name", missing: StorageFault("cipher info missing 'name' attribute")).Attr("size", UInt, required: true)
                .Attr("mode").Attr("hash"),
            Element("ivgen").Attr("name", missing: StorageFault("missing ivgen info name string")).Attr("hash"))
        .Then(static (in Scope scope) => scope.Node.Child("ivgen") is not null && scope.Node.Child("cipher") is null
            ? throw Fault.Xml(ErrorDomain.Storage, "ivgen element found, but cipher is missing")
            : true);

    private static readonly FaultText s_noSlice = FaultText.Xml("missing offset or size attribute of slice");

    public static readonly ElementSchema Reservations = Element("reservations")
        .Attr("managed", YesNo, required: true)
        .With(Element("source")
            .Attr("type", OneOf("unix"), missing: StorageFault("missing connection type for <reservations/>"),
                bad: StorageFault("unsupported connection type for <reservations/>: {0}"))
            .Attr("path", missing: StorageFault("missing path for <reservations/>"))
            .Attr("mode", OneOf("client"), missing: StorageFault("missing connection mode for <reservations/>"),
                bad: StorageFault("unsupported connection mode for <reservations/>: {0}")))
        .Then(static (in Scope scope) => scope.Node["managed"] != "yes" && scope.Node.Child("source") is null
            ? throw Fault.Xml(ErrorDomain.Storage, "missing connection type for <reservations/>")
            : true);

    public static readonly ElementSchema Slices = Element("slices")
        .With(Slice().When(static (in Scope scope) => scope.Raw["type"] == "storage"));

    public static readonly ElementSchema Initiator = Element("initiator").With(Element("iqn").Attr("name"));

    public static readonly ElementSchema Reconnect = Element("reconnect")
        .Attr("enabled", YesNo)
        .Attr("timeout", UInt, when: static (in Scope scope) => scope.Node["enabled"] == "yes", required: true);

    private static readonly FaultText s_readAhead = FaultText.Xml("invalid readahead size or timeout");

    private static readonly FaultText s_noName = FaultText.Xml("missing name for disk source");

    private static readonly string[] s_protocols =
        ["nbd", "rbd", "sheepdog", "gluster", "iscsi", "http", "https", "ftp", "ftps", "tftp", "ssh", "vxhs", "nfs"];

    private static readonly ElementSchema s_host = Element("host")
        .Attr("name", when: static (in Scope scope) => scope.Raw["transport"] is null or "tcp" or "rdma", missing: FaultText.Xml("missing name for host"))
        .Attr("port", Number(0, 65535, omitZero: true), when: static (in Scope scope) => scope.Raw["transport"] != "unix",
            bad: new FaultText(ErrorCode.InvalidArg, "failed to parse port number '{0}'", ErrorDomain.None))
        .Attr("transport", OneOfOr("tcp", "unix", "rdma"), bad: FaultText.Unsupported("unknown protocol transport type '{0}'"))
        .Attr("socket", when: static (in Scope scope) => scope.Raw["transport"] == "unix", missing: FaultText.Xml("missing socket for unix transport"))
        .Many()
        .When(static (in Scope scope) => scope.Raw.Has("socket") && scope.Raw["transport"] is null or "tcp" or "rdma"
            ? throw Fault.Xml(scope.Context.Domain, $"transport '{scope.Raw["transport"] ?? "(null)"}' does not support socket attribute")
            : true)
        .Then(AddDefaultPort);

    /// <summary>The format of a file inside a backing chain or a mirror.</summary>
    public static ElementSchema Format { get; } = Element("format")
        .Attr("type", OneOf(Formats), bad: FaultText.Xml("unknown storage source format '{0}'"))
        .With(Element("metadata_cache").With(Sizes.Bytes("max_size")));

    /// <summary>A source that says its type in its parent, with or without the attributes that only a disk's own source has.</summary>
    /// <param name="ofDisk">Whether it is a disk's own.</param>
    /// <param name="withData">Whether the image may keep its data in another one, as qcow2 can.</param>
    public static ElementSchema Source(bool ofDisk, bool withData = true)
    {
        ElementSchema file = Element("source").Attr("file", NonEmpty).Attr("fdgroup");
        ElementSchema block = Element("source").Attr("dev", NonEmpty);
        ElementSchema dir = Element("source").Attr("dir", NonEmpty);
        ElementSchema volume = Element("source").Attr("pool").Attr("volume")
            .Attr("mode", OneOf("host", "direct"), bad: FaultText.Unsupported("unknown source mode '{0}' for volume type disk"))
            .Then(static (in Scope scope) => scope.Node.Has("pool") != scope.Node.Has("volume")
                ? throw Fault.Xml(scope.Context.Domain, "'pool' and 'volume' must be specified together for 'pool' type source")
                : true);
        ElementSchema nvme = Element("source")
            .Attr("type", OneOf("pci"), missing: FaultText.Xml("missing 'type' attribute to disk source"),
                bad: FaultText.Xml("unsupported source type '{0}'"))
            .Attr("managed", YesNo, "yes")
            .Attr("namespace", ULong, missing: FaultText.Xml("missing 'namespace' attribute to disk source"), bad: FaultText.Xml("malformed namespace '{0}'"))
            .With(DeviceSchemas.PlainPciAddress)
            .Then(static (in Scope scope) => scope.Node.Child("address") is null
                ? throw Fault.Xml(scope.Context.Domain, "NVMe disk source is missing address")
                : true);
        ElementSchema vhostUser = Element("source")
            .Attr("type", OneOf("unix"), missing: FaultText.Xml("missing 'type' attribute for vhostuser disk source"),
                bad: FaultText.Xml("invalid 'type' attribute for vhostuser disk source"))
            .Attr("path", missing: FaultText.Xml("missing 'path' attribute for vhostuser disk source")).With(Reconnect);
        ElementSchema vdpa = Element("source").Attr("dev", required: true);
        ElementSchema network = NetworkSource();
        foreach (ElementSchema schema in (ReadOnlySpan<ElementSchema>)[file, block, dir, volume, nvme, vhostUser, vdpa, network])
        {
            if (ofDisk)
            {
                if (schema != network)
                    schema.Attr("startupPolicy", OneOf("mandatory", "requisite", "optional"));
                schema.Attr("index", UInt, show: Show.Live, when: static (in Scope scope) => !scope.Context.Inactive);
            }

            else
            {
                schema.Keep(); // an image of a chain without its source would not be read again
            }

            schema.With(Slices);
            if (schema != network)
                schema.With(Seclabel);
            if (schema != volume)
                schema.With(Auth);
            schema.With(Encryption, Reservations);
            if (withData)
                schema.With(DataStore());
        }

        return Switch("source", static (_, parent) => parent?["type"] ?? "file",
            ("file", file), ("block", block), ("dir", dir), ("volume", volume), ("nvme", nvme), ("vhostuser", vhostUser), ("vhostvdpa", vdpa), ("network", network));
    }

    /// <summary>A backing chain: each link holds the next one.</summary>
    public static ElementSchema BackingStore()
    {
        ElementSchema chain = Element("backingStore")
            .Attr("type", OneOf(SourceTypes), bad: FaultText.Xml("unknown storage source type '{0}'"))
            .Attr("index", UInt, show: Show.Live, when: static (in Scope scope) => !scope.Context.Inactive)
            .With(Format, Source(ofDisk: false))
            .Keep()
            .Then(static (in Scope scope) =>
            {
                if (!scope.Node.Has("type"))
                {
                    foreach (Node child in scope.Node.ChildList.ToArray())
                        scope.Node.Remove(child);
                    scope.Node["index"] = null;
                    return true;
                }

                if (scope.Node.Child("format") is null)
                    throw Fault.Xml(scope.Context.Domain, "missing disk backing store format");
                return scope.Raw.Child("source") is null
                    ? throw Fault.Xml(scope.Context.Domain, "missing disk backing store source")
                    : true;
            });
        return chain.With(chain);
    }

    /// <summary>The target of a block job; it only exists while the domain runs.</summary>
    public static ElementSchema Mirror() => Element("mirror")
        .Attr("type", OneOf(SourceTypes), "file")
        .Attr("file")
        .Attr("format")
        .Attr("job", OneOf("copy", "active-commit"), "copy")
        .Attr("ready", OneOf("yes", "abort", "pivot"))
        .With(Format, Source(ofDisk: true), BackingStore())
        .OnlyWhen(Show.Live)
        .When(static (in Scope scope) => !scope.Context.Inactive);

    /// <summary>The image that holds the data of a qcow2 image which keeps no more than its tables.</summary>
    private static ElementSchema DataStore() => Element("dataStore")
        .Attr("type", OneOf(SourceTypes), required: true, bad: FaultText.Xml("unknown storage source type '{0}'"))
        .With(Format, Source(ofDisk: false, withData: false))
        .Then(static (in Scope scope) =>
        {
            if (scope.Node.Child("format")?.Has("type") != true)
                throw Fault.Xml(scope.Context.Domain, "missing data file store format");
            return scope.Raw.Child("source") is null
                ? throw Fault.Xml(scope.Context.Domain, "missing disk data file store source")
                : true;
        });

    private static ElementSchema NetworkSource() => Element("source")
        .Attr("protocol", OneOf(s_protocols), required: true)
        .Attr("name", when: static (in Scope scope) => scope.Raw.Has("name") || scope.Node["protocol"] != "nbd", missing: s_noName)
        .Attr("query", when: static (in Scope scope) => scope.Node["protocol"] is "http" or "https")
        .Attr("tls", YesNo)
        .Attr("tlsHostname")
        .With(
            s_host,
            Element("identity").Attr("user").Attr("group").When(static (in Scope scope) => scope.Parent?["protocol"] == "nfs"),
            Element("reconnect").Attr("delay", UIntOrZero).When(static (in Scope scope) => scope.Parent?["protocol"] == "nbd"),
            Element("snapshot").Attr("name"),
            Element("config").Attr("file"),
            Element("knownHosts").Attr("path", required: true).When(IsSsh),
            Element("identity").Attr("username", required: true).Attr("keyfile").Attr("agentsock").When(IsSsh)
                .Then(static (in Scope scope) => scope.Node.Has("keyfile") || scope.Node.Has("agentsock")
                    ? true
                    : throw Fault.Xml(scope.Context.Domain, "element 'identity' requires either 'keyfile' or 'agentsock' attribute")),
            Initiator,
            Element("ssl").Attr("verify", YesNo).When(static (in Scope scope) => scope.Parent?["protocol"] is "https" or "ftps"),
            Element("cookies").OnlyWhen(Show.Secure).When(static (in Scope scope) => scope.Parent?["protocol"] is "http" or "https")
                .With(Leaf("cookie").Attr("name", missing: FaultText.Xml("missing cookie name")).Keep().Many().Then(static (in Scope scope) => scope.Node.Text is null
                    ? throw Fault.Xml(scope.Context.Domain, $"missing value for cookie '{scope.Node["name"]}'")
                    : true))
                .Then(CheckCookies),
            Element("readahead").Attr("size", ULongOrZero, bad: s_readAhead).When(IsHttpOrFtp),
            Element("timeout").Attr("seconds", ULongOrZero, bad: s_readAhead).When(IsHttpOrFtp))
        .Then(static (in Scope scope) =>
        {
            if (scope.Node["protocol"] is not ("gluster" or "rbd") || scope.Node["name"] is not { } name || name.IndexOf('/', StringComparison.Ordinal) > 0)
                return true;
            throw Fault.Xml(scope.Context.Domain, $"can't split path '{name}' into pool name and image name");
        });

    private static bool CheckCookies(in Scope scope)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Node cookie in scope.Node.ChildList)
        {
            if (!seen.Add(cookie["name"]!))
                throw Fault.Xml(ErrorDomain.Storage, $"duplicate cookie '{cookie["name"]}'");
        }

        return true;
    }

    private static bool IsSsh(in Scope scope) => scope.Parent?["protocol"] == "ssh";

    private static bool IsHttpOrFtp(in Scope scope) => scope.Parent?["protocol"] is "http" or "https" or "ftp" or "ftps";

    private static bool AddDefaultPort(in Scope scope)
    {
        if (scope.Node.Has("transport") || scope.Node.Has("port"))
            return true;
        scope.Node["port"] = scope.Parent?["protocol"] switch
        {
            "ssh" => "22",
            "iscsi" => "3260",
            "nbd" => "10809",
            "http" => "80",
            "https" => "443",
            "ftp" => "21",
            "ftps" => "990",
            "tftp" => "69",
            "sheepdog" => "7000",
            "gluster" => "24007",
            "vxhs" => "9999",
            _ => null,
        };
        return true;
    }

    private static FaultText StorageFault(string format) => new(ErrorCode.XmlError, format, ErrorDomain.Storage);

    private static ElementSchema Slice() => Element("slice")
        .Attr("type", OneOf("storage"))
        .Attr("offset", ULong, missing: s_noSlice, bad: FaultText.Xml("malformed value '{0}' of 'offset' attribute of slice"))
        .Attr("size", ULong, missing: s_noSlice, bad: FaultText.Xml("malformed value '{0}' of 'size' attribute of slice"));

    internal static bool CheckSecret(in Scope scope)
    {
        if (!scope.Node.Has("uuid") && !scope.Node.Has("usage"))
            throw Fault.Xml(ErrorDomain.None, "missing secret uuid or usage attribute");
        return scope.Node.Has("uuid") && scope.Node.Has("usage")
            ? throw Fault.Xml(ErrorDomain.None, "either secret uuid or usage expected")
            : true;
    }

    private sealed class NonEmptyValue : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = value.Length == 0 ? null : value;
            return ValueResult.Ok;
        }
    }
}
