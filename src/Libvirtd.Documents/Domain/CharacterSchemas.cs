using Libvirtd.Protocol;
using static Libvirtd.Documents.ElementSchema;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Character devices: serial and parallel ports, consoles, channels, and the sources that other devices share with them.</summary>
internal static class CharacterSchemas
{
    public static readonly string[] Types =
    [
        "null", "vc", "pty", "dev", "file", "pipe", "stdio", "udp", "tcp", "unix", "spicevmc", "spiceport", "nmdm", "qemu-vdagent", "dbus",
    ];

    /// <summary>The end of the host: one element, or two for UDP.</summary>
    public static readonly ElementSchema Source = MakeSource();

    public static readonly ElementSchema Protocol = Element("protocol")
        .Attr("type", OneOf("raw", "telnet", "telnets", "tls"), "raw", bad: FaultText.Unsupported("Unknown protocol '{0}'"))
        .When(static (in Scope scope) => scope.Parent?["type"] == "tcp")
        .Always();

    public static readonly ElementSchema Log = Element("log").Attr("file", StorageSchemas.NonEmpty).Attr("append", OnOff)
        .Then(static (in Scope scope) => scope.Node.Has("file"));

    /// <summary>Source, protocol and log, in their order.</summary>
    public static readonly ElementSchema[] Host = [Source, Protocol, Log];

    public static readonly ElementSchema Parallel = Device("parallel", Element("target").Attr("port", Port(), bad: BadPort).Always());

    public static readonly ElementSchema Serial = Device("serial", Element("target")
        .Attr("type", OneOfOr("none", "isa-serial", "usb-serial", "pci-serial", "spapr-vio-serial", "system-serial", "sclp-serial", "isa-debug"), bad: TargetType)
        .Attr("port", Port(), bad: BadPort)
        .With(Element("model").Attr("name", OrEmpty(OneOfOr("none", "isa-serial", "usb-serial", "pci-serial", "spapr-vty", "pl011", "sclpconsole",
            "sclplmconsole", "16550a", "isa-debugcon")), bad: FaultText.Unsupported("unknown target model '{0}' specified for character device")))
        .Always());

    public static readonly ElementSchema Console = Device("console", Element("target")
        .Attr("type", OneOfOr("none", "serial", "xen", "uml", "virtio", "lxc", "openvz", "sclp", "sclplm"), bad: TargetType)
        .Attr("port", Port(), bad: BadPort)
        .Always());

    public static readonly ElementSchema Channel = Device("channel", Switch("target", static (raw, _) => raw["type"],
        ("guestfwd", Element("target").Attr("type")
            .Attr("address", Ip, missing: FaultText.Xml("guestfwd channel does not define a target address"))
            .Attr("port", UInt, required: true)
            .Then(static (in Scope scope) => DocumentText.IsIpv6(scope.Node["address"]!)
                ? throw Fault.Unsupported(scope.Context.Domain, "guestfwd channel only supports IPv4 addresses")
                : true)),
        ("virtio", Element("target").Attr("type").Attr("name")
            .Attr("state", OneOf("connected", "disconnected"), show: Show.Live, when: static (in Scope scope) => !scope.Context.Inactive)),
        ("xen", Element("target").Attr("type").Attr("name")),
        ("none", Element("target").Attr("type")),
        ("", DeviceSchemas.Reject("target", static raw => Fault.Unsupported(ErrorDomain.Domain,
            $"unknown target type '{raw["type"] ?? "(null)"}' specified for character device")))))
        .Then(static (in Scope scope) =>
        {
            if (scope.Node.Child("target") is not { } target)
                throw Fault.Xml(scope.Context.Domain, "target type must be specified for channel device");
            return scope.Node["type"] == "spicevmc" && target["type"] != "virtio"
                ? throw Fault.Unsupported(scope.Context.Domain, "spicevmc device type only supports virtio")
                : true;
        });

    private static FaultText BadPort => FaultText.Xml("Invalid port number: {0}");

    private static FaultText TargetType => FaultText.Unsupported("unknown target type '{0}' specified for character device");

