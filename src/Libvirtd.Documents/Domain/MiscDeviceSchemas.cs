using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>The smaller devices.</summary>
internal static class MiscDeviceSchemas
{
    public static readonly ElementSchema Lease = Element("lease")
        .With(Leaf("lockspace"), Leaf("key"), Element("target").Attr("path").Attr("offset", ULongOrZero))
        .Many()
        .Then(static (in Scope scope) =>
        {
            if (scope.Node.Child("key") is null)
                throw Fault.Xml(scope.Context.Domain, "Missing 'key' element for lease");
            if (scope.Raw.Child("target") is { } place && !place.Has("path"))
                throw Fault.Xml(scope.Context.Domain, "Missing 'path' attribute to 'target' element for lease");
            return scope.Node.Child("target") is null
                ? throw Fault.Xml(scope.Context.Domain, "Missing 'target' element for lease")
                : true;
        });

    public static readonly ElementSchema Filesystem = Element("filesystem")
        .Attr("type", OneOf("mount", "block", "file", "template", "ram", "bind", "volume"), "mount")
        .Attr("accessmode", OneOf("passthrough", "mapped", "squash"))
        .Attr("model", OneOf("virtio", "virtio-transitional", "virtio-non-transitional"))
        .Attr("multidevs", OneOfOr("default", "remap", "forbid", "warn"))
        .Attr("fmode", new FileMode())
        .Attr("dmode", new FileMode())
        .With(
            Element("driver")
                .Attr("type", OneOfOr("default", "path", "handle", "loop", "nbd", "ploop", "virtiofs", "mtp"))
                .Attr("format", OneOf(StorageSchemas.Formats), when: HasType, bad: FaultText.Unsupported("unknown driver format value '{0}'"))
                .Attr("wrpolicy", OneOfOr("default", "immediate"), when: HasType)
                .Attr("queue", WrappingULong, when: static (in Scope scope) => scope.Node["type"] == "virtiofs",
                    bad: FaultText.Xml("cannot parse queue size '{0}' for virtiofs"))
                .Include(DeviceSchemas.VirtioOptions),
            Element("binary").Attr("path").Attr("xattr", OnOff)
                .With(
                    Element("cache").Attr("mode", OneOf("none", "always")),
                    Element("sandbox").Attr("mode", OneOf("namespace", "chroot")),
                    Element("lock").Attr("posix", OnOff).Attr("flock", OnOff),
                    Element("thread_pool").Attr("size", new PoolSize(), bad: FaultText.Xml("cannot parse thread pool size '{0}' for virtiofs")),
                    Element("openfiles").Attr("max", ULongOrZero, bad: FaultText.Xml("cannot parse openfiles '{0}' for virtiofs")))
                .When(static (in Scope scope) => scope.Parent?.Child("driver")?["type"] == "virtiofs"),
            PlatformSchemas.MakeIdMap().When(static (in Scope scope) => scope.Parent?.Child("driver")?["type"] == "virtiofs"),
            Switch("source", static (raw, parent) => raw.Has("socket") && parent?["type"] is "mount" or "bind" ? "socket" : parent?["type"],
                ("socket", Element("source").Attr("socket")),
                ("mount|bind", Element("source").Attr("dir")),
                ("block", Element("source").Attr("dev")),
                ("file", Element("source").Attr("file")),
                ("template", Element("source").Attr("name")),
                ("volume", Element("source").Attr("pool").Attr("volume")),
                ("ram", RamSource())),
            Element("target").Attr("dir", StorageSchemas.NonEmpty),
            Flag("readonly"))
        .With(DeviceSchemas.BootInfo)
        .With(Sizes.Bytes("space_hard_limit", "./space_hard_limit[1]"), Sizes.Bytes("space_soft_limit", "./space_soft_limit[1]"))
        .Many()
        .Open()
        .Then(static (in Scope scope) =>
        {
            if (scope.Node["type"] == "ram" && scope.Node.Child("source") is null)
                throw Fault.Xml(scope.Context.Domain, "missing 'usage' attribute for RAM filesystem");
            if (scope.Node["type"] is not ("ram" or "volume") && scope.Node.Child("source") is null)
                throw VirException.Of(ErrorCode.NoSource, scope.Context.Domain, scope.Node.Child("target")?["dir"]);
            if (scope.Node.Child("target") is null)
                throw VirException.Of(ErrorCode.NoTarget, scope.Context.Domain, scope.Node["type"] != "ram" && scope.Node.Child("source") is { Attributes: [var first, ..] } ? first.Value : null);
            if (!scope.Node.Has("accessmode") && scope.Node.Child("source")?["socket"] is null)
                scope.Node["accessmode"] = "passthrough";
            return true;
        });

