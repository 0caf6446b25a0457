using Libvirtd.Protocol;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Devices: buses and addresses that follow from names, controllers that devices imply, ports in sequence.</summary>
internal static class DeviceRules
{
    /// <summary>More controllers of a type than this are not made up for an address or a name; upstream would make them all.</summary>
    private const ulong MaxImplied = 1024;

    public static void Apply(Node root, DomainParseOptions options)
    {
        Node devices = root.Child("devices")!;
        DiskRules.Apply(devices, options.ErrorDomain);
        ControllerRules.Order(devices, options.ErrorDomain);
        CompleteInputs(root, devices, options.ErrorDomain);
        ConsoleRules.Apply(root, devices, options.ErrorDomain);
        CompletePanics(devices, options.ErrorDomain);
        AddImpliedControllers(devices, options.ErrorDomain);
        CompleteVideo(root, devices, options);
    }

    private static void CompleteInputs(Node root, Node devices, ErrorDomain domain)
    {
        string os = root.Find("os", "type")!.Text!;
        string arch = root.Find("os", "type")!["arch"]!;
        bool noUsb = devices.All("controller").Any(static one => one["type"] == "usb" && one["model"] == "none");
        foreach (Node input in devices.All("input"))
        {
            string type = input["type"]!;
            if (input["bus"] == "usb" && input.Child("address")?["type"] is not (null or "usb"))
                throw Fault.Xml(domain, "Invalid address for a USB device");
            string? usual = os switch
            {
                "hvm" when type is "mouse" or "keyboard" && arch is "i686" or "x86_64" => "ps2",
                "hvm" when arch is "s390" or "s390x" || type == "passthrough" => "virtio",
                "hvm" when type == "evdev" => null,
                "hvm" => "usb",
                "xen" or "linux" or "xenpvh" => "xen",
                _ => root["type"] is "vz" or "parallels" ? "parallels" : null,
            };
            input["bus"] ??= usual;
            // A bus of none is printed as none said, which is read as the usual one.
            if (noUsb && (input["bus"] == "usb" || (input["bus"] == "none" && usual == "usb")))
                throw Fault.Unsupported(domain, "Can't add USB input device. USB bus is disabled");
            if (input["bus"] == "none")
                input["bus"] = null;
        }
    }

    private static void CompletePanics(Node devices, ErrorDomain domain)
    {
        HashSet<string> models = new(StringComparer.Ordinal);
        foreach (Node panic in devices.All("panic"))
        {
            if (!models.Add(panic["model"] ?? "default"))
                throw Fault.Xml(domain, $"Multiple panic devices with model '{panic["model"] ?? "default"}'");
        }
    }

    private static void AddImpliedControllers(Node devices, ErrorDomain domain)
    {
        AddForDisks(devices, "scsi", "scsi", domain);
        AddForDisks(devices, "fdc", "fdc", domain);
        AddForDisks(devices, "ide", "ide", domain);
        AddForDisks(devices, "sata", "sata", domain);
        foreach (Node device in devices.ChildList.ToArray())
        {
            if (device.Name is "channel" or "console" && device.Child("target")?["type"] == "virtio")
                AddOne(devices, "virtio-serial", AddressOf(device, "virtio-serial")?["controller"] ?? "0", domain);
        }

        HashSet<string> taken = new(StringComparer.Ordinal);
        foreach (Node card in devices.All("smartcard"))
        {
            if (AddressOf(card, "ccid") is { } given && given["controller"] == "0")
                taken.Add(given["slot"]!);
        }

        ulong nextSlot = 0;
        foreach (Node card in devices.All("smartcard").ToArray())
        {
            while (taken.Contains(ToText(nextSlot)))
                nextSlot++;
            if (card.Child("address") is null)
            {
                Node address = DiskRules.NewAddress("ccid", ("controller", "0"), ("slot", ToText(nextSlot)));
                taken.Add(ToText(nextSlot));
                card.Add(address);
            }

            if (AddressOf(card, "ccid") is not { } place)
                continue;
            AddOne(devices, "ccid", place["controller"]!, domain);
        }

        foreach (Node host in devices.All("hostdev").ToArray())
        {
            if (host["type"] != "scsi")
                continue;
            if (host.Child("address") is null)
                host.Add(DiskRules.NextScsiAddress(devices));
            if (AddressOf(host, "drive") is { } place)
                AddUpTo(devices, "scsi", DomainRules.Number(place["controller"]), domain);
        }
    }

