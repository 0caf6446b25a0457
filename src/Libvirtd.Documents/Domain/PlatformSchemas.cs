using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>The machine itself: firmware and boot, features, clock, and what happens when it stops.</summary>
internal static class PlatformSchemas
{
    public static readonly string[] LifecycleActions =
        ["destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart"];

    public static readonly string[] OsTypes = ["hvm", "xen", "linux", "exe", "uml", "xenpvh"];

    public static readonly string[] Architectures =
    [
        "alpha", "armv6l", "armv7l", "armv7b", "aarch64", "cris", "i686", "ia64", "lm32", "loongarch64", "m68k", "microblaze", "microblazeel", "mips", "mipsel", "mips64",
        "mips64el", "openrisc", "parisc", "parisc64", "ppc", "ppcle", "ppc64", "ppc64le", "ppcemb", "riscv32", "riscv64", "s390", "s390x", "sh4", "sh4eb",
        "sparc", "sparc64", "unicore32", "x86_64", "xtensa", "xtensaeb",
    ];

    private static readonly string[] s_capabilities =
    [
        "audit_control", "audit_write", "block_suspend", "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "ipc_lock", "ipc_owner", "kill",
        "lease", "linux_immutable", "mac_admin", "mac_override", "mknod", "net_admin", "net_bind_service", "net_broadcast", "net_raw", "setgid", "setfcap",
        "setpcap", "setuid", "sys_admin", "sys_boot", "sys_chroot", "sys_module", "sys_nice", "sys_pacct", "sys_ptrace", "sys_rawio", "sys_resource",
        "sys_time", "sys_tty_config", "syslog", "wake_alarm",
    ];

    private static readonly FaultText s_idmap = FaultText.Xml("invalid idmap start/target/count settings");

    public static readonly ElementSchema Os = Element("os")
        .Attr("firmware", OrEmpty(OneOf("bios", "efi")), bad: FaultText.Xml("unknown firmware value {0}"))
        .With(
            Element("type")
                .Attr("arch", OrEmpty(OneOf(Architectures)), bad: FaultText.Unsupported("Unknown architecture {0}"))
                .Attr("machine", StorageSchemas.NonEmpty)
                .Text(OneOf(OsTypes), bad: FaultText.Unsupported("unknown OS type '{0}'")).Keep(),
            Element("firmware").When(static (in Scope scope) => IsFull(scope) && scope.Parent!.Has("firmware")).With(
                Element("feature").Attr("enabled", YesNo, required: true).Attr("name", OneOf("enrolled-keys", "secure-boot"), required: true).Many())
                .Then(SortFirmwareFeatures),
            Leaf("init").When(IsContainer),
            Element("initarg").Text(required: true).Keep().Many().When(IsContainer).Then(static (in Scope scope) =>
                string.IsNullOrEmpty(scope.Node.Text) ? throw Fault.Xml(scope.Context.Domain, "No data supplied for <initarg> element") : true),
            Leaf("initenv").Attr("name", missing: FaultText.Xml("No name supplied for <initenv> element")).Keep().Many().When(IsContainer)
                .Then(static (in Scope scope) => string.IsNullOrEmpty(scope.Node.Text)
                    ? throw Fault.Xml(scope.Context.Domain, $"No value supplied for <initenv name='{scope.Node["name"]}'> element")
                    : true),
            Leaf("initdir").When(IsContainer),
            Leaf("inituser").When(IsContainer),
            Leaf("initgroup").When(IsContainer),
            Loader().When(TakesKernel),
            Nvram().When(TakesKernel),
            Leaf("kernel").When(TakesKernel),
            Leaf("initrd").When(TakesKernel),
            Leaf("cmdline").When(TakesKernel),
            Leaf("shim").When(TakesKernel),
            Leaf("dtb").When(TakesKernel),
            Leaf("root").When(TakesKernel),
            Element("acpi").When(IsFull).With(Element("table").Text(required: true).Keep().Many().Attr("type", OneOf("raw", "rawset", "slic", "msdm"), missing: FaultText.Xml("Missing acpi table type"),
                bad: FaultText.Xml("Unknown acpi table type: {0}"))).Then(static (in Scope scope) => scope.Raw.All("table").CountBy(static table => table["type"] ?? "").Any(static types => types.Value > 1)
                    ? throw Fault.Xml(scope.Context.Domain, "Only one acpi table is supported")
                    : true),
            Element("boot").When(IsFull).Attr("dev", OneOf("fd", "cdrom", "hd", "network"), required: true).Many(),
            Element("bootmenu").When(IsFull).Attr("enable", YesNo).Attr("timeout", UInt, when: static (in Scope scope) => scope.Node["enable"] == "yes")
                .Then(static (in Scope scope) => scope.Node.Has("enable")),
            Element("bios").When(IsFull).Attr("useserial", YesNo).Attr("rebootTimeout", Int),
            Element("smbios").Attr("mode", OneOfOr("none", "emulate", "host", "sysinfo"), bad: FaultText.Unsupported("unknown smbios mode '{0}'")))
        .Open();

