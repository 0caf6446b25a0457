using System.Globalization;
using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Graphics, video, sound and the host's audio.</summary>
internal static class GraphicsSchemas
{
    private static readonly string[] s_types = ["sdl", "vnc", "rdp", "desktop", "spice", "egl-headless", "dbus"];

    private static readonly ElementSchema s_listen = Element("listen")
        .Attr("type", OneOf("none", "address", "network", "socket"), required: true)
        .Attr("address", StorageSchemas.NonEmpty, when: static (in Scope scope) =>
            scope.Node["type"] == "address" || (scope.Node["type"] == "network" && !scope.Context.Inactive))
        .Attr("network", StorageSchemas.NonEmpty)
        .Attr("socket", StorageSchemas.NonEmpty)
        .Many()
        .Then(static (in Scope scope) =>
        {
            if (scope.Node.Has("network") && scope.Node["type"] != "network")
                throw Fault.Xml(scope.Context.Domain, "'network' attribute is valid only for listen type 'network'");
            return scope.Node.Has("socket") && scope.Node["type"] != "socket"
                ? throw Fault.Xml(scope.Context.Domain, "'socket' attribute is valid only for listen type 'socket'")
                : true;
        });

    private static readonly ElementSchema s_audio = Element("audio").Attr("id", Positive, required: true);

    private static readonly ElementSchema s_vnc = Auth(Element("graphics").Attr("type")
            .Attr("socket")
            .Attr("port", Int, bad: FaultText.Internal("cannot parse vnc port {0}"))
            .Attr("autoport", Any)
            .Attr("websocket", Number(int.MinValue, int.MaxValue, omitZero: true, signed: true))
            .Attr("listen")
            .Attr("keymap")
            .Attr("sharePolicy", OneOfOr("default", "allow-exclusive", "force-shared", "ignore"))
            .Attr("powerControl", YesNo))
        .With(s_listen, s_audio)
        .Open()
        .Then(static (in Scope scope) => GraphicsRules.FinishVnc(scope));

    private static readonly ElementSchema s_spice = Auth(Element("graphics").Attr("type")
            .Attr("port", Number(int.MinValue, int.MaxValue, omitZero: true, signed: true))
            .Attr("tlsPort", Number(int.MinValue, int.MaxValue, omitZero: true, signed: true))
            .Attr("autoport", YesNo)
            .Attr("listen")
            .Attr("keymap")
            .Attr("defaultMode", OneOfOr("any", "secure", "insecure")))
        .With(
            s_listen,
            Element("channel").Attr("name", OneOf("main", "display", "inputs", "cursor", "playback", "record", "smartcard", "usbredir"), required: true)
                .Attr("mode", OneOf("any", "secure", "insecure"), required: true).Many(),
            Element("image").Attr("compression", OneOf("auto_glz", "auto_lz", "quic", "glz", "lz", "off"), required: true),
            Element("jpeg").Attr("compression", OneOf("auto", "never", "always"), required: true),
            Element("zlib").Attr("compression", OneOf("auto", "never", "always"), required: true),
            Element("playback").Attr("compression", OnOff, required: true),
            Element("streaming").Attr("mode", OneOf("filter", "all", "off"), required: true),
            Element("mouse").Attr("mode", OneOf("server", "client"), required: true),
            Element("clipboard").Attr("copypaste", YesNo, required: true),
            Element("filetransfer").Attr("enable", YesNo, required: true),
            Element("gl").Attr("enable", YesNo, required: true).Attr("rendernode"))
        .Then(static (in Scope scope) => GraphicsRules.FinishSpice(scope));

    private static readonly ElementSchema s_rdp = Element("graphics").Attr("type")
        .Attr("port", Int, bad: FaultText.Internal("cannot parse rdp port {0}"))
        .Attr("autoport", Lenient(YesOnly))
        .Attr("replaceUser", Lenient(YesOnly))
        .Attr("multiUser", Lenient(YesOnly))
        .Attr("listen")
        .Attr("username", when: static (in Scope scope) => scope.Raw.Has("passwd"))
        .Attr("passwd", show: Show.Secure)
        .With(s_listen)
        .Then(static (in Scope scope) => GraphicsRules.FinishRdp(scope));

