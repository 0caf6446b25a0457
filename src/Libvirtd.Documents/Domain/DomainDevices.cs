namespace Libvirtd.Documents;

/// <summary>A disk of a domain: a view on its node.</summary>
public readonly struct DomainDisk(Node node)
{
    public Node Node { get; } = node;

    /// <summary>"file", "block", "network" ...</summary>
    public string Type => Node["type"] ?? "file";

    /// <summary>"disk", "cdrom", "floppy" or "lun".</summary>
    public string Device => Node["device"] ?? "disk";

    /// <summary>The name in the guest, such as vda: what block calls address the disk by.</summary>
    public string Target => Node.Child("target")!["dev"]!;

    public string? Bus => Node.Child("target")!["bus"];

    /// <summary>The file, device, or name of the image; null for a drive without a medium.</summary>
    public string? Source => Node.Child("source") is { } source ? source["file"] ?? source["dev"] ?? source["dir"] ?? source["name"] ?? source["volume"] : null;

    /// <summary>The image's format, such as qcow2; null where none is given.</summary>
    public string? Format => Node.Child("driver")?["type"];

    public bool IsReadOnly => Node.Child("readonly") is not null;

    public string? Serial => Node.ChildText("serial");
}

/// <summary>A network interface of a domain: a view on its node.</summary>
public readonly struct DomainInterface(Node node)
{
    public Node Node { get; } = node;

    /// <summary>"network", "bridge", "user" ...</summary>
    public string Type => Node["type"] ?? "user";

    public string Mac => Node.Child("mac")!["address"]!;

    /// <summary>The network, bridge or device that it is connected to.</summary>
    public string? Source => Node.Child("source") is { } source ? source["network"] ?? source["bridge"] ?? source["dev"] ?? source["name"] : null;

    /// <summary>The host's name of the interface.</summary>
    public string? TargetDevice => Node.Child("target")?["dev"];

    public string? Model => Node.Child("model")?["type"];

    /// <summary>"up" or "down"; null where nothing is said.</summary>
    public string? LinkState => Node.Child("link")?["state"];
}