    public static readonly ElementSchema IdMap = MakeIdMap();

    public static readonly ElementSchema Features = Element("features").With(
        Flag("acpi"),
        Flag("apic").Attr("eoi", OnOff),
        Flag("pae"),
        Switched("hap"),
        Flag("viridian"),
        Flag("privnet"),
        HyperV(),
        Kvm(),
        Switched("pvspinlock"),
        ProcessCapabilities(),
        Switched("pmu"),
        Switched("vmport"),
        Flag("gic").Attr("version", OneOf("2", "3", "host")),
        Element("smm").Attr("state", OnOff, "on").With(TSeg()),
        Element("ioapic").Attr("driver", OneOf("qemu", "kvm")),
        Element("hpt").Attr("resizing", OneOf("enabled", "disabled", "required")).With(HptPageSize()),
        Switched("vmcoreinfo"),
        State("htm"),
        State("nested-hv"),
        Element("msrs").Attr("unknown", OneOf("ignore", "fault"), required: true),
        State("ccf-assist"),
        Flag("xen").With(
            Element("e820_host").Attr("state", OnOff, required: true),
            Element("passthrough").Attr("state", OnOff, required: true).Attr("mode", OneOfOr("default", "sync_pt", "share_pt"),
                when: static (in Scope scope) => scope.Node["state"] == "on")).Open(),
        Element("cfpc").Attr("value", OneOf("broken", "workaround", "fixed")),
        Element("sbbc").Attr("value", OneOf("broken", "workaround", "fixed")),
        Element("ibs").Attr("value", OneOf("broken", "workaround", "fixed-ibs", "fixed-ccd", "fixed-na")),
        Element("tcg").With(Sizes.KiB("tb-cache", "./tb-cache", dropZero: true)),
        Element("async-teardown").Attr("enabled", YesNo, "yes"),
        State("ras"),
        State("ps2"),
        Element("aia").Attr("value", OneOf("none", "aplic", "aplic-imsic")))
        .Then(RefuseOthers("unexpected feature '{0}'"));

    public static readonly ElementSchema Clock = Element("clock")
        .Attr("offset", OrEmpty(OneOf("utc", "localtime", "variable", "timezone", "absolute")), "utc", bad: FaultText.Unsupported("unknown clock offset '{0}'"))
        .Attr("adjustment", OrEmpty(Any))
        .Attr("basis", OrEmpty(OneOf("utc", "localtime")), when: static (in Scope scope) => scope.Node["offset"] == "variable", fallback: "utc",
            bad: FaultText.Unsupported("unknown clock basis '{0}'"))
        .Attr("timezone", OrEmpty(Any), when: static (in Scope scope) => scope.Node["offset"] == "timezone",
            missing: FaultText.Internal("missing 'timezone' attribute for clock with offset='timezone'"))
        .Attr("start", OrEmpty(ULong), when: static (in Scope scope) => scope.Node["offset"] == "absolute",
            missing: FaultText.Internal("missing 'start' attribute for clock with offset='absolute'"),
            bad: FaultText.Internal("missing 'start' attribute for clock with offset='absolute'"))
        .With(Timer())
        .Always()
        .Then(FinishClock);

    public static readonly ElementSchema PowerManagement = Element("pm").With(Element("suspend-to-mem").Attr("enabled", YesNo), Element("suspend-to-disk").Attr("enabled", YesNo));

