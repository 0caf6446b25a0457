using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.DeviceDescription;

namespace Libvirtd.Drivers.Test;

/// <summary>What cannot be changed of a running guest's interface: all that the guest sees of it but the state of its link.</summary>
internal static class InterfaceUpdate
{
    public static void RequirePossible(Node present, Node wanted)
    {
        string? type = present["type"];
        if (type is "hostdev" or "vdpa")
            throw Refused($"cannot change config of '{type}' network interface type");
        string? mac = present.Child("mac")?["address"];
        if (wanted.Child("mac")?["address"] != mac)
            throw Refused($"cannot change network interface mac address from {mac} to {wanted.Child("mac")?["address"]}");
        string? model = present.Child("model")?["type"];
        if (wanted.Child("model")?["type"] != model)
            throw Refused($"cannot modify network device model from {model ?? "<null>"} to {wanted.Child("model")?["type"] ?? "<null>"}");
        RequireSame(present, wanted, "driver", "cannot modify virtio network device driver attributes");
        RequireSame(present, wanted, "script", "cannot modify network device script attribute");
        if (wanted.Child("target")?["dev"] != present.Child("target")?["dev"])
            throw Refused("cannot modify network device tap name");
        if (wanted.Child("address")?["type"] != present.Child("address")?["type"])
            throw Refused("cannot modify network device address type");
        RequireSame(present, wanted, "address", "cannot modify network device guest PCI address");
        if (wanted.Child("rom")?["bar"] != present.Child("rom")?["bar"])
            throw Refused("cannot modify network device rom bar setting");
        if (wanted.Child("rom")?["file"] != present.Child("rom")?["file"])
            throw Refused("cannot modify network rom file");
        RequireSame(present, wanted, "boot", "cannot modify network device boot index setting");
        RequireSame(present, wanted, "rom", "cannot modify network device rom enabled setting");
        RequireSame(present, wanted, "mtu", "cannot modify MTU");
        RequireSame(present, wanted, "backend", "cannot modify network device backend settings");
        if (wanted["type"] is "hostdev" or "vdpa")
            throw Refused($"cannot change network interface type to '{wanted["type"]}'");
        if (NeedsReplug(present, wanted))
            throw Refused($"unable to change config on '{wanted["type"]}' network type");
    }

    /// <summary>Whether the change would need the interface to be unplugged: only from bridge to bridge can a guest's interface go unnoticed.</summary>
    private static bool NeedsReplug(Node present, Node wanted)
    {
        string? type = present["type"];
        if (type is "network" or "bridge" && wanted["type"] is "network" or "bridge")
            return false;
        if (type != wanted["type"] || type is "vhostuser" or "null" or "vds")
            return true;
        return !IsSame(present.Child("source"), wanted.Child("source")) || !IsSame(present.Child("virtualport"), wanted.Child("virtualport"));
    }

    private static void RequireSame(Node present, Node wanted, string part, string detail)
    {
        Node? own = present.Child(part);
        Node? other = wanted.Child(part);
        if (!IsSame(own, other))
            throw Refused(detail);
    }

    private static bool IsSame(Node? one, Node? other)
    {
        if (one is null || other is null)
            return one is null && other is null;
        if (one.Text != other.Text || !one.Attributes.SequenceEqual(other.Attributes) || one.Children.Count != other.Children.Count)
            return false;
        for (int i = 0; i < one.Children.Count; i++)
        {
            if (!IsSame(one.Children[i], other.Children[i]))
                return false;
        }

        return true;
    }

    private static VirException Refused(string detail) => Error(ErrorCode.OperationUnsupported, detail);
}
