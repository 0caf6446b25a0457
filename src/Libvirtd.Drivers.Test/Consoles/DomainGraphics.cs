using System.Net.Sockets;
using System.Runtime.InteropServices;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Displays of running domains: beyond upstream's test driver, with the rules and texts of QEMU's. A VNC display shows its picture; others
/// hang up at once.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask OpenGraphics(CallContext call, DomainRef dom, uint idx, DomainOpenGraphicsFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainOpenGraphicsFlags.Skipauth, "testDomainOpenGraphics");
        string type = FindDisplay(dom, idx);
        if (call.Files is not [SafeHandle file, ..])
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, "no descriptor came with the call");
        Show(dom, SocketPair.Duplicate(file), type);
        return default;
    }

    public override ValueTask OpenGraphicsFd(CallContext call, DomainRef dom, uint idx, DomainOpenGraphicsFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainOpenGraphicsFlags.Skipauth, "testDomainOpenGraphicsFD");
        string type = FindDisplay(dom, idx);
        (Socket own, SafeHandle other) = SocketPair.Create();
        call.AddReplyFile(other);
        Show(dom, own, type);
        return default;
    }

    public override ValueTask GraphicsReload(CallContext call, DomainRef dom, DomainGraphicsReloadType type, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainGraphicsReload");
        if ((uint)type > (uint)DomainGraphicsReloadType.Vnc)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"unknown graphics type '{(uint)type}'");
        if (!ActiveView(dom).Definition.Devices("graphics").Any(static one => one["type"] == "vnc"))
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, "failed to reload graphics: no VNC display");
        return default;
    }

    private string FindDisplay(in DomainRef dom, uint number)
    {
        DomainDefinition definition = ActiveView(dom).Definition;
        Node[] displays = [.. definition.Devices("graphics")];
        if (number >= displays.Length)
            throw VirException.Internal(ErrorDomain.Test, $"No graphics backend with index {unchecked((int)number)}");
        string type = displays[number]["type"]!;
        if (type is not ("vnc" or "spice" or "dbus"))
        {
            throw VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Test,
                $"Can only open VNC, SPICE or D-Bus p2p graphics backends, not {type}");
        }

        return type;
    }

    private void Show(in DomainRef dom, Socket client, string type)
    {
        // Nobody speaks the other languages here.
        if (type == "vnc" && Host.Consoles.Show(dom.Uuid, dom.Name, client))
            return;
        client.Dispose();
        if (type == "vnc")
            throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, "too many clients look at displays");
    }
}