    private static readonly string[] s_perfEvents =
    [
        "cmt", "mbmt", "mbml", "cpu_cycles", "instructions", "cache_references", "cache_misses", "branch_instructions", "branch_misses", "bus_cycles",
        "stalled_cycles_frontend", "stalled_cycles_backend", "ref_cpu_cycles", "cpu_clock", "task_clock", "page_faults", "context_switches",
        "cpu_migrations", "page_faults_min", "page_faults_maj", "alignment_faults", "emulation_faults",
    ];

    public static readonly ElementSchema Perf = Element("perf").With(
        Element("event").Attr("name", OneOf(s_perfEvents), required: true).Attr("enabled", YesNo, required: true).Many())
        .Then(static (in Scope scope) =>
        {
            Node[] events = scope.Node.All("event").ToArray();
            if (events.GroupBy(static one => one["name"]).FirstOrDefault(static group => group.Count() > 1)?.Key is { } twice)
                throw Fault.Xml(scope.Context.Domain, $"perf event '{twice}' was already specified");
            scope.Node.RemoveAll("event");
            foreach (string name in s_perfEvents)
            {
                if (Array.Find(events, one => one["name"] == name) is { } found)
                    scope.Node.Add(found);
            }

            return true;
        });

    public static readonly ElementSchema KeyWrap = Element("keywrap").With(
        Element("cipher").Attr("name", OneOf("aes", "dea"), required: true).Attr("state", OnOff, required: true).Many())
        .Then(static (in Scope scope) =>
        {
            HashSet<string> seen = new(StringComparer.Ordinal);
            foreach (Node cipher in scope.Node.ChildList)
            {
                if (!seen.Add(cipher["name"]!))
                    throw Fault.Internal(scope.Context.Domain, $"A domain definition can have no more than one cipher node with name {cipher["name"]}");
            }

            return true;
        });

    public static readonly ElementSchema LaunchSecurity = Switch("launchSecurity", static (raw, _) => raw["type"],
        ("sev", Element("launchSecurity").Attr("type").Attr("kernelHashes", YesNo)
            .With(
                Leaf("cbitpos", UInt, FaultText.Xml("Invalid format for launch security cbitpos")),
                Leaf("reducedPhysBits", UInt, FaultText.Xml("Invalid format for launch security reduced-phys-bits")),
                Leaf("policy", Hex(4), FaultText.Xml("failed to get launch security policy")),
                Leaf("dhCert"),
                Leaf("session"))
            .Then(static (in Scope scope) => scope.Node.Child("policy") is null
                ? throw Fault.Xml(scope.Context.Domain, "failed to get launch security policy")
                : true)),
        ("sev-snp", Element("launchSecurity").Attr("type").Attr("kernelHashes", YesNo).Attr("authorKey", YesNo).Attr("vcek", YesNo)
            .With(
                Leaf("cbitpos", UInt, FaultText.Xml("Invalid format for launch security cbitpos")),
                Leaf("reducedPhysBits", UInt, FaultText.Xml("Invalid format for launch security reduced-phys-bits")),
                Leaf("policy", Hex(8, ulong.MaxValue), FaultText.Xml("failed to get launch security policy")),
                Leaf("guestVisibleWorkarounds"),
                Leaf("idBlock"),
                Leaf("idAuth"),
                Leaf("hostData"))
            .Then(CheckSecureGuest)),
        ("s390-pv", Element("launchSecurity").Attr("type")),
        ("", Element("launchSecurity").Attr("type", OneOf("sev", "sev-snp", "s390-pv"), required: true)));

    public static readonly ElementSchema SecurityLabel = Element("seclabel")
        .Attr("type", OneOf("none", "dynamic", "static"))
        .Attr("model", StorageSchemas.NonEmpty)
        .Attr("relabel", YesNo)
        .With(Leaf("label"), Leaf("imagelabel"), Leaf("baselabel"))
        .Many()
        .Then(FinishSecurityLabel);

    public static ElementSchema OnAction(string name, string fallback) => Element(name)
        .Text(OneOf(LifecycleActions), fallback, bad: FaultText.Unsupported($"unknown {name} action: {{0}}")).Always();

    public static ElementSchema OnLockFailure { get; } = Element("on_lockfailure")
        .Text(OneOfOr("default", "poweroff", "restart", "pause", "ignore"), bad: FaultText.Unsupported("unknown on_lockfailure action: {0}"));

