using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Changes one part of a network, as <c>virsh net-update</c> asks for it.</summary>
public static class NetworkUpdate
{
    private const string Url = "network_update_xml";

    /// <summary>The network with the part added, replaced or removed.</summary>
    /// <param name="network">The network.</param>
    /// <param name="command">What to do.</param>
    /// <param name="section">Which kind of part the text is.</param>
    /// <param name="parentIndex">Which of several parents it belongs to; -1 is the fitting one.</param>
    /// <param name="xml">The part.</param>
    /// <exception cref="VirException">The part is not there to be changed, is there already, or must not be changed.</exception>
    public static NetworkDocument Apply(NetworkDocument network, NetworkUpdateCommand command, NetworkUpdateSection section, int parentIndex, string xml)
    {
        Node raw = DocumentReader.Read(xml, Url, ErrorDomain.Network);
        NetworkDocument changed = network.With(root => Change(new NetworkPart(root, raw, command), section, parentIndex));
        // A last reading finds what is wrong with the whole, such as two hosts of one address.
        NetworkDocument.Parse(changed.Format());
        return changed;
    }

    private static void Change(NetworkPart part, NetworkUpdateSection section, int parentIndex)
    {
        switch (section)
        {
            case NetworkUpdateSection.Bridge:
                throw part.NoSupport("bridge");
            case NetworkUpdateSection.Domain:
                throw part.NoSupport("domain");
            case NetworkUpdateSection.Ip:
                throw part.NoSupport("ip");
            case NetworkUpdateSection.Forward:
                throw part.NoSupport("forward");
            case NetworkUpdateSection.ForwardPf:
                throw part.NoSupport("forward pf");
            case NetworkUpdateSection.IpDhcpHost:
                NetworkAddressUpdate.Host(part, parentIndex);
                break;
            case NetworkUpdateSection.IpDhcpRange:
                NetworkAddressUpdate.Range(part, parentIndex);
                break;
            case NetworkUpdateSection.ForwardInterface:
                ForwardInterface(part);
                break;
            case NetworkUpdateSection.Portgroup:
                PortGroup(part);
                break;
            case NetworkUpdateSection.DnsHost:
                NetworkDnsUpdate.Host(part);
                break;
            case NetworkUpdateSection.DnsTxt:
                NetworkDnsUpdate.Text(part);
                break;
            case NetworkUpdateSection.DnsSrv:
                NetworkDnsUpdate.Service(part);
                break;
            default:
                throw NetworkPart.Unsupported("can't update unrecognized section of network");
        }
    }

    private static void ForwardInterface(NetworkPart part)
    {
        part.Expect("interface");
        part.RefuseModify("forward interface entries");
        string dev = part.Raw["dev"] ?? throw Fault.Xml(ErrorDomain.Network, "missing dev attribute in <interface> element");
        // As upstream has it, a network that forwards nothing takes an interface to forward to, and shows nothing of it.
        Node forward = part.Root.Child("forward") ?? new Node("forward", NetworkSchema.Root.FindChild("forward"));
        Node? found = forward.All("interface").FirstOrDefault(one => one["dev"] == dev);
        if (part.IsAdd)
        {
            if (found is not null)
                throw NetworkPart.Invalid($"there is an existing interface entry in network '{part.Name}' that matches \"<interface dev='{dev}'>\"");
            part.Insert(forward, new Node("interface", NetworkSchema.Root.FindChild("forward")!.FindChild("interface")) { ["dev"] = dev });
        }
        else if (part.IsDelete)
        {
            forward.Remove(found ?? throw NetworkPart.Invalid(
                $"couldn't find an interface entry in network '{part.Name}' matching <interface dev='{dev}'>"));
        }
        else
        {
            throw part.UnknownCommand();
        }

        forward["dev"] = forward.Child("interface")?["dev"];
    }

    private static void PortGroup(NetworkPart part)
    {
        part.Expect("portgroup");
        Node group = part.Normalise(NetworkSchema.PortGroup, null)!;
        string name = group["name"]!;
        Node? found = part.Root.All("portgroup").FirstOrDefault(one => one["name"] == name);
        if (found is null && (part.IsModify || part.IsDelete))
            throw NetworkPart.Invalid($"couldn't find a portgroup entry in network '{part.Name}' matching <portgroup name='{name}'>");
        if (found is not null && part.IsAdd)
            throw NetworkPart.Invalid($"there is an existing portgroup entry in network '{part.Name}' that matches \"<portgroup name='{name}'>\"");
        if (!part.IsDelete && group.Has("default") && part.Root.All("portgroup").Any(one => one.Has("default") && one != found))
        {
            throw NetworkPart.Invalid(
                $"a different portgroup entry in network '{part.Name}' is already set as the default. Only one default is allowed.");
        }

        if (part.IsModify)
            part.Root.Replace(found!, group);
        else if (part.IsAdd)
            part.Insert(part.Root, group);
        else if (part.IsDelete)
            part.Root.Remove(found!);
        else
            throw part.UnknownCommand();
    }
}
