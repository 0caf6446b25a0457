using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Consoles and channels of running domains: beyond upstream's test driver, with the rules and texts of QEMU's.</summary>
internal sealed partial class TestDomainDriver
{
    private const string Unnamed = "<null>";

    public override ValueTask<StreamEndpoint> OpenConsole(CallContext call, DomainRef dom, string? devName, DomainConsoleFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(DomainConsoleFlags.Force | DomainConsoleFlags.Safe), "testDomainOpenConsole");
        DomainDefinition definition = ActiveView(dom).Definition;
        IReadOnlyList<Node> devices = definition.Document.WithAliases().Devices;
        Node? device = devName is null
            ? devices.FirstOrDefault(static one => one.Name == "console") ?? devices.FirstOrDefault(static one => one.Name == "serial")
            : devices.FirstOrDefault(one => one.Name is "console" or "serial" or "parallel" && AliasOf(one) == devName);
        if (device is null)
            throw VirException.Internal(ErrorDomain.Test, $"cannot find character device {devName ?? Unnamed}");
        string alias = AliasOf(device) ?? "";
        if (device["type"] != "pty")
            throw VirException.Internal(ErrorDomain.Test, $"character device {alias} is not using a PTY");
        DomainRef running = dom with { Id = definition.Id };
        GuestShell shell = new(definition.Name, device.Name == "console" ? "hvc0" : "ttyS0", () => PowerOff(running));
        return new(Host.Consoles.Open(definition.Uuid, alias, flags.HasFlag(DomainConsoleFlags.Force), shell)
            ?? throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, "Active console session exists for this domain"));
    }

    public override ValueTask<StreamEndpoint> OpenChannel(CallContext call, DomainRef dom, string? name, DomainChannelFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainChannelFlags.Force, "testDomainOpenChannel");
        DomainDefinition definition = ActiveView(dom).Definition;
        IEnumerable<Node> channels = definition.Document.WithAliases().Devices.Where(static one => one.Name == "channel");
        Node? channel = channels.FirstOrDefault(one => name is null || AliasOf(one) == name
            || (one.Child("target") is { } target && target["type"] == "virtio" && target["name"] == name));
        if (channel is null)
            throw VirException.Internal(ErrorDomain.Test, $"cannot find channel {name ?? Unnamed}");
        if (channel["type"] != "unix")
            throw VirException.Internal(ErrorDomain.Test, $"channel {name ?? AliasOf(channel)} is not using a UNIX socket");
        return new(Host.Consoles.Open(definition.Uuid, AliasOf(channel) ?? "", flags.HasFlag(DomainChannelFlags.Force), new GuestEcho())
            ?? throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, "Active channel stream exists for this domain"));
    }

    private static string? AliasOf(Node device) => device.Child("alias")?["name"];

    /// <summary>The guest turns itself off, unless that life of it has ended already.</summary>
    private void PowerOff(DomainRef running)
    {
        if (domains.Find(running.Uuid) is not { } domain)
            return;
        using DomainEdit edit = domain.Edit();
        if (edit.View.IsActive && edit.View.Definition.Id == running.Id && !edit.View.IsGone)
            End(edit, static document => document.OnPoweroff);
    }
}
