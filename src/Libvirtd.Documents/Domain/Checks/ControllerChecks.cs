namespace Libvirtd.Documents;

/// <summary>Upstream's validation of a controller.</summary>
internal static class ControllerChecks
{
    public static void Apply(Node controller, Whole whole)
    {
        if (controller.Child("driver")?["iothread"] is not null && controller["model"] is not ("virtio-scsi" or "virtio-transitional" or "virtio-non-transitional"))
            throw whole.Xml("'iothread' attribute only supported for virtio scsi controllers");
        NewerChecks.Controller(controller, whole);
        if (controller["type"] != "pci")
            return;
        if (controller["model"] is "pci-root" or "pcie-root" && DeviceChecks.AddressType(controller) is not null)
            throw whole.Unsupported("pci-root and pcie-root controllers should not have an address");
        long index = Value(controller["index"]) ?? 0;
        if (index > 255)
            throw whole.Unsupported($"PCI controller index {index} too high, maximum is 255");
        if (controller.Child("target") is not { } target)
            return;
        if (Value(target["index"]) is { } targetIndex)
        {
            if (targetIndex > 30)
                throw whole.Unsupported($"PCI controller target index '{targetIndex}' out of range - must be 0-30");
            if ((index == 0) != (targetIndex == 0))
                throw whole.Unsupported("Only the PCI controller with index 0 can have target index 0, and vice versa");
        }

        Range(target, "chassisNr", 1, 255, whole);
        Range(target, "chassis", 0, 255, whole);
        Range(target, "port", 0, 255, whole);
        Range(target, "busNr", 1, 254, whole);
        if (target.Child("node") is not null && index == 0)
            throw whole.Unsupported("The PCI controller with index=0 can't be associated with a NUMA node");
    }

    private static void Range(Node target, string name, long least, long most, Whole whole)
    {
        if (Value(target[name]) is { } value && (value < least || value > most))
            throw whole.Unsupported($"PCI controller {name} '{value}' out of range - must be {least}-{most}");
    }

    private static long? Value(string? text) => text is not null && DocumentText.TryParseNumber(text, 0, out Int128 number) ? (long)number : null;
}
