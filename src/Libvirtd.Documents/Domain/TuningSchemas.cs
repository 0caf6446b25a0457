using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Memory, CPUs and block I/O: how much of the host a domain gets, and where.</summary>
internal static class TuningSchemas
{
    public static readonly ElementSchema MaxMemory = SizeWith("maxMemory", "./maxMemory[1]", "slots",
        UIntOrZero, FaultText.Xml("Failed to parse memory slot count"));

    public static readonly ElementSchema Memory = SizeWith("memory", "./memory[1]", "dumpCore", OnOff, null);

    public static readonly ElementSchema CurrentMemory = Sizes.KiB("currentMemory", "./currentMemory[1]");

    public static readonly ElementSchema BlockIo = Element("blkiotune").With(
        Leaf("weight", Lenient(UIntOrZero)),
        Element("device").Many().With(
            Leaf("path"),
            Leaf("weight", WrappingUInt, FaultText.Unsupported("could not parse weight {0}")),
            Leaf("read_iops_sec", WrappingUInt, FaultText.Unsupported("could not parse read iops sec {0}")),
            Leaf("write_iops_sec", WrappingUInt, FaultText.Unsupported("could not parse write iops sec {0}")),
            Leaf("read_bytes_sec", WrappingULong, FaultText.Unsupported("could not parse read bytes sec {0}")),
            Leaf("write_bytes_sec", WrappingULong, FaultText.Unsupported("could not parse write bytes sec {0}")))
        .Then(static (in Scope scope) =>
        {
            if (scope.Node.Child("path") is null)
                throw Fault.Unsupported(scope.Context.Domain, "missing per-device path");
            return scope.Node.ChildList.Count > 1;
        }));

    public static readonly ElementSchema MemoryTuning = Element("memtune").With(
        Limit("hard_limit"), Limit("soft_limit"), Limit("min_guarantee"), Limit("swap_hard_limit"));

    public static readonly ElementSchema Backing = Element("memoryBacking").With(
        Flag("hugepages").With(HugePage()),
        Flag("nosharepages"),
        Flag("locked"),
        Element("source").Attr("type", OneOf("file", "anonymous", "memfd"), bad: FaultText.Unsupported("unknown memoryBacking/source/type '{0}'")),
        Element("access").Attr("mode", OneOf("shared", "private"), bad: FaultText.Unsupported("unknown memoryBacking/access/mode '{0}'")),
        Element("allocation")
            .Attr("mode", OneOf("immediate", "ondemand"), bad: FaultText.Unsupported("unknown memoryBacking/allocation/mode '{0}'"))
            .Attr("threads", UIntOrZero, bad: FaultText.Xml("Failed to parse memory allocation threads")),
        Flag("discard"));

    private static readonly FaultText s_vcpuCount = FaultText.Xml("maximum vcpus count must be an integer");

    public static readonly ElementSchema Vcpu = Element("vcpu")
        .Attr("placement", OneOf("static", "auto"), "static")
        .Attr("cpuset", Bitmap, when: static (in Scope scope) => scope.Node["placement"] != "auto")
        .Attr("current", UInt)
        .Text(UInt, "1", bad: s_vcpuCount)
        .Always();

    public static readonly ElementSchema Vcpus = Element("vcpus").With(
        Element("vcpu")
            .Attr("id", UInt, required: true)
            .Attr("enabled", YesNo, required: true)
            .Attr("hotpluggable", YesNo)
            .Attr("order", UIntOrZero)
            .Many());

    public static readonly ElementSchema IoThreads = Leaf("iothreads", UIntOrZero, FaultText.Xml("invalid iothreads count '{0}'"));

    public static readonly ElementSchema IoThreadIds = Element("iothreadids").With(
        Element("iothread").Attr("id", Positive, required: true).Attr("thread_pool_min", Natural).Attr("thread_pool_max", Natural)
            .With(Element("poll").Attr("max", ULong).Attr("grow", ULong).Attr("shrink", ULong)).Many());

    public static readonly ElementSchema DefaultIoThread = Element("defaultiothread").Attr("thread_pool_min", Natural).Attr("thread_pool_max", Natural);

    public static readonly ElementSchema Cpu = Element("cputune").With(
        Leaf("shares", ULong, FaultText.Xml("can't parse cputune shares value")).Then(static (in Scope scope) => DomainRules.Number(scope.Node.Text) is 1 or > 262144
            ? throw Fault.Unsupported(scope.Context.Domain, "Value of cputune 'shares' must be in range [2, 262144]")
            : true),
        Period("period"), Quota("quota"), Period("global_period"), Quota("global_quota"), Period("emulator_period"), Quota("emulator_quota"),
        Period("iothread_period"), Quota("iothread_quota"),
        Element("vcpupin").Attr("vcpu", UInt, required: true).Attr("cpuset", Bitmap, missing: FaultText.Internal("missing cpuset for vcpupin")).Many(),
        Element("emulatorpin").Attr("cpuset", Bitmap, missing: FaultText.Internal("missing cpuset for emulatorpin")),
        Element("iothreadpin").Attr("iothread", Positive, required: true).Attr("cpuset", Bitmap, missing: FaultText.Internal("missing cpuset for iothreadpin")).Many(),
        Scheduler("emulatorsched", null), Scheduler("vcpusched", "vcpus"), Scheduler("iothreadsched", "iothreads"),
        ResourceControl.CacheTune,
        ResourceControl.MemoryTune);

