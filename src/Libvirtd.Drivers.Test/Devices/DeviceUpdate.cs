using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.DeviceDescription;

namespace Libvirtd.Drivers.Test;

/// <summary>What can be changed of a device: in a configuration the whole device, in a running domain what QEMU's driver can change in a guest.</summary>
internal static class DeviceUpdate
{
    /// <summary>A configuration with another description of the device that is meant.</summary>
    public static DomainDocument InConfig(DomainDocument domain, DeviceDescription device, DomainParseOptions options)
    {
        Node present = device.Kind switch
        {
            "disk" => domain.FindDevice(device.Node)
                ?? throw Error(ErrorCode.InvalidArg, $"target {device.Target} doesn't exist."),
            "graphics" => domain.FindDevice(device.Node)
                ?? throw Error(ErrorCode.InvalidArg, $"cannot find existing graphics type '{device.Node["type"]}' device to modify"),
            "interface" => device.FindIn(domain)!,
            "memory" => FindMemory(domain, device.Node) ?? throw Error(ErrorCode.InvalidArg, "memory not found"),
            _ => throw Error(ErrorCode.OperationUnsupported, $"persistent update of device '{device.KindInErrors}' is not supported"),
        };
        Node next = device.Node.Clone();
        if (device.Kind == "interface")
            KeepIdentity(next, present, device.HasMac);
        DropGeneratedAlias(next);
        return domain.WithDevice(next, options, present);
    }

    /// <summary>A running domain's definition with the device that is meant changed as far as a guest lets it, and the drive whose medium was changed.</summary>
    /// <param name="domain">The running domain; its devices have aliases.</param>
    /// <param name="device">The device as it is to be.</param>
    /// <param name="options">The driver's defaults.</param>
    public static (DomainDocument Domain, Node? Drive) InRunning(DomainDocument domain, DeviceDescription device, DomainParseOptions options)
    {
        Node present;
        switch (device.Kind)
        {
            case "disk":
                present = domain.FindDevice(device.Node) ?? throw Error(ErrorCode.InternalError, $"disk '{device.Target}' not found");
                RequireSameAlias(device.Node, present);
                (Node disk, bool isOther) = DiskUpdate.Change(present, device.Node);
                return (domain.WithDevice(disk, options, present), isOther ? disk : null);
            case "graphics":
                present = domain.FindDevice(device.Node)
                    ?? throw Error(ErrorCode.DeviceMissing, $"cannot find existing graphics device to modify of type '{device.Node["type"]}'");
                return (domain.WithDevice(GraphicsUpdate.Change(present, device.Node), options, present), null);
            case "interface":
                present = device.FindIn(domain)!;
                RequireSameAlias(device.Node, present);
                Node next = device.Node.Clone();
                KeepIdentity(next, present, device.HasMac);
                InterfaceUpdate.RequirePossible(present, next);
                return (domain.WithDevice(next, options, present), null);
            case "memory":
                present = FindMemory(domain, device.Node) ?? throw Error(ErrorCode.DeviceMissing, "memory not found");
                return (domain.WithDevice(DeviceMemory.Change(present, device.Node), options, present), null);
            default:
                throw Error(ErrorCode.ConfigUnsupported, $"live update of device '{device.KindInErrors}' is not supported");
        }
    }

    private static Node? FindMemory(DomainDocument domain, Node like)
    {
        string? alias = like.Child("alias")?["name"];
        Node? address = like.Child("address");
        return domain.Devices.FirstOrDefault(one => one.Name == "memory"
            && (alias is null || one.Child("alias")?["name"] == alias)
            && (address?["slot"] is null || one.Child("address")?["slot"] == address["slot"]));
    }

    private static void RequireSameAlias(Node wanted, Node present)
    {
        if (wanted.Child("alias")?["name"] is { } alias && present.Child("alias")?["name"] is { } own && alias != own)
            throw Error(ErrorCode.OperationDenied, "changing device alias is not allowed");
        if (wanted.Child("acpi")?["index"] != present.Child("acpi")?["index"])
            throw Error(ErrorCode.OperationDenied, "changing device 'acpi index' is not allowed");
    }

    /// <summary>An interface stays the one that it is where its new description does not say so.</summary>
    private static void KeepIdentity(Node next, Node present, bool hasMac)
    {
        if (!hasMac)
            next.Child("mac")!["address"] = present.Child("mac")!["address"];
        if (next.Child("target")?["dev"] is null && present.Child("target")?["dev"] is { } name)
            next.GetOrAdd("target")["dev"] = name;
        foreach (string part in (ReadOnlySpan<string>)["alias", "address"])
        {
            if (present.Child(part) is not { } own)
                continue;
            if (part == "alias" || next.Child(part) is null)
            {
                next.RemoveAll(part);
                next.Add(own.Clone());
            }
        }
    }

    private static void DropGeneratedAlias(Node next)
    {
        if (next.Child("alias") is { } alias && alias["name"]?.StartsWith("ua-", StringComparison.Ordinal) != true)
            next.Remove(alias);
    }
}
