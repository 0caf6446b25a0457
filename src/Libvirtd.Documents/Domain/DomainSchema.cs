using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>The domain document, in libvirt's output order.</summary>
internal static class DomainSchema
{
    public static readonly ElementSchema Devices = Element("devices").With(
        Leaf("emulator"),
        DiskSchemas.Disk,
        DiskSchemas.Controller,
        MiscDeviceSchemas.Lease,
        MiscDeviceSchemas.Filesystem,
        InterfaceSchemas.Interface,
        MiscDeviceSchemas.Smartcard,
        CharacterSchemas.Serial,
        CharacterSchemas.Parallel,
        CharacterSchemas.Console,
        CharacterSchemas.Channel,
        MiscDeviceSchemas.Input,
        MiscDeviceSchemas.Tpm,
        GraphicsSchemas.Graphics,
        GraphicsSchemas.Sound,
        GraphicsSchemas.Audio,
        GraphicsSchemas.Video,
        HostDeviceSchemas.HostDevice,
        HostDeviceSchemas.Redirected,
        HostDeviceSchemas.RedirectFilter,
        MiscDeviceSchemas.Hub,
        MiscDeviceSchemas.Watchdog,
        MiscDeviceSchemas.Balloon,
        MiscDeviceSchemas.Rng,
        MiscDeviceSchemas.Nvram,
        MiscDeviceSchemas.Panic,
        MiscDeviceSchemas.Shmem,
        MiscDeviceSchemas.Memory,
        MiscDeviceSchemas.Crypto,
        MiscDeviceSchemas.Iommu,
        MiscDeviceSchemas.Vsock,
        MiscDeviceSchemas.Pstore)
        .Always()
        .Open();

    public static readonly ElementSchema Root = Element("domain")
        .Attr("type")
        .Attr("id", Natural, show: Show.Live, when: static (in Scope scope) => !scope.Context.Inactive)
        .With(
            Leaf("name"),
            Leaf("uuid", Uuid, FaultText.Internal("malformed uuid element")),
            Element("genid").Text(Uuid, bad: FaultText.Internal("malformed genid element")).Keep().Then(static (in Scope scope) =>
            {
                scope.Node.Text ??= scope.Context.NewUuid().ToString("D");
                return true;
            }),
            Leaf("title"),
            Leaf("description"),
            Verbatim("metadata"),
            TuningSchemas.MaxMemory,
            TuningSchemas.Memory,
            TuningSchemas.CurrentMemory,
            TuningSchemas.BlockIo,
            TuningSchemas.MemoryTuning,
            TuningSchemas.Backing,
            TuningSchemas.Vcpu,
            TuningSchemas.Vcpus,
            TuningSchemas.IoThreads,
            TuningSchemas.IoThreadIds,
            TuningSchemas.DefaultIoThread,
            ThrottleSchemas.Groups,
            TuningSchemas.Cpu,
            TuningSchemas.Numa,
            TuningSchemas.Resource,
            SysinfoSchema.Sysinfo,
            Leaf("bootloader"),
            Leaf("bootloader_args"),
            PlatformSchemas.Os,
            PlatformSchemas.IdMap,
            PlatformSchemas.Features,
            CpuSchemas.Guest,
            PlatformSchemas.Clock,
            PlatformSchemas.OnAction("on_poweroff", "destroy"),
            PlatformSchemas.OnAction("on_reboot", "restart"),
            PlatformSchemas.OnAction("on_crash", "destroy"),
            PlatformSchemas.OnLockFailure,
            PlatformSchemas.PowerManagement,
            PlatformSchemas.Perf,
            Devices,
            PlatformSchemas.SecurityLabel,
            PlatformSchemas.KeyWrap,
            PlatformSchemas.LaunchSecurity);
}