    private static void AddForDisks(Node devices, string controller, string bus, ErrorDomain domain)
    {
        ulong? most = null;
        foreach (Node disk in devices.ChildList)
        {
            if (disk.Name == "disk" && disk.Child("target")?["bus"] == bus && AddressOf(disk, "drive") is { } place)
                most = Math.Max(most ?? 0, DomainRules.Number(place["controller"]));
        }

        if (most is { } last)
            AddUpTo(devices, controller, last, domain);
    }

    private static void AddUpTo(Node devices, string type, ulong last, ErrorDomain domain)
    {
        if (last >= MaxImplied)
            throw Fault.Unsupported(domain, $"{type} controller {last} is too far: no more than {MaxImplied} are added for what uses them");
        ControllerRules.Ensure(devices, type, Enumerable.Range(0, (int)last + 1).Select(static index => ToText((ulong)index)));
    }

    /// <summary>A controller's index is a signed number; an address has room for more.</summary>
    private static void AddOne(Node devices, string type, string index, ErrorDomain domain)
    {
        if (DomainRules.Number(index) > int.MaxValue)
            throw Fault.Unsupported(domain, $"{type} controller {index} is too far");
        ControllerRules.Ensure(devices, type, index);
    }

    internal static Node? AddressOf(Node device, string type) => device.Child("address") is { } address && address["type"] == type ? address : null;

    private static void CompleteVideo(Node root, Node devices, DomainParseOptions options)
    {
        if (devices.Child("graphics") is not null && devices.Child("video") is null)
            devices.Add("video").Add("model")["heads"] = "1";
        Node[] videos = devices.All("video").ToArray();
        if (videos.Length == 0)
            return;
        if (videos.Count(static video => video.Child("model")?["primary"] == "yes") > 1)
            throw Fault.Unsupported(options.ErrorDomain, "Only one primary video device is supported");
        Node? primary = Array.FindLast(videos, static video => video.Child("model")?["primary"] == "yes");
        if (primary is not null && primary != videos[0])
        {
            int first = devices.ChildList.IndexOf(videos[0]);
            devices.Remove(primary);
            devices.InsertAt(first, primary);
            videos = devices.All("video").ToArray();
        }

        foreach (Node video in videos)
        {
            bool isMade = video.Child("model") is null;
            Node model = video.GetOrAdd("model");
            string type = model["type"] ??= DefaultVideo(root, options);
            if (isMade)
                model["heads"] = "1";
            if (type == "qxl" && !model.Has("ram"))
                model["ram"] = "65536";
            if (!model.Has("vram"))
            {
                model["vram"] = type switch
                {
                    "vga" or "cirrus" or "vmvga" => root["type"] switch { "vbox" => "8192", "vmware" => "4096", _ => "16384" },
                    "bochs" => "16384",
                    "xen" => "4096",
                    "qxl" => "65536",
                    _ => null,
                };
            }

            RoundUp(model, "ram");
            RoundUp(model, "vram");
        }

        if (videos[0].Child("model")!["type"] == "none")
            Clear(videos[0]);
        else
            videos[0].Child("model")!["primary"] = "yes";
    }

    private static string DefaultVideo(Node root, DomainParseOptions options) => root.Find("os", "type")!.Text is "xen" or "linux"
        ? "xen"
        : root.Find("os", "type")!["arch"] is "ppc64" or "ppc64le" ? "vga" : options.DefaultVideo;

    private static void RoundUp(Node model, string name)
    {
        if (model[name] is { } text)
            model[name] = ToText((ulong)(uint)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)DomainRules.Number(text)));
    }

    /// <summary>No video at all: nothing but an alias is kept beside that word.</summary>
    private static void Clear(Node video)
    {
        foreach (Node child in video.ChildList.ToArray())
        {
            if (child.Name is not ("model" or "alias"))
                video.Remove(child);
        }

        Node model = video.Child("model")!;
        Node none = new("model", model.Schema);
        none.Append("type", "none");
        video.Replace(model, none);
    }
}
