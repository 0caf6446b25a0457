using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Disks, and the controllers that they and other devices hang on.</summary>
internal static class DiskSchemas
{
    /// <summary>Which threads serve which queues.</summary>
    private static readonly ElementSchema s_iothreads = Element("iothreads").With(Element("iothread").Attr("id", UInt, required: true)
        .With(Element("queue").Attr("id", UInt, required: true).Many()).Many());

    private static readonly ElementSchema s_driver = Element("driver")
        .Attr("name")
        .Attr("type", new FormatValue(), bad: FaultText.Unsupported("unknown driver format value '{0}'"))
        .Attr("cache", OneOfOr("default", "none", "writethrough", "writeback", "directsync", "unsafe"))
        .Attr("error_policy", OneOf("stop", "report", "ignore", "enospace"))
        .Attr("rerror_policy", OneOf("stop", "report", "ignore"))
        .Attr("io", OneOf("native", "threads", "io_uring"))
        .Attr("ioeventfd", OnOff)
        .Attr("event_idx", OnOff)
        .Attr("copy_on_read", OnOff)
        .Attr("discard", OneOf("unmap", "ignore"))
        .Attr("iothread", Positive)
        .Attr("detect_zeroes", OneOf("off", "on", "unmap"))
        .Attr("discard_no_unref", OnOff)
        .Attr("queues", UIntOrZero)
        .Attr("queue_size", UIntOrZero)
        .Include(DeviceSchemas.VirtioOptions)
        .With(Element("metadata_cache").With(Sizes.Bytes("max_size", "./metadata_cache/max_size")), s_iothreads);

    private static readonly ElementSchema s_target = Element("target")
        .Attr("dev")
        .Attr("bus", OneOf("ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd"))
        .Attr("tray", OneOfOr("closed", "open"))
        .Attr("removable", OnOff, when: static (in Scope scope) => scope.Node["bus"] != "scsi")
        .Attr("rotation_rate", UIntOrZero);

    public static readonly ElementSchema Disk = Element("disk")
        .Attr("type", OneOf(StorageSchemas.SourceTypes), "file")
        .Attr("device", OneOf("disk", "cdrom", "floppy", "lun"), "disk")
        .Attr("model", OneOfOr("default", "virtio", "virtio-transitional", "virtio-non-transitional"))
        .Attr("rawio", YesNo)
        .Attr("sgio", OneOf("filtered", "unfiltered"))
        .Attr("snapshot", OneOf("no", "internal", "external", "manual"))
        .With(
            s_driver,
            StorageSchemas.Auth,
            StorageSchemas.Source(ofDisk: true),
            StorageSchemas.BackingStore(),
            Element("backenddomain").Attr("name"),
            Element("geometry").Attr("cyls", UInt).Attr("heads", UInt).Attr("secs", UInt).Attr("trans", OneOf("none", "auto", "lba"))
                .Then(static (in Scope scope) => scope.Node["cyls"] is not (null or "0") && scope.Node["heads"] is not (null or "0")
                    && scope.Node["secs"] is not (null or "0")),
            Element("blockio").Attr("logical_block_size", UIntOrZero).Attr("physical_block_size", UIntOrZero).Attr("discard_granularity", UIntOrZero),
            StorageSchemas.Mirror(),
            s_target,
            ThrottleSchemas.Iotune,
            ThrottleSchemas.Filters,
            Flag("readonly"),
            Flag("shareable"),
            Flag("transient").Attr("shareBacking", YesOnly),
            Leaf("serial"),
            Leaf("wwn"),
            Leaf("vendor"),
            Leaf("product"),
            StorageSchemas.Encryption)
        .With(DeviceSchemas.BootInfo)
        .Many()
        .Then(static (in Scope scope) =>
        {
            // What is not there is an empty file, whatever the disk calls itself.
            if (scope.Raw.Child("source") is null)
                scope.Node["type"] = "file";
            return true;
        });

    private static readonly ElementSchema s_controllerDriver = Element("driver")
        .Attr("queues", UIntOrZero)
        .Attr("cmd_per_lun", UIntOrZero)
        .Attr("max_sectors", UIntOrZero)
        .Attr("ioeventfd", OnOff)
        .Attr("iothread", UIntOrZero)
        .Include(DeviceSchemas.VirtioOptions)
        .With(s_iothreads);