    private static readonly ElementSchema s_sdl = Element("graphics").Attr("type")
        .Attr("display")
        .Attr("xauth")
        .Attr("fullscreen", YesOnly)
        .With(Element("gl").Attr("enable", YesNo, required: true));

    private static readonly ElementSchema s_desktop = Element("graphics").Attr("type").Attr("display")
        .Attr("fullscreen", YesOnly);

    private static readonly ElementSchema s_headless = Element("graphics").Attr("type").With(Element("gl").Attr("rendernode"));

    private static readonly ElementSchema s_dbus = Element("graphics").Attr("type").Attr("p2p", YesOnly).Attr("address")
        .With(Element("gl").Attr("enable", YesNo, required: true).Attr("rendernode"), s_audio);

    public static readonly ElementSchema Graphics = Switch("graphics", static (raw, _) => raw["type"],
        ("vnc", s_vnc), ("spice", s_spice), ("rdp", s_rdp), ("sdl", s_sdl), ("desktop", s_desktop), ("egl-headless", s_headless), ("dbus", s_dbus),
        ("", Element("graphics").Attr("type", OneOf(s_types), required: true))).Many();

    public static readonly ElementSchema Video = Element("video")
        .With(
            Element("driver").Include(DeviceSchemas.VirtioOptions).Attr("name", OneOf("qemu", "vhostuser")).Attr("vgaconf", Lenient(OneOf("io", "on", "off"))),
            Element("model")
                .Attr("type", OneOfOr("default", "vga", "cirrus", "vmvga", "xen", "vbox", "qxl", "parallels", "virtio", "gop", "none", "bochs", "ramfb"),
                    bad: FaultText.Unsupported("unknown video model '{0}'"))
                .Attr("ram", UIntOrZero, bad: FaultText.Xml("cannot parse video ram '{0}'"))
                .Attr("vram", UIntOrZero, bad: FaultText.Xml("cannot parse video vram '{0}'"))
                .Attr("vram64", UIntOrZero, bad: FaultText.Xml("cannot parse video vram64 '{0}'"))
                .Attr("vgamem", UIntOrZero, bad: FaultText.Xml("cannot parse video vgamem '{0}'"))
                .Attr("heads", UIntOrZero, "1", bad: FaultText.Internal("cannot parse video heads '{0}'"))
                .Attr("primary", new PrimaryValue())
                .Attr("blob", OnOff)
                .With(
                    Element("acceleration").Attr("accel3d", YesNo).Attr("accel2d", YesNo).Attr("rendernode"),
                    Element("resolution").Attr("x", UInt, required: true).Attr("y", UInt, required: true))
                .Keep())
        .With(DeviceSchemas.Info)
        .Many()
        .Open()
        .Then(static (in Scope scope) =>
        {
            if (scope.Node.Child("model")?["type"] == "gop" || scope.Node.Child("driver") is not { } driver)
                return true;
            driver["vgaconf"] = null;
            if (driver.Attributes.Length == 0)
                scope.Node.Remove(driver);
            return true;
        });