    public static readonly ElementSchema Smartcard = Element("smartcard")
        .Attr("mode", OneOf("host", "host-certificates", "passthrough"), required: true)
        .Attr("type", OneOf(CharacterSchemas.Types), when: IsPassthrough,
            missing: FaultText.Xml("passthrough mode requires a character device type attribute"),
            bad: FaultText.Unsupported("unknown type presented to host for character device: {0}"))
        .With(
            Element("certificate").Text(required: true).Keep().Many().When(IsHostCertificates),
            Leaf("database", Where(Any, static path => path.StartsWith('/')), FaultText.Xml("expecting absolute path: {0}")).When(IsHostCertificates))
        .With(CharacterSchemas.Host)
        .With(DeviceSchemas.Info)
        .Many()
        .Then(CharacterSchemas.CheckSources)
        .Then(static (in Scope scope) => scope.Node["mode"] == "host-certificates" && scope.Node.Count("certificate") != 3
            ? throw Fault.Xml(scope.Context.Domain, "host-certificates mode needs exactly three certificates")
            : true);

    public static readonly ElementSchema Input = Element("input")
        .Attr("type", OneOf("mouse", "tablet", "keyboard", "passthrough", "evdev"), missing: FaultText.Internal("missing input device type"),
            bad: FaultText.Unsupported("unknown input device type '{0}'"))
        .Attr("bus", OneOf("ps2", "usb", "xen", "parallels", "virtio", "none"), bad: FaultText.Unsupported("unknown input bus type '{0}'"))
        .Attr("model", OneOf("virtio", "virtio-transitional", "virtio-non-transitional"), bad: FaultText.Unsupported("unknown input model '{0}'"))
        .With(
            DeviceSchemas.VirtioDriver,
            Switch("source", static (_, parent) => parent?["type"],
                ("passthrough", Element("source").Attr("evdev", missing: FaultText.Xml("Missing evdev path for input device"))),
                ("evdev", Element("source").Attr("dev", missing: FaultText.Xml("Missing evdev path for input device"))
                    .Attr("grab", OneOf("all"))
                    .Attr("grabToggle", OneOf("ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock"))
                    .Attr("repeat", OnOff))))
        .With(DeviceSchemas.Info)
        .Many();

    public static readonly ElementSchema Tpm = Element("tpm")
        .Attr("model", OneOf("tpm-tis", "tpm-crb", "tpm-spapr", "spapr-tpm-proxy"))
        .With(Switch("backend", static (raw, _) => raw["type"],
            ("passthrough", Element("backend").Attr("type").With(Element("device").Attr("path", Any, "/dev/tpm0").Always())),
            ("emulator", Element("backend").Attr("type").Attr("version", OneOf("1.2", "2.0")).Attr("persistent_state", YesOnly,
                    bad: FaultText.Internal("Invalid persistent_state value, either 'yes' or 'no'"))
                .Attr("debug", UIntOrZero)
                .With(
                    Element("encryption").Attr("secret", Uuid, bad: FaultText.Internal("Unable to parse secret uuid '{0}'")),
                    Element("active_pcr_banks").With(Flag("sha1"), Flag("sha256"), Flag("sha384"), Flag("sha512")).Then(CheckBanks),
                    Element("source").Attr("type", OneOf("file", "dir"), required: true).Attr("path", missing: FaultText.Xml("missing TPM source path")),
                    Element("profile").Attr("source").Attr("removeDisabled", OneOf("check", "fips-host")).Attr("name"))),
            ("external", Element("backend").Attr("type").With(Element("source")
                .Attr("type", OneOf(CharacterSchemas.Types), missing: FaultText.Xml("missing external TPM backend type"),
                    bad: FaultText.Unsupported("unknown backend type '{0}' for external TPM")).Attr("mode", OneOf("connect", "bind"), "connect").Attr("path")).Then(static (in Scope scope) => scope.Raw.Count("source") switch
                {
                    0 => throw Fault.Xml(scope.Context.Domain, "missing external TPM backend type"),
                    1 => true,
                    _ => throw Fault.Xml(scope.Context.Domain, "only one source element is allowed for character device"),
                })),
            ("", Element("backend").Attr("type", OneOf("passthrough", "emulator", "external"), required: true))))
        .With(DeviceSchemas.Info)
        .Many()
        .Then(static (in Scope scope) => scope.Raw.Count("backend") switch
        {
            0 => throw Fault.Xml(scope.Context.Domain, "missing TPM device backend"),
            1 => true,
            _ => throw Fault.Xml(scope.Context.Domain, "only one TPM backend is supported"),
        });