    /// <summary>The attribute that says what the host's end is.</summary>
    /// <param name="schema">The device's table.</param>
    /// <param name="fallback">The type of a device that says none; null where there is none.</param>
    /// <param name="unknown">What the error for an unknown type calls it.</param>
    public static ElementSchema WithType(ElementSchema schema, string? fallback, string unknown = "type presented to host for character device: {0}") =>
        schema.Attr("type", OneOf(Types), fallback, bad: FaultText.Unsupported("unknown " + unknown));

    private static ElementSchema Device(string name, ElementSchema target)
    {
        ElementSchema device = WithType(Element(name), "pty");
        if (name == "console")
            device.Attr("tty", show: Show.Live, when: static (in Scope scope) => !scope.Context.Inactive && scope.Node["type"] == "pty");
        return device.With(Host).With(target).With(DeviceSchemas.Info).Many().Open().Then(CheckSources);
    }

    internal static bool CheckSources(in Scope scope)
    {
        int sources = scope.Raw.Count("source");
        if (scope.Node["type"] == "udp")
        {
            // Of each mode the first one counts.
            HashSet<string> modes = new(StringComparer.Ordinal);
            foreach (Node source in scope.Node.All("source").ToArray())
            {
                if (!modes.Add(source["mode"]!))
                    scope.Node.Remove(source);
            }
        }

        if (sources == 2 && scope.Node.All("source").ToArray() is [{ } first, { } second] && first["mode"] == "connect" && second["mode"] == "bind")
        {
            // Whatever came first, the end that listens is printed first.
            scope.Node.Remove(second);
            scope.Node.InsertAt(0, second);
        }

        if (sources > 1 && scope.Node["type"] != "udp")
            throw Fault.Xml(scope.Context.Domain, "only one source element is allowed for character device");
        if (scope.Raw.Count("log") > 1)
            throw Fault.Xml(scope.Context.Domain, "only one log element is allowed for character device");
        if (scope.Raw.Count("protocol") > 1)
            throw Fault.Xml(scope.Context.Domain, "only one protocol element is allowed for character device");
        return sources > 2
            ? throw Fault.Xml(scope.Context.Domain, "only two source elements are allowed for character device")
            : true;
    }

    private static ElementSchema MakeSource()
    {
        ElementSchema path = Element("source").Attr("path").With(StorageSchemas.Seclabel);
        ElementSchema file = Element("source").Attr("path").Attr("append", OnOff).With(StorageSchemas.Seclabel);
        ElementSchema pty = Element("source").Attr("path", show: Show.Live).With(StorageSchemas.Seclabel)
            .OnlyWhen(Show.Live)
            .When(static (in Scope scope) => !scope.Context.Inactive && scope.Raw.Has("path"));
        ElementSchema unix = Element("source").Attr("mode", OneOf("connect", "bind"), "connect").Attr("path")
            .With(StorageSchemas.Seclabel, StorageSchemas.Reconnect)
            .Then(static (in Scope scope) => scope.Node.Has("path"));
        ElementSchema tcp = Element("source").Attr("mode", OneOf("connect", "bind"), "connect").Attr("host").Attr("service").Attr("tls", YesNo)
            .With(StorageSchemas.Reconnect);
        ElementSchema udp = Element("source").Attr("mode", OneOf("connect", "bind"), "connect").Attr("host").Attr("service").Many()
            .Then(static (in Scope scope) => scope.Node.Has("host") || scope.Node.Has("service"));
        ElementSchema channel = Element("source").Attr("channel");
        ElementSchema nmdm = Element("source").Attr("master").Attr("slave");
        ElementSchema agent = Element("source").With(
            Element("clipboard").Attr("copypaste", YesNo, required: true),
            Element("mouse").Attr("mode", OneOf("server", "client"), required: true));
        return Switch("source", static (_, parent) => parent?["type"],
            ("dev|pipe", path), ("file", file), ("pty", pty), ("unix", unix), ("tcp", tcp), ("udp", udp), ("spiceport|dbus", channel), ("nmdm", nmdm),
            ("qemu-vdagent", agent)).Many();
    }

    private static ValueSchema Port() => Number(int.MinValue, uint.MaxValue, signed: true);
}
