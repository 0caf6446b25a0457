using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Upstream's validation of what a user sees, hears and touches: video, graphics, sound and input.</summary>
internal static class MediaChecks
{
    public static void Video(Node video, Whole whole)
    {
        Node model = video.Child("model")!;
        string type = model["type"]!;
        if (whole.Devices.Count("video") > 1 && whole.Devices.All("video").Any(static one => one.Child("model")?["type"] == "none"))
            throw whole.Unsupported("a 'none' video type must be the only video device defined for the domain");
        if (video.Child("driver")?["name"] == "vhostuser")
        {
            if (type != "virtio")
                throw whole.Unsupported("'vhostuser' driver is only supported with 'virtio' device");
        }
        else if (model.Child("acceleration")?["rendernode"] is not null)
        {
            throw whole.Unsupported("unsupported rendernode accel attribute without 'vhostuser'");
        }

        if (model.Child("resolution") is { } size && (size["x"] == "0" || size["y"] == "0"))
            throw whole.Unsupported("video resolution values must be greater than 0");
        foreach (string name in (ReadOnlySpan<string>)["ram", "vram64", "vgamem"])
        {
            if (type != "qxl" && model.Has(name))
                throw whole.Unsupported($"{name} attribute only supported for video type qxl");
        }

        if (type == "ramfb" && DeviceChecks.AddressType(video) is not null)
            throw whole.Unsupported("address not supported for video type ramfb");
        if (type == "virtio")
            return;
        DeviceChecks.NoVirtioOptions(video.Child("driver"), whole);
        if (model.Has("blob"))
            throw whole.Unsupported($"video type '{type}' does not support blob resources");
    }

    public static void Graphics(Node graphics, Whole whole)
    {
        string? type = graphics["type"];
        if (type is "vnc" or "spice" or "rdp")
        {
            foreach (Node listen in graphics.All("listen"))
            {
                if (listen["type"] == "network" && !listen.Has("network"))
                    throw whole.Xml("'network' attribute is required for listen type 'network'");
                if (listen["type"] is "socket" or "none" && type == "rdp")
                    throw whole.Unsupported($"listen type '{listen["type"]}' is not available for graphics type '{type}'");
            }
        }

        if (type == "vnc")
            EnsureAudio(graphics.Child("audio")?["id"], whole);
        if (type == "dbus" && graphics["p2p"] == "yes" && graphics.Has("address"))
            throw whole.Xml("D-Bus p2p with an address is not supported");
    }

    public static void Sound(Node sound, Whole whole) => EnsureAudio(sound.Child("audio")?["id"], whole);

    public static void Audio(Node audio, Whole whole)
    {
        if (whole.Devices.All("audio").Count(other => other["id"] == audio["id"]) > 1)
            throw whole.Xml($"audio ID {audio["id"]} is used multiple times");
    }

    public static void Input(Node input, Whole whole)
    {
        string type = input["type"]!;
        string? bus = input["bus"];
        CheckInputBus(type, bus, whole);
        if (type == "passthrough" && bus != "virtio")
            throw whole.Unsupported("only bus 'virtio' is supported for 'passthrough' input devices");
        if (type == "evdev" && bus is not null)
            throw whole.Unsupported("input evdev doesn't support bus element");
        if (input["model"] is { } model && bus != "virtio")
            throw whole.Unsupported($"only bus 'virtio' is supported for input model '{model}'");
    }

    private static void CheckInputBus(string type, string? bus, Whole whole)
    {
        bool isPlain = type is "mouse" or "keyboard";
        switch (whole.Root.Find("os", "type")!.Text)
        {
            case "hvm" when bus == "ps2" && !isPlain:
                throw whole.Internal($"ps2 bus does not support {type} input device");
            case "hvm" when bus == "xen":
                throw whole.Internal($"unsupported input bus {bus}");
            case "hvm":
                break;
            case "xen" or "xenpvh" or "linux" when IsXen(whole.Root):
                if (bus != "xen")
                    throw whole.Internal($"unsupported input bus {bus}");
                if (!isPlain)
                    throw whole.Internal($"xen bus does not support {type} input device");
                break;
            default:
                if (whole.Root["type"] is not ("vz" or "parallels"))
                    throw whole.Internal("Input devices are not supported by this virtualization driver.");
                if (bus != "parallels")
                    throw whole.Internal($"parallels containers don't support input bus {bus}");
                if (!isPlain)
                    throw whole.Internal($"parallels bus does not support {type} input device");
                break;
        }
    }

    /// <summary>A paravirtual guest of Xen is printed as "linux", and "linux" means just that only there.</summary>
    private static bool IsXen(Node root) => root.Find("os", "type")!.Text != "linux" || root["type"] == "xen";

    private static void EnsureAudio(string? id, Whole whole)
    {
        if (id is null or "0" || whole.Devices.All("audio").Any(audio => audio["id"] == id))
            return;
        throw whole.Xml($"no audio device with ID {ToText(DomainRules.Number(id))}");
    }
}
