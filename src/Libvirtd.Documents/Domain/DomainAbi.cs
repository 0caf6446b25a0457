using System.Globalization;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>
/// What a guest sees of its machine must not change while it believes that it runs on the same one: across a migration, or when a snapshot with its
/// memory gets another description.
/// </summary>
public static class DomainAbi
{
    /// <summary>Devices that are counted, with the name that the error gives them.</summary>
    private static readonly (string Element, string Name)[] s_counted =
    [
        ("filesystem", "filesystem"), ("interface", "net card"), ("input", "input device"), ("sound", "sound card"), ("video", "video card"),
        ("hostdev", "host device"), ("smartcard", "smartcard"), ("serial", "serial port"), ("parallel", "parallel port"), ("channel", "channel"),
        ("console", "console"), ("hub", "hub device"), ("redirdev", "redirected devices"), ("watchdog", "watchdog device"), ("rng", "RNG device"),
        ("panic", "panic device"), ("shmem", "shared memory device"), ("tpm", "TPM device"), ("memory", "memory device"),
    ];

    /// <summary>Requires that a guest cannot tell one domain from the other.</summary>
    /// <param name="source">The domain as it was.</param>
    /// <param name="target">What is to take its place.</param>
    /// <exception cref="VirException">It can: the error says by what (VIR_ERR_CONFIG_UNSUPPORTED).</exception>
    public static void RequireStable(DomainDocument source, DomainDocument target)
    {
        RequireSameMachine(source, target);
        Node[] disks = Devices(target, "disk");
        Node[] before = Devices(source, "disk");
        RequireSame("Target domain disk count", disks.Length, before.Length);
        for (int i = 0; i < disks.Length; i++)
            RequireSameDisk(new DomainDisk(before[i]), new DomainDisk(disks[i]));
        Node[] controllers = Devices(target, "controller");
        Node[] controllersBefore = Devices(source, "controller");
        RequireSame("Target domain controller count", controllers.Length, controllersBefore.Length);
        for (int i = 0; i < controllers.Length; i++)
        {
            RequireSame("Target controller type", controllers[i]["type"], controllersBefore[i]["type"]);
            RequireSame("Target controller index", controllers[i]["index"], controllersBefore[i]["index"]);
            RequireSameAddress(controllersBefore[i], controllers[i]);
        }

        foreach ((string element, string name) in s_counted)
            RequireSameKind(Devices(source, element), Devices(target, element), name);
    }

    private static void RequireSameMachine(DomainDocument source, DomainDocument target)
    {
        RequireSame("Target domain virt type", target.VirtType, source.VirtType);
        RequireSame("Target domain uuid", target.Uuid.ToString("D"), source.Uuid.ToString("D"));
        if (target.Name != source.Name)
            throw Differs($"Target domain name '{target.Name}' does not match source '{source.Name}'");
        RequireSame("Target domain max memory", target.MaxMemoryKiB, source.MaxMemoryKiB);
        RequireSame("Target domain vCPU max", target.MaxVcpus, source.MaxVcpus);
        RequireSame("Target domain OS type", target.OsType, source.OsType);
        RequireSame("Target domain architecture", target.Architecture, source.Architecture);
        RequireSame("Target domain machine type", target.Root.Find("os", "type")?["machine"], source.Root.Find("os", "type")?["machine"]);
    }

    private static void RequireSameDisk(DomainDisk source, DomainDisk target)
    {
        RequireSame("Target disk device", target.Device, source.Device);
        RequireSame("Target disk bus", target.Bus, source.Bus);
        RequireSame("Target disk", target.Target, source.Target);
        RequireSame("Target disk serial", target.Serial, source.Serial);
        if (target.IsReadOnly != source.IsReadOnly)
            throw Differs("Target disk access mode does not match source");
        RequireSameAddress(source.Node, target.Node);
    }

    private static void RequireSameKind(Node[] source, Node[] target, string name)
    {
        RequireSame($"Target domain {name} count", target.Length, source.Length);
        for (int i = 0; i < target.Length; i++)
        {
            if (target[i].Name == "interface")
            {
                RequireSame("Target network card mac", target[i].Child("mac")?["address"], source[i].Child("mac")?["address"]);
                RequireSame("Target network card model", target[i].Child("model")?["type"], source[i].Child("model")?["type"]);
            }

            RequireSameAddress(source[i], target[i]);
        }
    }

    private static void RequireSameAddress(Node source, Node target)
    {
        Node? before = source.Child("address");
        Node? after = target.Child("address");
        RequireSame("Target device address type", after?["type"] ?? "none", before?["type"] ?? "none");
        if (after?["type"] == "pci")
            RequireSame("Target device PCI address", Pci(after), Pci(before!));
        else if (after?["type"] == "drive")
            RequireSame("Target device drive address", Drive(after), Drive(before!));
    }

    private static string Pci(Node address) =>
        $"{Hex(address["domain"]):x4}:{Hex(address["bus"]):x2}:{Hex(address["slot"]):x2}.{Hex(address["function"])}";

    private static string Drive(Node address) => $"{address["controller"] ?? "0"}:{address["bus"] ?? "0"}:{address["unit"] ?? "0"}";

    private static uint Hex(string? text) =>
        text is not null && uint.TryParse(text.AsSpan(text.StartsWith("0x", StringComparison.Ordinal) ? 2 : 0), NumberStyles.HexNumber,
            CultureInfo.InvariantCulture, out uint number) ? number : 0;

    private static Node[] Devices(DomainDocument document, string element) => [.. document.Root.Child("devices")!.All(element)];

    private static void RequireSame<T>(string what, T? target, T? source)
    {
        if (!EqualityComparer<T>.Default.Equals(target, source))
            throw Differs(string.Create(CultureInfo.InvariantCulture, $"{what} {Shown(target)} does not match source {Shown(source)}"));
    }

    private static string Shown<T>(T? value) => value is IFormattable number ? number.ToString(null, CultureInfo.InvariantCulture) : value?.ToString() ?? "<null>";

    private static VirException Differs(string detail) => VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Domain, detail);
}
