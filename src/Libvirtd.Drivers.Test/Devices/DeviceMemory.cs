using System.Globalization;
using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.DeviceDescription;

namespace Libvirtd.Drivers.Test;

/// <summary>Memory modules: what they add to a domain, and whether it has room for them.</summary>
internal static class DeviceMemory
{
    /// <summary>The size in KiB.</summary>
    public static ulong SizeOf(Node module) => Number(module.Find("target", "size")?.Text);

    public static void RequireRoom(DomainDocument domain, Node module)
    {
        Node? limit = domain.Root.Child("maxMemory");
        if (limit is null)
            throw Error(ErrorCode.ConfigUnsupported, "cannot use/hotplug a memory device when domain 'maxMemory' is not defined");
        ulong size = SizeOf(module);
        ulong most = Number(limit.Text);
        if (domain.MaxMemoryKiB + size > most)
        {
            throw Error(ErrorCode.ConfigUnsupported,
                $"Attaching memory device with size '{size}' would exceed domain's maxMemory config size '{most}'");
        }

        if ((ulong)domain.Devices.Count(static one => one.Name == "memory") >= Number(limit["slots"]))
            throw Error(ErrorCode.ConfigUnsupported, "no free memory device slot available");
    }

    /// <summary>A domain without the module, and without the memory that it was.</summary>
    public static DomainDocument Without(DomainDocument domain, Node module)
    {
        ulong size = SizeOf(module);
        ulong now = domain.CurrentMemoryKiB;
        DomainDocument less = domain.WithoutDevice(module);
        return less.WithMaxMemory(less.MaxMemoryKiB - size).WithCurrentMemory(now > size ? now - size : now);
    }

    /// <summary>Changes how much of a virtual module the guest is asked to use; nothing else of a module can change.</summary>
    public static Node Change(Node present, Node wanted)
    {
        if (present["model"] != "virtio-mem")
            throw Error(ErrorCode.OperationUnsupported, $"cannot modify memory of model '{present["model"]}'");
        if (wanted["model"] != present["model"])
            throw Error(ErrorCode.OperationUnsupported, $"cannot modify memory model from '{present["model"]}' to '{wanted["model"]}'");
        if (SizeOf(wanted) != SizeOf(present))
            throw Error(ErrorCode.OperationUnsupported, $"cannot modify memory size from '{SizeOf(present)}' to '{SizeOf(wanted)}'");
        Node next = present.Clone();
        if (wanted.Find("target", "requested") is { } requested)
        {
            next.Child("target")!.RemoveAll("requested");
            next.Child("target")!.Add(requested.Clone());
        }

        return next;
    }

    private static ulong Number(string? text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : 0;
}