    public static readonly ElementSchema Hub = Element("hub").Attr("type", OneOf("usb"), missing: FaultText.Internal("missing hub device type"),
        bad: FaultText.Unsupported("unknown hub device type '{0}'")).With(DeviceSchemas.Info).Many();

    public static readonly ElementSchema Watchdog = Element("watchdog")
        .Attr("model", OneOf("i6300esb", "ib700", "diag288", "itco"), missing: FaultText.Internal("watchdog must contain model name"),
            bad: FaultText.Unsupported("unknown watchdog model '{0}'"))
        .Attr("action", OneOf("reset", "shutdown", "poweroff", "pause", "dump", "none", "inject-nmi"), "reset",
            bad: FaultText.Unsupported("unknown watchdog action '{0}'"))
        .With(DeviceSchemas.Info)
        .Many();

    public static readonly ElementSchema Balloon = Element("memballoon")
        .Attr("model", OneOf("virtio", "xen", "none", "virtio-transitional", "virtio-non-transitional"), required: true)
        .Attr("autodeflate", OnOff)
        .Attr("freePageReporting", OnOff)
        .With(Element("stats").Attr("period", new Period()))
        .With(DeviceSchemas.Info)
        .With(DeviceSchemas.VirtioDriver)
        .Then(static (in Scope scope) =>
        {
            if (scope.Node["model"] == "none")
            {
                scope.Node.RemoveAll("address");
                scope.Node.RemoveAll("alias");
            }

            return true;
        });

    public static readonly ElementSchema Rng = Element("rng")
        .Attr("model", OneOf("virtio", "virtio-transitional", "virtio-non-transitional"), missing: FaultText.Xml("missing RNG device model"),
            bad: FaultText.Unsupported("unknown RNG model '{0}'"))
        .With(
            Element("rate").Attr("bytes", UIntOrZero, bad: FaultText.Xml("invalid RNG rate bytes value"))
                .Attr("period", UIntOrZero, bad: FaultText.Xml("invalid RNG rate period value"))
                .Then(static (in Scope scope) => scope.Node.Has("bytes")),
            Switch("backend", static (raw, _) => raw["model"],
                ("random", Element("backend").Attr("model").Text(Any, "/dev/random")),
                ("egd", Element("backend").Attr("model")
                    .Attr("type", OneOf(CharacterSchemas.Types), missing: FaultText.Xml("missing EGD backend type"),
                        bad: FaultText.Unsupported("unknown backend type '{0}' for egd"))
                    .With(CharacterSchemas.Host).Open().Then(CharacterSchemas.CheckSources)),
                ("builtin", Element("backend").Attr("model")),
                ("", DeviceSchemas.Reject("backend", static raw => raw["model"] is { } model
                    ? Fault.Unsupported(ErrorDomain.Domain, $"unknown RNG backend model '{model}'")
                    : Fault.Xml(ErrorDomain.Domain, "missing RNG device backend model")))),
            DeviceSchemas.VirtioDriver)
        .With(DeviceSchemas.Info)
        .Many()
        .Then(static (in Scope scope) => scope.Raw.Count("backend") == 1
            ? true
            : throw Fault.Xml(scope.Context.Domain, "only one RNG backend is supported"));

    public static readonly ElementSchema Nvram = Element("nvram").With(DeviceSchemas.Info).Open();

    public static readonly ElementSchema Panic = Element("panic")
        .Attr("model", OneOfOr("default", "isa", "pseries", "hyperv", "s390", "pvpanic"), bad: FaultText.Unsupported("unknown panic model '{0}'"))
        .With(DeviceSchemas.Info)
        .Many();

