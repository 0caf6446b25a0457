using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A domain whose devices are being checked.</summary>
/// <param name="Root">The domain.</param>
/// <param name="Devices">Its devices.</param>
/// <param name="Error">Whose error a broken rule is.</param>
internal readonly record struct Whole(Node Root, Node Devices, ErrorDomain Error)
{
    public VirException Unsupported(string detail) => Fault.Unsupported(Error, detail);

    public VirException Xml(string detail) => Fault.Xml(Error, detail);

    public VirException Internal(string detail) => Fault.Internal(Error, detail);

    public VirException Detail(string detail) => Fault.Detail(Error, detail);
}

/// <summary>Upstream's validation of one device, in the order in which it goes through them.</summary>
internal static class DeviceChecks
{
    private static readonly (string Name, Action<Node, Whole> Check)[] s_kinds =
    [
        ("disk", DiskChecks.Apply),
        ("interface", InterfaceChecks.Apply),
        ("sound", MediaChecks.Sound),
        ("hostdev", HostDeviceChecks.Apply),
        ("video", MediaChecks.Video),
        ("controller", ControllerChecks.Apply),
        ("smartcard", CharacterChecks.Smartcard),
        ("serial", CharacterChecks.Apply),
        ("parallel", CharacterChecks.Apply),
        ("channel", CharacterChecks.Apply),
        ("console", CharacterChecks.Apply),
        ("input", MediaChecks.Input),
        ("filesystem", Filesystem),
        ("watchdog", None),
        ("memballoon", None),
        ("rng", Rng),
        ("nvram", None),
        ("hub", None),
        ("shmem", Shmem),
        ("tpm", Tpm),
        ("panic", None),
        ("memory", MemoryChecks.Apply),
        ("redirdev", Redirected),
        ("iommu", Iommu),
        ("vsock", Vsock),
        ("graphics", MediaChecks.Graphics),
        ("audio", MediaChecks.Audio),
        ("lease", None),
    ];

    private static readonly string[] s_virtio = ["iommu", "ats", "packed", "page_per_vq"];

    public static void Apply(Whole whole)
    {
        foreach ((string name, Action<Node, Whole> check) in s_kinds)
        {
            foreach (Node device in whole.Devices.ChildList)
            {
                if (device.Name != name)
                    continue;
                if (name != "hostdev" && AddressType(device) == "unassigned")
                    throw whole.Unsupported("address of type 'unassigned' is supported only for hostdevs");
                check(device, whole);
            }
        }
    }

    /// <summary>The type of the device's own address; null where it has none.</summary>
    internal static string? AddressType(Node device) => device.Child("address")?["type"];

    /// <summary>A device that is no virtio device takes none of virtio's options.</summary>
    internal static void NoVirtioOptions(Node? driver, Whole whole)
    {
        foreach (string option in s_virtio)
        {
            if (driver?[option] is not null)
                throw whole.Unsupported(option == "page_per_vq"
                    ? "page_per_vq option is only supported for virtio devices"
                    : $"{option} driver option is only supported for virtio devices");
        }
    }

    /// <summary>Labels of a device's own are of no use where the domain's are not put on files.</summary>
    internal static void Labels(Node? source, Whole whole)
    {
        HashSet<string> models = new(StringComparer.Ordinal);
        foreach (Node label in source?.All("seclabel") ?? [])
        {
            if (!models.Add(label["model"] ?? ""))
                throw whole.Detail($"seclabel for model {label["model"]} is already provided");
            if (whole.Root.All("seclabel").Any(of => of["model"] == label["model"] && of["relabel"] is null or "no"))
                throw whole.Unsupported("label overrides require relabeling to be enabled at the domain level");
        }
    }

    private static void None(Node device, Whole whole)
    {
    }

    private static void Filesystem(Node filesystem, Whole whole)
    {
        string target = filesystem.Child("target")!["dir"]!;
        if (filesystem.Child("boot") is not null && !IsVirtioFs(filesystem))
            throw whole.Unsupported("boot order is only supported for virtiofs");
        Node? first = null;
        foreach (Node one in whole.Devices.All("filesystem"))
        {
            if (!IsVirtioFs(one) || one.Child("target")!["dir"] != target)
                continue;
            if (first is not null)
                throw Twice(target, whole);
            first = one;
        }

        if (first is not null && first != filesystem)
            throw Twice(target, whole);
    }

    private static VirException Twice(string target, Whole whole) => whole.Unsupported($"filesystem target '{target}' specified twice");

    private static bool IsVirtioFs(Node filesystem) => filesystem.Child("driver")?["type"] == "virtiofs";

    private static void Rng(Node rng, Whole whole)
    {
        if (rng.Child("backend") is { } backend && backend["model"] == "egd")
            CharacterChecks.Source(backend, whole);
    }

    private static void Shmem(Node shmem, Whole whole)
    {
        string name = shmem["name"]!;
        if (name.Contains('/', StringComparison.Ordinal))
            throw whole.Unsupported("shmem name cannot include '/' character");
        if (name is "." or "..")
            throw whole.Unsupported($"shmem name cannot be equal to '{name}'");
    }

    private static void Tpm(Node tpm, Whole whole)
    {
        Node backend = tpm.Child("backend")!;
        if (backend["type"] == "emulator" && backend.Child("active_pcr_banks") is not null && backend["version"] != "2.0")
            throw whole.Xml("<active_pcr_banks/> requires TPM version '2.0'");
        if (backend["type"] != "external" || backend.Child("source") is not { } source)
            return;
        if (source["type"] != "unix")
            throw whole.Xml("only source type 'unix' is supported for external TPM device");
        if (source["mode"] != "connect")
            throw whole.Xml("only 'connect' mode is supported for external TPM device");
        if (!source.Has("path"))
            throw whole.Xml("missing socket path for external TPM device");
    }

    private static void Redirected(Node device, Whole whole)
    {
        if (!whole.Devices.All("controller").Any(static one => one["type"] == "usb" && one["model"] != "none"))
            throw whole.Unsupported("cannot add redirected USB device: USB is disabled for this domain");
        CharacterChecks.Source(device, whole);
    }

    private static void Iommu(Node iommu, Whole whole)
    {
        if (iommu["model"] != "intel" && iommu.Child("driver") is { Attributes.Length: > 0 })
            throw whole.Xml($"iommu model '{iommu["model"]}' doesn't support additional attributes");
        if (iommu["model"] != "virtio" && AddressType(iommu) is not null)
            throw whole.Xml($"iommu model '{iommu["model"]}' can't have address");
    }

    private static void Vsock(Node vsock, Whole whole)
    {
        if (vsock.Child("cid")?["address"] is { } cid && DomainRules.Number(cid) < 3)
            throw whole.Unsupported("guest CIDs must be >= 3");
        if (!vsock.Has("model"))
            NoVirtioOptions(vsock.Child("driver"), whole);
    }
}
