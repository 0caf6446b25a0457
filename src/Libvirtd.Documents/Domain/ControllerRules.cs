using Libvirtd.Protocol;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Controllers: their order, their indexes, and the ones that devices imply.</summary>
internal static class ControllerRules
{
    public static void Order(Node devices, ErrorDomain domain)
    {
        Node[] given = devices.All("controller").ToArray();
        if (given.Length == 0)
            return;
        CompleteCompanions(given);
        CheckUsb(given, domain);
        List<Node> ordered = [];
        foreach (Node one in given)
            Insert(ordered, one);
        AssignIndexes(ordered);
        HashSet<(string, string)> seen = [];
        foreach (Node one in ordered)
        {
            if (one["type"] != "usb" && !seen.Add((one["type"]!, one["index"]!)))
                throw Fault.Xml(domain, $"Multiple '{one["type"]}' controllers with index '{one["index"]}'");
        }

        devices.RemoveAll("controller");
        foreach (Node one in ordered)
            devices.Add(one);
    }

    /// <summary>Makes sure of a controller with that type and index; a new one stands after the last of its type that comes before it.</summary>
    public static void Ensure(Node devices, string type, string index) => Ensure(devices, type, [index]);

    /// <summary>The same for several indexes.</summary>
    public static void Ensure(Node devices, string type, IEnumerable<string> indexes)
    {
        List<Node> controllers = [.. devices.All("controller")];
        HashSet<string?> present = [.. controllers.Where(one => one["type"] == type).Select(static one => one["index"])];
        int before = controllers.Count;
        foreach (string index in indexes)
        {
            if (!present.Add(index))
                continue;
            Node raw = new("controller");
            raw.Append("type", type);
            Node made = new("controller", DiskSchemas.Controller.Resolve(raw, null));
            made.Append("type", type);
            made.Append("index", index);
            Insert(controllers, made);
        }

        if (controllers.Count == before)
            return;
        devices.RemoveAll("controller");
        foreach (Node one in controllers)
            devices.Add(one);
    }

    private static void Insert(List<Node> ordered, Node one)
    {
        int place = -1;
        for (int i = ordered.Count - 1; i >= 0; i--)
        {
            Node current = ordered[i];
            if (current["type"] != one["type"])
                continue;
            if (one["index"] is null)
            {
                place = i + 1;
                break;
            }

            long here = IndexOf(current), mine = IndexOf(one);
            if (here > mine || (here == mine && one.Child("master") is null && current.Child("master") is not null))
                place = i;
            else if (place == -1)
                place = i + 1;
        }

        ordered.Insert(place == -1 ? ordered.Count : place, one);
    }

    private static long IndexOf(Node controller) => controller["index"] is { } text ? (long)DomainRules.Number(text) : -1;

    private static void AssignIndexes(List<Node> ordered)
    {
        for (int i = 0; i < ordered.Count; i++)
        {
            Node one = ordered[i];
            if (one.Has("index"))
                continue;
            string type = one["type"]!;
            if (i > 0 && IsUsb2(one) && ordered[..i].FindLast(static before => before["type"] == "usb") is { } previous && IsUsb2(previous)
                && !ordered.Exists(other => other["type"] == "usb" && other["index"] == previous["index"] && other["model"] == one["model"]))
            {
                one["index"] = previous["index"];
                continue;
            }

            HashSet<string?> used = [.. ordered.Where(other => other["type"] == type).Select(static other => other["index"])];
            ulong index = 0;
            while (used.Contains(ToText(index)))
                index++;
            one["index"] = ToText(index);
        }
    }

    /// <summary>A companion of an EHCI controller that does not say where its ports begin gets the place that its model has.</summary>
    private static void CompleteCompanions(Node[] controllers)
    {
        foreach (Node one in controllers)
        {
            string? port = one["type"] != "usb" ? null : one["model"] switch { "ich9-uhci1" => "0", "ich9-uhci2" => "2", "ich9-uhci3" => "4", _ => null };
            if (port is not null && one.Child("master") is null)
                one.Add("master")["startport"] = port;
        }
    }

    private static bool IsUsb2(Node controller) => controller["type"] == "usb"
        && controller["model"] is "ich9-ehci1" or "ich9-uhci1" or "ich9-uhci2" or "ich9-uhci3";

    private static void CheckUsb(Node[] controllers, ErrorDomain domain)
    {
        Node[] usb = Array.FindAll(controllers, static one => one["type"] == "usb");
        bool none = Array.Exists(usb, static one => one["model"] == "none");
        if (none && usb.Length > 1)
            throw VirException.Of(ErrorCode.XmlDetail, domain, "Can't add another USB controller: USB is disabled for this domain");
        if (!none && usb.Length > 0 && Array.TrueForAll(usb, static one => one.Child("master") is not null))
            throw VirException.Of(ErrorCode.XmlDetail, domain, "No master USB controller specified");
    }
}