    public static readonly ElementSchema Numa = Element("numatune").With(
        Element("memory")
            .Attr("mode", OneOf("strict", "preferred", "interleave", "restrictive"), "strict",
                bad: FaultText.Unsupported("Unsupported NUMA memory tuning mode '{0}'"))
            .Attr("nodeset", Bitmap)
            .Attr("placement", OneOf("static", "auto"), bad: FaultText.Unsupported("Unsupported NUMA memory placement mode '{0}'"))
            .Then(static (in Scope scope) =>
            {
                bool automatic = scope.Node["placement"] == "auto";
                if (!automatic && !scope.Node.Has("nodeset"))
                    throw Fault.Unsupported(scope.Context.Domain, "nodeset for NUMA memory tuning must be set if 'placement' is 'static'");
                if (automatic)
                    scope.Node["nodeset"] = null;
                scope.Node["placement"] = automatic ? "auto" : null;
                return true;
            }),
        Element("memnode").Attr("cellid", UInt, required: true)
            .Attr("mode", OneOf("strict", "preferred", "interleave", "restrictive"), "strict")
            .Attr("nodeset", Bitmap, missing: FaultText.Xml("Missing required nodeset attribute in memnode element")).Many());

    public static readonly ElementSchema Resource = Element("resource").With(
        Leaf("partition"), Element("fibrechannel").Attr("appid", StorageSchemas.NonEmpty));

    private static ElementSchema Limit(string name) => Sizes.KiB(name, $"./memtune/{name}[1]", dropZero: name == "min_guarantee");

    private static ElementSchema Period(string name) =>
        Leaf(name, ULongOrZero, FaultText.Xml($"can't parse cputune {name.Replace('_', ' ')} value"));

    private static ElementSchema Quota(string name) =>
        Leaf(name, Number(long.MinValue, long.MaxValue, omitZero: true, signed: true), FaultText.Xml($"can't parse cputune {name.Replace('_', ' ')} value"));

    private static ElementSchema Scheduler(string name, string? members)
    {
        ElementSchema schema = Element(name);
        if (members is not null)
            schema.Attr(members, Bitmap, missing: FaultText.Xml($"Missing attribute '{members}' in element '{name}'"));
        schema.Attr("scheduler", OneOf("batch", "idle", "fifo", "rr"), required: true)
            .Attr("priority", Int, when: static (in Scope scope) => scope.Node["scheduler"] is "fifo" or "rr",
                required: true);
        return members is null ? schema : schema.Many();
    }

    /// <summary>A page size has its unit after it, for once.</summary>
    private static ElementSchema HugePage()
    {
        ElementSchema schema = Element("page").Attr("size").Attr("unit").Attr("nodeset").Many();
        return schema.By((raw, _, context) =>
        {
            ulong size = Sizes.ParseKiB(raw["size"], raw["unit"], "./@size")
                ?? throw Fault.Xml(ErrorDomain.Xml, "missing element or attribute './@size'");
            if (size == 0)
                throw Fault.Detail(context.Domain, "hugepage size can't be zero");
            Node node = new("page", schema);
            node.Append("size", ToText(size));
            node.Append("unit", "KiB");
            if (raw["nodeset"] is { } text)
            {
                if (!NumberSet.TryParse(text, out NumberSet? set))
                    throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, $"Failed to parse bitmap '{text}'");
                node.Append("nodeset", set.ToString());
            }

            return node;
        });
    }

    /// <summary>A size in KiB with one attribute before its unit.</summary>
    private static ElementSchema SizeWith(string name, string path, string attribute, ValueSchema type, FaultText? bad)
    {
        ElementSchema schema = Element(name).Attr(attribute, type).Attr("unit").Text();
        return schema.By((raw, _, context) =>
        {
            Node node = new(name, schema) { Text = Sizes.ParseKiB(raw.Text, raw["unit"], path) is { } size ? ToText(size) : null };
            if (raw[attribute] is { } value)
            {
                if (type.Normalise(value, out string? normal) != ValueResult.Ok)
                    throw bad?.ToException(context.Domain, value) ?? Fault.BadAttribute(name, attribute, value, type.Expectation);
                if (normal is not null)
                    node.Append(attribute, normal);
            }

            node.Append("unit", "KiB");
            return node;
        });
    }
}