    /// <summary>What the guest is: a full virtual machine, one that boots a kernel, or a container. Each knows its own way to start.</summary>
    private static bool IsFull(in Scope scope) => scope.Parent?.ChildText("type") == "hvm";

    private static bool TakesKernel(in Scope scope) => scope.Parent?.ChildText("type") is null or "hvm" or "xen" or "xenpvh" or "uml" or "linux";

    private static bool IsContainer(in Scope scope) => scope.Parent?.ChildText("type") == "exe";

    public static ElementSchema MakeIdMap() => Element("idmap").With(Map("uid"), Map("gid"));

    private static ElementSchema Map(string name) => Element(name)
        .Attr("start", UInt, missing: s_idmap, bad: s_idmap).Attr("target", UInt, missing: s_idmap, bad: s_idmap)
        .Attr("count", UInt, missing: s_idmap, bad: s_idmap).Many();

    private static ElementSchema Loader() => Element("loader")
        .Attr("readonly", YesNo)
        .Attr("secure", YesNo)
        .Attr("type", OneOf("rom", "pflash"))
        .Attr("stateless", YesNo)
        .Attr("format", OneOf("raw", "qcow2"))
        .Text()
        .Keep()
        .Then(static (in Scope scope) =>
        {
            if (scope.Node.Text is not null)
                scope.Node["type"] ??= "rom";
            return scope.Node.Text is not null || scope.Node.Attributes.Length > 0;
        });

    private static ElementSchema Nvram() => Switch("nvram", static (raw, _) => raw.Child("source") is null ? "path" : "source",
        ("path", Element("nvram").Attr("template").Attr("templateFormat", OneOf("raw", "qcow2")).Attr("format", OneOf("raw", "qcow2")).Text()),
        ("source", Element("nvram").Attr("template").Attr("templateFormat", OneOf("raw", "qcow2"))
            .Attr("type", OneOf(StorageSchemas.SourceTypes), "file").Attr("format", OneOf("raw", "qcow2"))
            .With(StorageSchemas.Source(ofDisk: false))));

    /// <summary>A feature whose presence means on.</summary>
    private static ElementSchema Switched(string name) => Element(name).Attr("state", OnOff, "on");

    private static ElementSchema State(string name) => Element(name).Attr("state", OnOff, required: true);

    /// <summary>More of a feature that is on; where it is off, nothing is said of it.</summary>
    private static ElementSchema Detail(string name) => State(name).When(static (in Scope scope) => scope.Parent?["state"] == "on")
        .Then(static (in Scope scope) => scope.Node["state"] == "on");

    private static ElementSchema HyperV()
    {
        Condition isOn = static (in Scope scope) => scope.Node["state"] == "on";
        return Element("hyperv").Attr("mode", OneOf("custom", "passthrough"), "custom").With(
            State("relaxed"), State("vapic"),
            State("spinlocks").Attr("retries", UInt, when: isOn, required: true).Then(static (in Scope scope) => scope.Node["retries"] is { } retries
                && DomainRules.Number(retries) < 4095
                ? throw Fault.Xml(scope.Context.Domain, "HyperV spinlock retry count must be at least 4095")
                : true),
            State("vpindex"), State("runtime"), State("synic"),
            State("stimer").With(Detail("direct")),
            State("reset"),
            State("vendor_id").Attr("value", when: isOn, missing: FaultText.Xml("missing 'value' attribute for HyperV feature 'vendor_id'"))
                .Then(CheckVendor),
            State("frequencies"), State("reenlightenment"), State("tlbflush").With(Detail("direct"), Detail("extended")),
            State("ipi"), State("evmcs"), State("avic"), State("emsr_bitmap"), State("xmm_input"))
            .Open().Then(RefuseOthers("unsupported HyperV Enlightenment feature: {0}"));
    }

    /// <summary>A size whose every fault has one text.</summary>
    private static ElementSchema HptPageSize()
    {
        ElementSchema schema = Element("maxpagesize").Attr("unit").Text();
        return schema.By((raw, _, context) =>
        {
            try
            {
                if (Sizes.ParseKiB(raw.Text, raw["unit"], "./maxpagesize") is not { } size || size == 0)
                    return null;
                Node node = new("maxpagesize", schema) { Text = ToText(size) };
                node.Append("unit", "KiB");
                return node;
            }
            catch (VirException)
            {
                throw Fault.Unsupported(context.Domain, "Unable to parse HPT maxpagesize setting");
            }
        });
    }

