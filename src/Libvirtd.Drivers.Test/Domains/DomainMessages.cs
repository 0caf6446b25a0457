using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// What an operator should know of a domain: that its configuration is not to be trusted, or out of date. As upstream does, only domains that a
/// file describes are looked at, once.
/// </summary>
internal sealed record DomainMessages(IReadOnlyList<string> Taints, IReadOnlyList<string> Deprecations)
{
    /// <summary>The model that upstream's test driver calls out of date, so that clients can be tested.</summary>
    private const string OldModel = "Deprecated-Test";

    public static DomainMessages None { get; } = new([], []);

    public static DomainMessages Of(DomainDocument document)
    {
        Node root = document.Root;
        Node[] devices = [.. root.Child("devices")?.Children ?? []];
        bool isOld = root.Child("cpu") is { } cpu && (cpu["mode"] ?? "custom") == "custom" && cpu.ChildText("model") == OldModel;
        List<string> taints = [];
        void Add(bool applies, string text)
        {
            if (applies)
                taints.Add("tainted: " + text);
        }

        Add(devices.Any(static one => one["rawio"] == "yes" && (one.Name == "disk" || (one.Name == "hostdev" && one["type"] == "scsi"))),
            "running with undesirable elevated privileges");
        Add(devices.Any(static one => one.Name == "interface" && one.Child("script") is not null), "network configuration using opaque shell scripts");
        Add(document.Disks.Any(static disk => disk is { Device: "cdrom", Type: "block", Source: not null }), "use of host cdrom passthrough");
        Add(root.Find("os", "dtb") is not null, "custom device tree blob used");
        Add(isOld, "use of deprecated configuration settings");
        return taints.Count == 0 && !isOld ? None : new(taints, isOld ? [$"deprecated configuration: CPU model {OldModel}"] : []);
    }
}

/// <summary>What an operator should know of domains.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask<string[]> GetMessages(CallContext call, DomainRef dom, DomainMessageType flags)
    {
        FlagCheck.Require((uint)flags, (uint)(DomainMessageType.Deprecation | DomainMessageType.Tainting), "testDomainGetMessages");
        DomainMessages messages = View(dom).Messages;
        return new(
        [
            .. flags == 0 || flags.HasFlag(DomainMessageType.Tainting) ? messages.Taints : [],
            .. flags == 0 || flags.HasFlag(DomainMessageType.Deprecation) ? messages.Deprecations : [],
        ]);
    }
}