    public static readonly ElementSchema Controller = Switch("controller", static (raw, _) => raw["type"] ?? "ide",
        ("ide", Plain("piix3", "piix4", "ich6")),
        ("fdc|sata|ccid|isa", Plain()),
        ("scsi", Plain("auto", "buslogic", "lsilogic", "lsisas1068", "vmpvscsi", "ibmvscsi", "virtio-scsi", "lsisas1078", "virtio-transitional",
            "virtio-non-transitional", "ncr53c90", "dc390", "am53c974")),
        ("virtio-serial", Plain("virtio", "virtio-transitional", "virtio-non-transitional").Attr("ports", Natural).Attr("vectors", Natural)),
        ("usb", Plain("piix3-uhci", "piix4-uhci", "ehci", "ich9-ehci1", "ich9-uhci1", "ich9-uhci2", "ich9-uhci3", "vt82c686b-uhci", "pci-ohci",
            "nec-xhci", "qusb1", "qusb2", "qemu-xhci", "none").Attr("ports", Natural)),
        ("xenbus", Plain().Attr("maxGrantFrames", Natural).Attr("maxEventChannels", Natural)),
        ("pci", Pci()),
        ("", Plain())).Many();

    private static ElementSchema Head(string[] models) => Element("controller")
        .Attr("type", OneOf("ide", "fdc", "scsi", "sata", "virtio-serial", "ccid", "usb", "pci", "xenbus", "isa"), "ide")
        .Attr("index", Natural)
        .Attr("model", OneOf(models), bad: FaultText.Unsupported("Unknown model type '{0}'"));

    private static ElementSchema Plain(params string[] models) => Head(models)
        .With(s_controllerDriver).With(DeviceSchemas.Info);

    private static ElementSchema Pci() => Head(["pci-root", "pcie-root", "pci-bridge", "dmi-to-pci-bridge", "pcie-to-pci-bridge", "pcie-root-port",
            "pcie-switch-upstream-port", "pcie-switch-downstream-port", "pci-expander-bus", "pcie-expander-bus"])
        .With(
            Element("model").Attr("name", OneOfOr("none", "pci-bridge", "i82801b11-bridge", "ioh3420", "x3130-upstream", "xio3130-downstream", "pxb",
                "pxb-pcie", "pcie-root-port", "spapr-pci-host-bridge", "pcie-pci-bridge")),
            Element("target")
                .Attr("chassisNr", PciNumber())
                .Attr("chassis", PciNumber())
                .Attr("port", Hex(1, int.MaxValue, signed: true))
                .Attr("busNr", PciNumber())
                .Attr("index", PciNumber())
                .Attr("hotplug", OnOff)
                .Attr("memReserve", Number(0, ulong.MaxValue, nonZero: true))
                .With(Leaf("node", Natural, FaultText.Xml("invalid NUMA node in target"))),
            s_controllerDriver)
        .With(DeviceSchemas.Info)
        .Then(CheckParts)
        .With(Sizes.KiB("pcihole64").When(static (in Scope scope) => scope.Parent?["model"] is "pci-root" or "pcie-root"));

    private static bool CheckParts(in Scope scope)
    {
        foreach (string name in (ReadOnlySpan<string>)["model", "target"])
        {
            if (scope.Raw.Count(name) > 1)
                throw Fault.Xml(scope.Context.Domain, $"Multiple <{name}> elements in controller definition not allowed");
        }

        // The root of a pseries guest was printed without its model before, and must be where an older host is to read it.
        if (scope.Node["model"] == "pci-root" && scope.Node.Child("model") is { } model && model["name"] == "spapr-pci-host-bridge")
            model.Show |= Show.NotMigratable;
        return true;
    }

    private static ValueSchema PciNumber() => Number(0, int.MaxValue, signed: true, @base: 0);

    /// <summary>"aio" is what an old Xen called raw.</summary>
    private sealed class FormatValue : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = value == "aio" ? "raw" : value;
            return Array.IndexOf(StorageSchemas.Formats, normal) >= 0 ? ValueResult.Ok : ValueResult.Bad;
        }
    }
}