    public static readonly ElementSchema Sound = Element("sound")
        .Attr("model", OneOf("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "ich7", "virtio"), required: true)
        .Attr("multichannel", YesNo, when: static (in Scope scope) => scope.Node["model"] == "usb")
        .Attr("streams", Positive, "2", when: IsVirtioSound)
        .With(
            Element("codec").Attr("type", OneOf("duplex", "micro", "output"), missing: FaultText.Unsupported("unknown codec type '(null)'"),
                    bad: FaultText.Unsupported("unknown codec type '{0}'")).Many()
                .When(static (in Scope scope) => scope.Parent?["model"] is "ich6" or "ich9"),
            s_audio)
        .With(DeviceSchemas.Info)
        .With(Element("driver").Include(DeviceSchemas.VirtioOptions).When(static (in Scope scope) => scope.Parent?["model"] == "virtio"))
        .Many();

    public static readonly ElementSchema Audio = Element("audio")
        .Attr("id", Positive)
        .Attr("type", OneOf("none", "alsa", "coreaudio", "jack", "oss", "pulseaudio", "sdl", "spice", "file", "dbus", "pipewire"), required: true)
        .Attr("timerPeriod", Positive)
        .Attr("tryMMap", YesNo, when: IsOss)
        .Attr("exclusive", YesNo, when: IsOss)
        .Attr("dspPolicy", Int, when: IsOss)
        .Attr("serverName", when: static (in Scope scope) => scope.Node["type"] == "pulseaudio")
        .Attr("driver", OneOf("esd", "alsa", "arts", "pulseaudio"), when: static (in Scope scope) => scope.Node["type"] == "sdl")
        .Attr("path", when: static (in Scope scope) => scope.Node["type"] == "file")
        .Attr("runtimeDir", when: static (in Scope scope) => scope.Node["type"] == "pipewire")
        .With(Direction("input"), Direction("output"))
        .Many()
        .Then(static (in Scope scope) =>
        {
            if (!scope.Node.Has("id"))
                Fault.ThrowMissingAttribute("audio", "id");
            if (scope.Node["dspPolicy"] is ['-', ..] policy)
                throw Fault.Xml(scope.Context.Domain, $"cannot parse 'dspPolicy' value '{policy}'");
            return true;
        });

    private static ElementSchema Auth(ElementSchema schema)
    {
        schema.Attr("passwd", show: Show.Secure).Attr("passwdValidTo", new TimeValue(), when: static (in Scope scope) => scope.Raw.Has("passwd"),
            bad: FaultText.Internal("cannot parse password validity time '{0}', expect YYYY-MM-DDTHH:MM:SS"));
        return schema.Attr("connected", OneOfOr("default", "fail", "disconnect", "keep"), when: static (in Scope scope) => scope.Raw.Has("passwd"),
            bad: FaultText.Unsupported("unknown connected value {0}"));
    }

    private static bool IsVirtioSound(in Scope scope) => scope.Node["model"] == "virtio";

    private static bool IsOss(in Scope scope) => scope.Node["type"] == "oss";

    private static Condition ParentIs(params string[] types) => (in Scope scope) => Array.IndexOf(types, scope.Parent?["type"]) >= 0;

    private static ElementSchema Direction(string name) => Element(name)
        .Attr("mixingEngine", YesNo)
        .Attr("fixedSettings", YesNo)
        .Attr("voices", Positive)
        .Attr("bufferLength", Positive)
        .Attr("dev", when: ParentIs("alsa", "oss"))
        .Attr("serverName", when: ParentIs("jack"))
        .Attr("clientName", when: ParentIs("jack"))
        .Attr("connectPorts", when: ParentIs("jack"))
        .Attr("exactName", YesNo, when: ParentIs("jack"))
        .Attr("name", when: ParentIs("pulseaudio", "pipewire"))
        .Attr("streamName", when: ParentIs("pulseaudio", "pipewire"))
        .Attr("latency", UIntOrZero, when: ParentIs("pulseaudio", "pipewire"))
        .Attr("bufferCount", UIntOrZero, when: ParentIs("coreaudio", "oss", "sdl"))
        .Attr("tryPoll", YesNo, when: ParentIs("oss"))
        .With(Element("settings")
            .Attr("frequency", Positive)
            .Attr("channels", Positive)
            .Attr("format", OneOf("u8", "s8", "u16", "s16", "u32", "s32", "f32"))
            .When(static (in Scope scope) => scope.Parent?["fixedSettings"] == "yes")
            .Always())
        .Then(static (in Scope scope) =>
        {
            if (scope.Node["fixedSettings"] == "yes" && scope.Node["mixingEngine"] != "yes")
                throw Fault.Unsupported(scope.Context.Domain, "fixed audio settings requires mixing engine");
            return scope.Node["fixedSettings"] != "yes" && scope.Raw.Child("settings") is not null
                ? throw Fault.Unsupported(scope.Context.Domain, "audio settings specified without fixed settings flag")
                : true;
        });

    /// <summary>A moment in UTC.</summary>
    private sealed class TimeValue : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            bool isTime = DateTime.TryParseExact(value, "yyyy-M-d'T'H:m:s", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime time);
            normal = isTime ? time.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture) : null;
            return isTime ? ValueResult.Ok : ValueResult.Bad;
        }
    }

    /// <summary>Anything but yes means no here; only yes is printed.</summary>
    private sealed class PrimaryValue : ValueSchema
    {
        public override ValueResult Normalise(string value, out string? normal)
        {
            normal = value == "yes" ? "yes" : null;
            return ValueResult.Ok;
        }
    }
}