    private static bool CheckVendor(in Scope scope)
    {
        if (scope.Node["value"] is { Length: > 12 })
            throw Fault.Xml(scope.Context.Domain, "HyperV vendor_id value must not be more than 12 characters.");
        return scope.Node["value"]?.Contains(',', StringComparison.Ordinal) == true
            ? throw Fault.Xml(scope.Context.Domain, "HyperV vendor_id value is invalid")
            : true;
    }

    private static ElementSchema Kvm() => Element("kvm").With(
        State("hidden"), State("hint-dedicated"), State("poll-control"), State("pv-ipi"),
        State("dirty-ring").Attr("size", UInt, when: static (in Scope scope) => scope.Node["state"] == "on", required: true)
            .Then(static (in Scope scope) => scope.Node["size"] is { } size && (DomainRules.Number(size) is < 1024 or > 65536 || !ulong.IsPow2(DomainRules.Number(size)))
                ? throw Fault.Xml(scope.Context.Domain, "dirty ring must be power of 2 and ranges [1024, 65536]")
                : true))
        .Open().Then(RefuseOthers("unsupported KVM feature: {0}"));

    /// <summary>Children that no table knows are an error here, where elsewhere they are dropped.</summary>
    private static Finish RefuseOthers(string format) => (in Scope scope) =>
    {
        foreach (Node child in scope.Raw.Children)
        {
            if (child.Namespace is null && scope.Node.Schema!.FindChild(child.Name) is null)
                throw FaultText.Unsupported(format).ToException(scope.Context.Domain, child.Name);
        }

        return true;
    };

    private static ElementSchema ProcessCapabilities()
    {
        ElementSchema schema = Element("capabilities").Attr("policy", OneOf("default", "allow", "deny"));
        foreach (string name in s_capabilities)
            schema.With(Element(name).Attr("state", OnOff, "on"));
        return schema.Then(RefuseOthers("unexpected capability feature '{0}'")).Then(static (in Scope scope) =>
        {
            if (scope.Node.ChildList.Count > 0)
                scope.Node["policy"] ??= "default";
            else if (scope.Node["policy"] == "default")
                scope.Node["policy"] = null;
            return true;
        });
    }

    private static ElementSchema TSeg()
    {
        ElementSchema schema = Element("tseg").Attr("unit").Text();
        return schema.By((raw, parent, _) =>
        {
            if (parent?["state"] != "on" || Sizes.Parse(raw.Text, raw["unit"], 1024 * 1024, "string(./features/smm/tseg)") is not { } bytes)
                return null;
            (ulong size, string unit) = Sizes.Pretty(bytes);
            Node node = new("tseg", schema) { Text = ToText(size) };
            node.Append("unit", unit);
            return node;
        });
    }

    private static ElementSchema Timer() => Element("timer")
        .Attr("name", OneOf("platform", "pit", "rtc", "hpet", "tsc", "kvmclock", "hypervclock", "armvtimer"), required: true)
        .Attr("present", YesNo)
        .Attr("tickpolicy", OneOf("delay", "catchup", "merge", "discard"))
        .Attr("track", OneOf("boot", "guest", "wall", "realtime"))
        .Attr("frequency", ULongOrZero)
        .Attr("mode", OneOf("auto", "native", "emulate", "paravirt", "smpsafe"))
        .With(Element("catchup").Attr("threshold", ULongOrZero).Attr("slew", ULongOrZero).Attr("limit", ULongOrZero))
        .Many()
        .Then(CheckTimer);

    private static bool CheckTimer(in Scope scope)
    {
        Node timer = scope.Node;
        string name = timer["name"]!;
        ErrorDomain domain = scope.Context.Domain;
        if (name is "kvmclock" or "hypervclock" && timer.Has("tickpolicy"))
            throw Fault.Unsupported(domain, $"timer {name} doesn't support setting of timer tickpolicy");
        if (timer["tickpolicy"] != "catchup" && timer.Child("catchup") is not null)
            throw Fault.Xml(domain, "setting of timer catchup policies is only supported with tickpolicy='catchup'");
        if (name != "tsc" && timer.Has("frequency"))
            throw Fault.Unsupported(domain, $"timer {name} doesn't support setting of timer frequency");
        if (name != "tsc" && timer.Has("mode"))
            throw Fault.Unsupported(domain, $"timer {name} doesn't support setting of timer mode");
        return name is not ("platform" or "rtc") && timer.Has("track")
            ? throw Fault.Unsupported(domain, $"timer {name} doesn't support setting of timer track")
            : true;
    }

