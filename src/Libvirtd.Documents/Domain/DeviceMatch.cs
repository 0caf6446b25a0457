using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Which of a domain's devices a description means: the one that shares what tells devices of its kind apart.</summary>
internal static class DeviceMatch
{
    private const string Unsaid = "(<null>)";

    public static Node? Find(IReadOnlyList<Node> devices, Node like)
    {
        foreach (Node device in devices)
        {
            if (device.Name == like.Name && IsMeant(device, like))
                return device;
        }

        return null;
    }

    /// <summary>The interface that a description means, by its MAC address, address and alias, as far as it names them.</summary>
    /// <param name="devices">The domain's devices.</param>
    /// <param name="like">The description.</param>
    /// <param name="hasMac">The description names its MAC address; otherwise what stands there was made up.</param>
    /// <exception cref="VirException">There is none (VIR_ERR_DEVICE_MISSING), or more than one (VIR_ERR_OPERATION_FAILED).</exception>
    public static Node FindInterface(IReadOnlyList<Node> devices, Node like, bool hasMac)
    {
        string? mac = hasMac ? like.Child("mac")?["address"] : null;
        string? alias = like.Child("alias")?["name"];
        Node? address = like.Child("address") is { } place && place["type"] is "pci" or "ccw" && place.Attributes.Length > 1 ? place : null;
        Node? found = null;
        foreach (Node device in devices)
        {
            if (device.Name != "interface"
                || (mac is not null && device.Child("mac")?["address"] != mac)
                || (address is not null && !SaysSame(device.Child("address"), address))
                || !IsSameAlias(device, alias))
            {
                continue;
            }

            if (found is not null)
            {
                throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Domain,
                    mac is null ? "multiple matching devices found" : $"multiple devices matching MAC address {mac} found");
            }

            found = device;
        }

        return found ?? throw VirException.Of(ErrorCode.DeviceMissing, ErrorDomain.Domain,
            $"no device found at address '{AddressText(address)}' matching MAC address '{mac ?? Unsaid}' and alias '{alias ?? Unsaid}'");
    }

    private static bool IsMeant(Node device, Node like) => device.Name switch
    {
        "disk" => device.Child("target")?["dev"] == like.Child("target")?["dev"],
        "filesystem" => device.Child("target")?["dir"] == like.Child("target")?["dir"],
        "controller" => device["type"] == like["type"] && device["index"] == like["index"],
        "lease" => device.ChildText("key") == like.ChildText("key") && device.ChildText("lockspace") == like.ChildText("lockspace"),
        "hostdev" => device["mode"] == like["mode"] && device["type"] == like["type"] && Says(device.Child("source"), like.Child("source")),
        "shmem" => device["name"] == like["name"] && Says(device, like),
        "vsock" or "watchdog" => device["model"] == like["model"] && Says(device, like),
        "graphics" => device["type"] == like["type"],
        _ => Says(device, like),
    };

    /// <summary>Whether a device has all that a description says of it; what the description leaves open may be anything.</summary>
    private static bool Says(Node? device, Node? like)
    {
        if (like is null)
            return true;
        if (device is null || !SaysSame(device, like) || (like.Text is not null && like.Text != device.Text))
            return false;
        foreach (Node part in like.ChildList)
        {
            bool has = part.Name == "alias"
                ? IsSameAlias(device, part["name"])
                : device.ChildList.Exists(own => own.Name == part.Name && Says(own, part));
            if (!has)
                return false;
        }

        return true;
    }

    private static bool SaysSame(Node? device, Node like)
    {
        foreach (ref readonly NodeAttribute attribute in like.Attributes)
        {
            if (device?[attribute.Name] != attribute.Value)
                return false;
        }

        return true;
    }

    /// <summary>An alias counts only where both have one.</summary>
    private static bool IsSameAlias(Node device, string? alias) => alias is null || device.Child("alias")?["name"] is not { } own || own == alias;

    private static string AddressText(Node? address) => address is null ? Unsaid : address["type"] == "pci"
        ? $"{Digits(address["domain"])}:{Digits(address["bus"])}:{Digits(address["slot"])}.{Digits(address["function"])}"
        : $"{Digits(address["cssid"])}.{Digits(address["ssid"])}.{Digits(address["devno"])}";

    private static string Digits(string? number) => number is null ? "" : number.StartsWith("0x", StringComparison.Ordinal) ? number[2..] : number;
}
