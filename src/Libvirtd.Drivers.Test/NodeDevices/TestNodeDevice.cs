using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>One device of the host at one moment. It never changes: a change makes another one.</summary>
/// <param name="Document">What it is; of an inactive device what it would be.</param>
internal sealed record TestNodeDevice(NodeDeviceDocument Document)
{
    public NodeDeviceRef Ref => new() { Name = Document.Name };

    /// <summary>It is there. Only mediated devices can be known and not be there.</summary>
    public bool IsActive { get; init; } = true;

    /// <summary>What it will be when it is started next; null for a device that nobody defined.</summary>
    public NodeDeviceDocument? Config { get; init; }

    public bool IsPersistent => Config is not null;

    public bool IsAutostart { get; init; }

    /// <summary>The driver that a device for guests has left; null while it is the host's.</summary>
    public string? HostDriver { get; init; }

    /// <summary>A guest's driver has it.</summary>
    public bool IsDetached { get; init; }

    public bool IsMediated => Document.Has("mdev");

    /// <summary>All capabilities, nested ones too, and the state, as the flags that lists filter by.</summary>
    public bool Passes(uint flags)
    {
        uint capabilities = flags & NodeDeviceDocument.CapabilityFlags;
        return (capabilities == 0 || (CapabilityMask & capabilities) != 0)
            && ListFilter.Passes(flags, (uint)ConnectListAllNodeDeviceFlags.Active, (uint)ConnectListAllNodeDeviceFlags.Inactive, IsActive)
            && ListFilter.Passes(flags, (uint)ConnectListAllNodeDeviceFlags.Persistent, (uint)ConnectListAllNodeDeviceFlags.Transient, IsPersistent);
    }

    private uint CapabilityMask
    {
        get
        {
            uint mask = 0;
            for (int i = 0; i < NodeDeviceDocument.CapabilityTypes.Count; i++)
            {
                if (Document.Has(NodeDeviceDocument.CapabilityTypes[i]))
                    mask |= 1u << i;
            }

            return mask;
        }
    }
}
