using System.Globalization;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The I/O threads of a definition: a count, or a list of ids.</summary>
internal static class IoThreads
{
    /// <summary>More than these no call can tell of.</summary>
    public const int Most = 16384;

    public static bool AreAny(DomainDocument domain) => domain.Root.Child("iothreads") is not null;

    /// <summary>The ids in the document's order. A count without ids means ids from 1 on.</summary>
    /// <exception cref="VirException">There are more than a reply can hold.</exception>
    public static List<uint> Of(DomainDocument domain) => Of(domain.Root);

    public static List<uint> Of(Node root)
    {
        List<uint> ids = [];
        foreach (Node thread in root.Child("iothreadids")?.Children ?? [])
            ids.Add(uint.Parse(thread["id"]!, CultureInfo.InvariantCulture));
        if (!uint.TryParse(root.ChildText("iothreads"), NumberStyles.None, CultureInfo.InvariantCulture, out uint count))
            return ids;
        if (count > Most)
            throw VirException.Of(ErrorCode.Rpc, ErrorDomain.Test, $"Too many IOThreads in info: {count} for limit {Most}");
        HashSet<uint> used = [.. ids];
        for (uint id = 1; ids.Count < count; id++)
        {
            if (used.Add(id))
                ids.Add(id);
        }

        return ids;
    }

    public static void Add(Node root, uint id)
    {
        List<uint> ids = Of(root);
        ids.Add(id);
        Set(root, ids);
    }

    public static void Remove(Node root, uint id)
    {
        List<uint> ids = Of(root);
        int place = ids.IndexOf(id);
        bool isLast = place == ids.Count - 1;
        bool isListed = root.Child("iothreadids") is not null;
        ids.RemoveAt(place);
        if (ids.Count > 0 && isLast && !isListed)
            root.Child("iothreads")!.Text = Text((uint)ids.Count);
        else
            Set(root, ids);
        if (root.Child("cputune") is not { } tune)
            return;
        foreach (Node pin in tune.All("iothreadpin").ToArray())
        {
            if (pin["iothread"] == Text(id))
                tune.Remove(pin);
        }

        if (tune.Children.Count == 0)
            root.Remove(tune);
    }

    /// <summary>Where a thread may run; a pinned thread is named in the list of ids.</summary>
    public static void Pin(Node root, uint id, string cpus)
    {
        Set(root, Of(root));
        Node tune = root.GetOrAdd("cputune");
        Node? pin = tune.All("iothreadpin").FirstOrDefault(one => one["iothread"] == Text(id));
        if (pin is null)
        {
            pin = tune.Add("iothreadpin");
            pin["iothread"] = Text(id);
        }

        pin["cpuset"] = cpus;
    }

    public static string? PinOf(DomainDocument domain, uint id) =>
        domain.Root.Child("cputune")?.All("iothreadpin").FirstOrDefault(one => one["iothread"] == Text(id))?["cpuset"];

    /// <summary>The disk or controller that uses a thread; null where none does.</summary>
    public static Node? UserOf(DomainDocument domain, uint id) => domain.Devices.FirstOrDefault(device =>
        device.Name is "disk" or "controller" && device.Child("driver")?["iothread"] == Text(id));

    private static void Set(Node root, List<uint> ids)
    {
        Node? before = root.Child("iothreadids");
        root.RemoveAll("iothreads");
        root.RemoveAll("iothreadids");
        if (ids.Count == 0)
            return;
        root.Add("iothreads").Text = Text((uint)ids.Count);
        Node list = root.Add("iothreadids");
        foreach (uint id in ids)
        {
            if (before?.All("iothread").FirstOrDefault(one => one["id"] == Text(id)) is { } known)
                list.Add(known);
            else
                list.Add("iothread")["id"] = Text(id);
        }
    }

    private static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);
}
