using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Upstream's validation of what it took up after 9.0, as 11.3 has it.</summary>
internal static class NewerChecks
{
    public static void Apply(Whole whole)
    {
        CheckGroups(whole);
        if (whole.Root.Child("os") is { } os && os.Child("loader") is not null && os.Child("shim") is not null && os.Child("kernel") is null)
            throw whole.Unsupported("shim only allowed with kernel option");
    }

    public static void Disk(Node disk, Whole whole)
    {
        Node? driver = disk.Child("driver");
        if (driver?["discard_no_unref"] is not null && driver["type"] != "qcow2")
            throw whole.Unsupported("'discard_no_unref' only works with qcow2 disk format");
        CheckDataStore(disk.Child("source"), driver?["type"], whole);
        for (Node? link = disk.Child("backingStore"); link is not null; link = link.Child("backingStore"))
            CheckDataStore(link.Child("source"), link.Child("format")?["type"], whole);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Node filter in disk.Child("throttlefilters")?.ChildList ?? [])
        {
            string group = filter["group"]!;
            if (!seen.Add(group))
                throw whole.Xml($"duplicate filter name '{group}' found");
            if (whole.Root.Child("throttlegroups")?.All("throttlegroup").Any(one => one.ChildText("group_name") == group) != true)
                throw whole.Xml($"throttle group '{group}' not found");
        }
    }

    public static void Controller(Node controller, Whole whole)
    {
        if (controller.Child("driver")?.Child("iothreads") is not null
            && controller["model"] is not ("virtio-scsi" or "virtio-transitional" or "virtio-non-transitional"))
        {
            throw whole.Unsupported("iothreads are supported only by 'virtio-scsi' controllers");
        }
    }

    public static void Interface(Node device, Whole whole)
    {
        if (device.Child("portForward") is not null && (device.Child("backend")?["type"] != "passt" || device["type"] is not ("user" or "vhostuser")))
        {
            throw whole.Unsupported(
                "The <portForward> element can only be used with the 'passt' backend of interface type='user' or type='vhostuser'");
        }

        foreach (Node range in device.All("portForward").SelectMany(static forward => forward.ChildList))
        {
            if (!range.Has("start") && (range.Has("end") || range.Has("to") || range.Has("exclude")))
                throw whole.Unsupported("The 'range' of a 'portForward' requires 'start' attribute if 'end', 'to', or 'exclude' is specified");
        }
    }

    private static void CheckGroups(Whole whole)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Node group in whole.Root.Child("throttlegroups")?.ChildList ?? [])
        {
            string name = group.ChildText("group_name")!;
            if (!seen.Add(name))
                throw whole.Xml($"duplicate group name '{name}' found");
        }
    }

    private static void CheckDataStore(Node? source, string? format, Whole whole)
    {
        if (source?.Child("dataStore") is not null && format != "qcow2")
            throw whole.Unsupported("<dataStore> feature available only with qcow2 images");
    }
}
