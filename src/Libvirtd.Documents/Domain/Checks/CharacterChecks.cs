using System.Buffers;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Upstream's validation of character devices and of the sources that other devices share with them.</summary>
internal static class CharacterChecks
{
    private static readonly SearchValues<char> s_channelCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

    public static void Apply(Node device, Whole whole) => Source(device, whole);

    public static void Smartcard(Node card, Whole whole)
    {
        if (DeviceChecks.AddressType(card) is not (null or "ccid"))
            throw whole.Unsupported("Controllers must use the 'ccid' address type");
        if (card["mode"] == "passthrough")
            Source(card, whole);
    }

    /// <summary>The host's end of a device, of the type that its "type" attribute says.</summary>
    public static void Source(Node device, Whole whole)
    {
        Node? source = device.Child("source");
        string? fault = device["type"] switch
        {
            "dev" or "file" or "pipe" when source?["path"] is null => "Missing source path attribute for char device",
            "nmdm" when (source?["master"] is null) != (source?["slave"] is null) => "Should define both master and slave path attributes for nmdm device",
            "tcp" when source?["host"] is null => "Missing source host attribute for char device",
            "tcp" when source["service"] is null => "Missing source service attribute for char device",
            "tcp" or "unix" when source?["mode"] == "bind" && source.Child("reconnect")?["enabled"] == "yes" =>
                "chardev reconnect is possible only for connect mode",
            "udp" when !device.All("source").Any(static one => one["mode"] == "connect" && one.Has("service")) =>
                "Missing source service attribute for char device",
            "unix" when source?["path"] is null && !(device.Name == "channel" && device.Child("target")?["type"] is "xen" or "virtio") =>
                "Missing source path attribute for char device",
            _ => null,
        };
        if (fault is not null)
            throw whole.Internal(fault);
        if (device["type"] is "spiceport" or "dbus")
        {
            string channel = source?["channel"] ?? throw whole.Unsupported("Missing source channel attribute for char device");
            if (channel.AsSpan().IndexOfAnyExcept(s_channelCharacters) >= 0)
                throw VirException.Of(ErrorCode.InvalidArg, whole.Error, "Invalid character in source channel for char device");
        }

        foreach (Node one in device.All("source"))
            DeviceChecks.Labels(one, whole);
    }
}
