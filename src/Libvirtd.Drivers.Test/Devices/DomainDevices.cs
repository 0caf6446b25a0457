using Libvirtd.Documents;
using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainDeviceModifyFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// Devices that come, change and go, in the running domain, in its configuration or in both. What upstream's test driver lacks; the rules and texts
/// are those of QEMU's driver. A running domain's devices get aliases with the first such call.
/// </summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask AttachDevice(CallContext call, DomainRef dom, string xml) => AttachDeviceFlags(call, dom, xml, Flags.Live);

    public override ValueTask AttachDeviceFlags(CallContext call, DomainRef dom, string xml, Flags flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainAttachDeviceFlags");
        using DomainEdit edit = domains.Edit(dom);
        Targets targets = new(edit.View, (uint)flags);
        DeviceDescription device = domains.ParseDevice(xml, isNew: true);
        DomainParseOptions options = domains.Options();
        if (targets.Config is { } config)
            targets.Config = DeviceAttach.ToConfig(config, device, options).WithInterfaceNames(TestDomains.InterfacePrefix);
        if (targets.Live is not { } live)
        {
            edit.Publish(targets.Apply(edit.View));
            return default;
        }

        if (DeviceAttach.DriveFor(live, device) is not null)
        {
            ChangeMedium(edit, targets, device, options);
            return default;
        }

        targets.Live = DeviceAttach.ToRunning(live, device, options).WithInterfaceNames(TestDomains.InterfacePrefix);
        string? alias = NewAlias(live.WithAliases(), targets.Live, device.Kind);
        DomainView view = targets.Apply(edit.View);
        if (device is { Kind: "disk", Target: { } target } && Host.Images.FindChain(targets.Live, target) is { Count: > 1 })
            view = view.ChangeLiveChain(Host.Images, target, static chain => chain);
        edit.Publish(view);
        if (alias is not null && edit.Events.HasListeners)
            edit.Events.Raise(new DomainDeviceAddedEvent { Dom = edit.View.Ref, DevAlias = alias });
        return default;
    }

    public override ValueTask DetachDevice(CallContext call, DomainRef dom, string xml) => DetachDeviceFlags(call, dom, xml, Flags.Live);

    public override ValueTask DetachDeviceFlags(CallContext call, DomainRef dom, string xml, Flags flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainDetachDeviceFlags");
        using DomainEdit edit = domains.Edit(dom);
        Targets targets = new(edit.View, (uint)flags);
        DeviceDescription device = domains.ParseDevice(xml, isNew: targets.Live is null);
        Detach(edit, targets, device, device);
        return default;
    }

    public override ValueTask DetachDeviceAlias(CallContext call, DomainRef dom, string alias, Flags flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainDetachDeviceAlias");
        using DomainEdit edit = domains.Edit(dom);
        Targets targets = new(edit.View, (uint)flags);
        DeviceDescription? config = targets.Config is { } configured ? FindAlias(configured, alias) : null;
        DeviceDescription? live = targets.Live is { } running ? FindAlias(running.WithAliases(), alias) : null;
        Detach(edit, targets, config, live);
        return default;
    }

    public override ValueTask UpdateDeviceFlags(CallContext call, DomainRef dom, string xml, Flags flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig | (uint)Flags.Force, "testDomainUpdateDeviceFlags");
        using DomainEdit edit = domains.Edit(dom);
        Targets targets = new(edit.View, (uint)flags);
        DeviceDescription device = domains.ParseDevice(xml, isNew: targets.Live is null);
        DomainParseOptions options = domains.Options();
        if (targets.Config is { } config)
            targets.Config = DeviceUpdate.InConfig(config, device, options);
        Node? drive = null;
        if (targets.Live is { } live)
            (targets.Live, drive) = DeviceUpdate.InRunning(live.WithAliases(), device, options);
        if (drive is not null)
            edit.View.Blocks.RequireIdle(new DomainDisk(drive).Target);
        edit.Publish(targets.Apply(edit.View));
        if (drive is not null)
            RaiseTray(edit, drive);
        return default;
    }

    private static void Detach(DomainEdit edit, Targets targets, DeviceDescription? fromConfig, DeviceDescription? fromRunning)
    {
        if (targets.Config is { } config)
            targets.Config = DeviceDetach.FromConfig(config, fromConfig!);
        string? alias = null;
        if (targets.Live is { } live)
        {
            (targets.Live, Node gone) = DeviceDetach.FromRunning(live.WithAliases(), fromRunning!);
            if (gone.Name == "disk")
                edit.View.Blocks.RequireIdle(new DomainDisk(gone).Target);
            alias = gone.Child("alias")?["name"];
        }

        edit.Publish(targets.Apply(edit.View));
        if (alias is not null && edit.Events.HasListeners)
            edit.Events.Raise(new DomainDeviceRemovedEvent { Dom = edit.View.Ref, DevAlias = alias });
    }

    private static DeviceDescription FindAlias(DomainDocument domain, string alias) =>
        domain.Devices.FirstOrDefault(device => device.Child("alias")?["name"] == alias) is { } found
            ? new DeviceDescription(found, HasMac: true)
            : throw VirException.Internal(ErrorDomain.Test, $"no device found with alias {alias}");

    private static void ChangeMedium(DomainEdit edit, Targets targets, DeviceDescription device, DomainParseOptions options)
    {
        DomainDocument live = targets.Live!.WithAliases();
        Node drive = DeviceAttach.DriveFor(live, device)!;
        edit.View.Blocks.RequireIdle(new DomainDisk(drive).Target);
        Node changed = DiskUpdate.WithMedium(drive, device.Node);
        targets.Live = live.WithDevice(changed, options, drive);
        edit.Publish(targets.Apply(edit.View));
        RaiseTray(edit, changed);
    }

    /// <summary>A medium is changed by opening the tray and closing it.</summary>
    private static void RaiseTray(DomainEdit edit, Node drive)
    {
        if (!edit.Events.HasListeners || drive.Child("alias")?["name"] is not { } alias)
            return;
        edit.Events.Raise(new DomainTrayChangeEvent { Dom = edit.View.Ref, DevAlias = alias, Reason = (int)DomainEventTrayChangeReason.Open });
        edit.Events.Raise(new DomainTrayChangeEvent { Dom = edit.View.Ref, DevAlias = alias, Reason = (int)DomainEventTrayChangeReason.Close });
    }

    /// <summary>The alias of the device of that kind that was not there before.</summary>
    private static string? NewAlias(DomainDocument before, DomainDocument after, string kind)
    {
        HashSet<string?> known = [.. before.Devices.Select(static device => device.Child("alias")?["name"])];
        return after.Devices.FirstOrDefault(device => device.Name == kind && device.Child("alias") is { } alias && !known.Contains(alias["name"]))
            ?.Child("alias")?["name"];
    }

    /// <summary>The definitions that a call means, as they are and as they are to be.</summary>
    private sealed class Targets
    {
        public Targets(DomainView view, uint flags)
        {
            uint impact = view.Impact(flags);
            if ((impact & (uint)Flags.Live) != 0)
                Live = view.Definition.Document;
            if ((impact & (uint)Flags.Config) != 0)
                Config = view.ConfigDefinition.Document;
        }

        public DomainDocument? Live { get; set; }

        public DomainDocument? Config { get; set; }

        /// <summary>The domain with the definitions as they are to be.</summary>
        public DomainView Apply(DomainView view)
        {
            if (Live is { } live)
                view = view.ChangeLive(_ => live);
            return Config is { } config ? view.ChangeConfig(_ => config) : view;
        }
    }
}