    /// <summary>An adjustment of a UTC or local clock is a word; a number makes the clock a variable one.</summary>
    private static bool FinishClock(in Scope scope)
    {
        Node clock = scope.Node;
        string? adjustment = clock["adjustment"];
        bool isNumber = adjustment is not null && Long.Normalise(adjustment, out _) == ValueResult.Ok;
        switch (clock["offset"])
        {
            case "utc" or "localtime" when adjustment is null or "reset":
                break;
            case "utc" or "localtime" when isNumber:
                clock["basis"] = clock["offset"];
                clock["offset"] = "variable";
                clock["adjustment"] = adjustment;
                break;
            case "utc" or "localtime":
                throw Fault.Xml(scope.Context.Domain, $"unknown clock adjustment '{scope.Raw["adjustment"]}'");
            case "variable":
                clock["adjustment"] = isNumber ? adjustment : "0";
                break;
            default:
                clock["adjustment"] = null;
                break;
        }

        return true;
    }

    /// <summary>What the hardware measures has lengths of its own, in base 64.</summary>
    private static bool CheckSecureGuest(in Scope scope)
    {
        if (scope.Node.Child("policy") is null)
            throw Fault.Xml(scope.Context.Domain, "failed to get launch security policy");
        foreach ((string name, int length) in (ReadOnlySpan<(string, int)>)[("guestVisibleWorkarounds", 16), ("idBlock", 96), ("idAuth", 4096), ("hostData", 32)])
        {
            if (scope.Node.ChildText(name) is not { } text)
                continue;
            int actual = text.Count(static c => char.IsAsciiLetterOrDigit(c) || c is '+' or '/') * 6 / 8;
            if (actual != length)
                throw Fault.Unsupported(scope.Context.Domain, $"Unexpected length of '{name}', expected {length} got {actual}");
        }

        return true;
    }

    /// <summary>The features are a table by name, printed in its order.</summary>
    private static bool SortFirmwareFeatures(in Scope scope)
    {
        Node[] features = scope.Node.All("feature").ToArray();
        scope.Node.RemoveAll("feature");
        foreach (string name in (ReadOnlySpan<string>)["enrolled-keys", "secure-boot"])
        {
            if (Array.FindLast(features, feature => feature["name"] == name) is { } last)
                scope.Node.Add(last);
        }

        // Keys are of no use without secure boot: asking for them asks for it.
        if (scope.Node.ChildList is not [{ } keys, ..] || keys["name"] != "enrolled-keys" || keys["enabled"] != "yes")
            return true;
        if (scope.Node.ChildList is [_, { } secure, ..])
        {
            return secure["enabled"] == "yes"
                ? true
                : throw Fault.Detail(scope.Context.Domain, "firmware feature 'enrolled-keys' cannot be enabled when firmware feature 'secure-boot' is disabled");
        }

        Node added = scope.Node.Add("feature");
        added["enabled"] = "yes";
        added["name"] = "secure-boot";
        return true;
    }

    private static bool FinishSecurityLabel(in Scope scope)
    {
        Node label = scope.Node;
        if (label["type"] is not { } type)
            return false;
        if (type == "none")
        {
            if (label["relabel"] == "yes")
                throw Fault.Unsupported(scope.Context.Domain, "resource relabeling is not compatible with 'none' label type");
            foreach (Node child in label.ChildList.ToArray())
                label.Remove(child);
            label["relabel"] = null;
            return true;
        }

        label["relabel"] ??= type == "static" ? "no" : "yes";
        if (type == "static" && label.Child("label") is null)
            throw Fault.Xml(scope.Context.Domain, "security label is missing");
        if (type == "dynamic" && scope.Context.Inactive)
            label.RemoveAll("label");
        if (scope.Context.Inactive || label["relabel"] == "no")
            label.RemoveAll("imagelabel");
        if (type != "dynamic")
            label.RemoveAll("baselabel");
        return true;
    }
}
