using Libvirtd.Protocol;
using static Libvirtd.Documents.Values;

namespace Libvirtd.Documents;

/// <summary>Serial ports and consoles: the first console of a full virtual machine is another name for its first serial port.</summary>
internal static class ConsoleRules
{
    public static void Apply(Node root, Node devices, ErrorDomain domain)
    {
        bool isHvm = root.Find("os", "type")!.Text == "hvm";
        Number(devices, "parallel", domain);
        Number(devices, "serial", domain);
        List<Node> consoles = [.. devices.All("console")];
        for (int i = 1; i < consoles.Count; i++)
        {
            if (consoles[i].Child("target")?["type"] is null or "serial")
                throw Fault.Unsupported(domain, "Only the first console can be a serial port");
        }

        for (int i = 0; i < consoles.Count; i++)
            consoles[i].GetOrAdd("target")["port"] = ToText((ulong)i);
        if (isHvm)
            Pair(devices, consoles);
        foreach (Node console in consoles)
            console.Child("target")!["type"] ??= "serial";
    }

    /// <summary>Ports without a number get the next one after the highest so far.</summary>
    private static void Number(Node devices, string name, ErrorDomain domain)
    {
        Node[] ports = devices.All(name).ToArray();
        HashSet<string> isa = [.. ports.Where(static port => port.Child("target")?["type"] == "isa-serial" && port.Child("target")!.Has("port"))
            .Select(static port => port.Child("target")!["port"]!)];
        if (name == "serial")
            CheckIsa(ports, domain);
        foreach (Node port in ports)
        {
            Node target = port.GetOrAdd("target");
            if (target["type"] == "isa-serial" && !target.Has("port"))
            {
                int free = Enumerable.Range(0, 4).FirstOrDefault(number => !isa.Contains(ToText((ulong)number)), -1);
                if (free >= 0)
                {
                    target["port"] = ToText((ulong)free);
                    isa.Add(target["port"]!);
                }
            }
        }

        foreach (Node port in ports)
        {
            Node target = port.Child("target")!;
            if (target["port"] is not null and not "-1")
                continue;
            long highest = -1;
            foreach (Node other in ports)
                highest = Math.Max(highest, long.TryParse(other.Child("target")?["port"], out long number) ? number : -1);
            target["port"] = ToText(highest + 1);
        }
    }

    /// <summary>There are four ISA ports, and each is taken once.</summary>
    private static void CheckIsa(Node[] ports, ErrorDomain domain)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        int count = 0;
        foreach (Node port in ports)
        {
            if (port.Child("target") is not { } target || target["type"] != "isa-serial")
                continue;
            string? number = target["port"];
            if (++count > 4 || (long.TryParse(number, out long value) && value > 3))
                throw Fault.Internal(domain, "Maximum supported number of ISA serial ports is '4'");
            if (number is not null && !seen.Add(number))
                throw Fault.Internal(domain, $"target port '{number}' already allocated");
        }
    }

    private static void Pair(Node devices, List<Node> consoles)
    {
        Node? serial = devices.Child("serial");
        if (consoles.Count > 0 && consoles[0].Child("target")?["type"] is null or "serial")
        {
            if (consoles.Count == 0)
            {
                if (serial is not null && serial.Child("target")?["type"] is null or "isa-serial" or "spapr-vio-serial" or "system-serial" or "sclp-serial")
                    AddConsole(devices, consoles, serial!);
                return;
            }

            if (serial is null)
            {
                serial = Rename(consoles[0], "serial", CharacterSchemas.Serial);
                serial.RemoveAll("target");
                serial.Add("target")["port"] = "0";
                devices.Add(serial);
            }

            Replace(devices, consoles, serial);
            return;
        }

        if (serial is not null && serial.Child("target")?["type"] is null or "isa-serial" or "spapr-vio-serial" or "system-serial" or "sclp-serial")
            AddConsole(devices, consoles, serial!);
    }

    private static void Replace(Node devices, List<Node> consoles, Node serial)
    {
        Node mirror = Mirror(serial);
        devices.Replace(consoles[0], mirror);
        consoles[0] = mirror;
    }

    private static void AddConsole(Node devices, List<Node> consoles, Node serial)
    {
        Node mirror = Mirror(serial);
        if (consoles.Count == 0)
            devices.Add(mirror);
        else
            devices.InsertAt(devices.ChildList.IndexOf(consoles[0]), mirror);
        consoles.Insert(0, mirror);
    }

    private static Node Mirror(Node serial)
    {
        Node console = Rename(serial, "console", CharacterSchemas.Console);
        console.RemoveAll("target");
        Node target = console.Add("target");
        target["type"] = "serial";
        target["port"] = serial.Child("target")?["port"] ?? "0";
        return console;
    }

    private static Node Rename(Node device, string name, ElementSchema schema)
    {
        Node copy = new(name, schema);
        foreach (ref readonly NodeAttribute attribute in device.Attributes)
            copy.Append(attribute.Name, attribute.Value, attribute.Show);
        foreach (Node child in device.ChildList)
            copy.Append(child.Clone());
        return copy;
    }
}