    public static readonly ElementSchema Shmem = Element("shmem")
        .Attr("name", missing: FaultText.Xml("shmem element must contain 'name' attribute"))
        .Attr("role", OneOfOr("default", "master", "peer"))
        .With(
            Element("model").Attr("type", OneOf("ivshmem", "ivshmem-plain", "ivshmem-doorbell"), "ivshmem").Always(),
            ShmemSize(),
            Flag("server").Attr("path"),
            Flag("msi").Attr("vectors", UIntOrZero).Attr("ioeventfd", OnOff))
        .With(DeviceSchemas.Info)
        .Many()
        .Open()
        .Then(static (in Scope scope) =>
        {
            if (scope.Node.Child("msi") is not null && scope.Node.Child("server") is null)
                throw Fault.Xml(scope.Context.Domain, "msi option is only supported with a server");
            if (scope.Node.Child("model")!["type"] == "ivshmem")
                scope.Node["role"] = null;
            return true;
        });

    public static readonly ElementSchema Memory = Element("memory")
        .Attr("model", OneOf("dimm", "nvdimm", "virtio-pmem", "virtio-mem", "sgx-epc"), required: true)
        .Attr("access", OneOf("shared", "private"))
        .Attr("discard", YesNo)
        .With(
            Leaf("uuid", Uuid, FaultText.Internal("malformed uuid '{0}'")),
            Element("source").With(
                Leaf("nodemask", Bitmap),
                Sizes.KiB("pagesize", "./pagesize", dropZero: true),
                Leaf("path"),
                Sizes.KiB("alignsize", "./alignsize", dropZero: true),
                Flag("pmem")),
            Element("target").Attr("dynamicMemslots", YesNo).With(
                Sizes.KiB("size", "./size"),
                Leaf("node", UInt, FaultText.Xml("invalid value of memory device node")),
                Element("label").With(Sizes.KiB("size", "./label/size", dropZero: true)),
                Flag("readonly"),
                Sizes.KiB("block", "./block"),
                Sizes.KiB("requested", "./requested"),
                Sizes.KiB("current", "./current").OnlyWhen(Show.Live),
                Element("address").Attr("base", Hex(1, ulong.MaxValue, omitZero: true, @base: 16))))
        .With(DeviceSchemas.Info)
        .Many()
        .Then(CompleteMemory);

    public static readonly ElementSchema Iommu = Element("iommu")
        .Attr("model", OneOf("intel", "smmuv3", "virtio"), required: true)
        .With(Element("driver").Attr("intremap", OnOff).Attr("caching_mode", OnOff).Attr("eim", OnOff).Attr("iotlb", OnOff).Attr("aw_bits", UIntOrZero)
            .Attr("dma_translation", OnOff))
        .With(DeviceSchemas.Info);

    public static readonly ElementSchema Vsock = Element("vsock")
        .Attr("model", OneOfOr("default", "virtio", "virtio-transitional", "virtio-non-transitional"))
        .With(Element("cid").Attr("auto", YesNo).Attr("address", Positive).Always().Then(static (in Scope scope) =>
        {
            if (scope.Node["address"] is { } cid && DomainRules.Number(cid) < 3)
                throw Fault.Unsupported(scope.Context.Domain, "guest CIDs must be >= 3");
            scope.Node["auto"] ??= scope.Node.Has("address") ? "no" : "yes";
            return true;
        }))
        .With(DeviceSchemas.Info)
        .With(DeviceSchemas.VirtioDriver);

    public static readonly ElementSchema Crypto = Element("crypto")
        .Attr("model", OneOf("virtio"), required: true)
        .Attr("type", OneOf("qemu"), required: true)
        .With(Element("backend").Attr("model", OneOf("builtin", "lkcf"), required: true).Attr("queues", UIntOrZero), DeviceSchemas.VirtioDriver)
        .With(DeviceSchemas.Info)
        .Many()
        .Then(static (in Scope scope) => scope.Raw.Count("backend") == 1
            ? true
            : throw Fault.Xml(scope.Context.Domain, "only one crypto backend is supported"));

    /// <summary>Memory that outlives the guest's crash, for what it has to say of it.</summary>
    public static readonly ElementSchema Pstore = Element("pstore")
        .Attr("backend", OneOf("acpi-erst"), required: true)
        .With(Leaf("path"), Sizes.KiB("size", "./size"))
        .With(DeviceSchemas.Info)
        .Then(static (in Scope scope) =>
        {
            if (scope.Node.Child("size") is not { } size)
                throw Fault.Xml(ErrorDomain.Xml, "missing element or attribute './size'");
            if (scope.Node.Child("path") is null)
                throw Fault.Xml(scope.Context.Domain, "missing path for ACPI ERST pstore device");
            return size.Text == "0" ? throw Fault.Xml(scope.Context.Domain, "invalid size of ACPI ERST pstore device") : true;
        });

