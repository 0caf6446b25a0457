using System.Globalization;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>PCI devices go from the host's driver to that of guests and back. By the rules of a real host: upstream's test driver does not.</summary>
internal sealed partial class TestNodeDevices
{
    private const string GuestDriver = "vfio-pci";

    /// <summary>Takes a device from the host. That it has been taken already is no fault.</summary>
    /// <param name="name">The device.</param>
    /// <param name="driver">"vfio", or null for the same.</param>
    public void Detach(string name, string? driver)
    {
        if (driver == "kvm")
            throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.None, "KVM device assignment is no longer supported on this system");
        if (driver is not (null or "vfio"))
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, $"unknown driver name '{driver}'");
        lock (_lock)
        {
            TestNodeDevice device = GetUnusedPci(name);
            if (device.IsDetached)
                return;
            Set(device with { Document = device.Document.WithDriver(GuestDriver), HostDriver = device.Document.Driver, IsDetached = true });
        }
    }

    /// <summary>Gives a device back to the host. One that was not taken stays as it is.</summary>
    public void Reattach(string name)
    {
        lock (_lock)
        {
            TestNodeDevice device = GetUnusedPci(name);
            if (device.IsDetached)
                Set(device with { Document = device.Document.WithDriver(device.HostDriver), HostDriver = null, IsDetached = false });
        }
    }

    /// <summary>Resets a device, which changes nothing that can be seen.</summary>
    public void Reset(string name)
    {
        lock (_lock)
            _ = GetUnusedPci(name);
    }

    /// <summary>A PCI device that no running domain has.</summary>
    private TestNodeDevice GetUnusedPci(string name)
    {
        TestNodeDevice device = Get(name);
        if (device.Document.PciAddress is not { } address)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, $"device {name} is not a PCI device");
        foreach (TestDomain domain in host.Domains.All)
        {
            DomainView view = domain.View;
            if (view.IsActive && view.Definition.Devices("hostdev").Any(one => one["type"] == "pci" && one.Find("source", "address") is { } source
                && Number(source, "domain") == address.Domain && Number(source, "bus") == address.Bus && Number(source, "slot") == address.Slot
                && Number(source, "function") == address.Function))
            {
                throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.None, string.Create(CultureInfo.InvariantCulture,
                    $"PCI device {address.Domain:x4}:{address.Bus:x2}:{address.Slot:x2}.{address.Function:x} is in use by driver TEST, domain {view.Definition.Name}"));
            }
        }

        return device;
    }

    private static uint Number(Node address, string name) => address[name] is { } text && text.StartsWith("0x", StringComparison.Ordinal)
        && uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number) ? number : 0;
}