    private static bool CompleteMemory(in Scope scope)
    {
        Node memory = scope.Node;
        if (scope.Raw.Child("target") is null)
            throw Fault.Xml(scope.Context.Domain, "missing <target> element for <memory> device");
        Node target = memory.Child("target") ?? memory.Add("target");
        if (target.Child("size") is not { } size)
            throw Fault.Xml(ErrorDomain.Xml, "missing element or attribute './size'");
        if (memory["model"] == "nvdimm" && target.Find("label", "size") is { } label && DomainRules.Number(label.Text) >= DomainRules.Number(size.Text))
            throw Fault.Xml(scope.Context.Domain, "label size must be smaller than NVDIMM size");
        if (memory["model"] == "virtio-pmem")
            memory["access"] ??= "shared";
        if (memory["model"] != "virtio-mem")
            return true;
        foreach (string name in (ReadOnlySpan<string>)["requested", "current"])
        {
            if (target.Child(name) is not null)
                continue;
            Node zero = target.Add(name);
            zero["unit"] = "KiB";
            zero.Text = "0";
        }

        return true;
    }

    private static bool HasType(in Scope scope) => scope.Node.Has("type");

    private static bool IsPassthrough(in Scope scope) => scope.Node["mode"] == "passthrough";

    private static bool IsHostCertificates(in Scope scope) => scope.Parent?["mode"] == "host-certificates";

    private static bool CheckBanks(in Scope scope)
    {
        foreach (Node bank in scope.Raw.Children)
        {
            if (scope.Node.Child(bank.Name) is null)
                throw Fault.Unsupported(scope.Context.Domain, $"Unsupported PCR banks '{bank.Name}'");
        }

        return true;
    }

    private static ElementSchema RamSource()
    {
        ElementSchema schema = Element("source").Attr("usage").Attr("units");
        return schema.By((raw, _, context) =>
        {
            if (raw["usage"] is not { } usage)
                throw Fault.Xml(context.Domain, "missing 'usage' attribute for RAM filesystem");
            if (!DocumentText.TryParseNumber(usage, 10, out Int128 amount) || amount < 0)
                throw Fault.Xml(context.Domain, $"cannot parse usage '{usage}' for RAM filesystem");
            Node node = new("source", schema);
            node.Append("usage", ToText(Sizes.Parse(usage, raw["units"], 1024, "./source/@usage")!.Value / 1024));
            node.Append("units", "KiB");
            return node;
        });
    }

    /// <summary>The size of shared memory is printed in MiB.</summary>
    private static ElementSchema ShmemSize()
    {
        ElementSchema schema = Element("size").Attr("unit").Text();
        return schema.By((raw, _, _) =>
        {
            if (Sizes.Parse(raw.Text, raw["unit"], 1, "./size[1]") is not { } bytes || bytes >> 20 == 0)
                return null;
            Node node = new("size", schema) { Text = ToText(bytes >> 20) };
            node.Append("unit", "M");
            return node;
        });
    }

    /// <summary>A number of threads; -1 is "not said".</summary>
    private sealed class PoolSize : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            ValueResult result = Int.Normalise(value, out normal);
            if (normal == "-1")
                normal = null;
            return result;
        }
    }

    /// <summary>Permissions in octal, printed with four digits.</summary>
    private sealed class FileMode : ValueSchema
    {
        public override string Expectation => UInt.Expectation;

        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = null;
            if (!DocumentText.TryParseNumber(value, 8, out Int128 mode) || mode < 0 || mode > 0x1ff)
                return ValueResult.Bad;
            normal = mode == 0 ? null : System.Convert.ToString((int)mode, 8).PadLeft(4, '0');
            return ValueResult.Ok;
        }
    }

    /// <summary>A number of seconds; less than one is none.</summary>
    private sealed class Period : ValueSchema
    {
        public override string Expectation => Int.Expectation;

        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = null;
            if (!DocumentText.TryParseNumber(value, 0, out Int128 period) || period < int.MinValue || period > int.MaxValue)
                return ValueResult.Bad;
            normal = period > 0 ? ToText((ulong)period) : null;
            return ValueResult.Ok;
        }
    }
}
