using System.Globalization;
using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>The virtual CPUs of a definition one by one.</summary>
internal sealed class VcpuList
{
    /// <summary>More than these are not told apart.</summary>
    public const uint Most = 4096;

    private readonly bool[] _online;
    private readonly bool[] _hotpluggable;

    private VcpuList(int count)
    {
        _online = new bool[count];
        _hotpluggable = new bool[count];
    }

    public int Count => _online.Length;

    /// <summary>A definition that does not list them has the first ones on, which stay.</summary>
    public static VcpuList Of(DomainDocument domain)
    {
        VcpuList list = new((int)Math.Min(domain.MaxVcpus, Most));
        for (int i = 0; i < list.Count; i++)
        {
            list._online[i] = i < domain.Vcpus;
            list._hotpluggable[i] = i >= domain.Vcpus;
        }

        foreach (Node one in domain.Root.Child("vcpus")?.All("vcpu") ?? [])
        {
            if (!int.TryParse(one["id"], NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id >= list.Count)
                continue;
            list._online[id] = one["enabled"] == "yes";
            list._hotpluggable[id] = one["hotpluggable"] != "no" && (one["hotpluggable"] == "yes" || !list._online[id]);
        }

        return list;
    }

    public bool IsOnline(int vcpu) => _online[vcpu];

    public bool IsHotpluggable(int vcpu) => _hotpluggable[vcpu];

    public void Set(int vcpu, bool online)
    {
        _online[vcpu] = online;
        _hotpluggable[vcpu] = true;
    }

    public DomainDocument ApplyTo(DomainDocument domain)
    {
        uint online = (uint)_online.Count(static one => one) + (domain.MaxVcpus > Most && domain.Vcpus > Most ? domain.Vcpus - Most : 0);
        return domain.WithVcpus(online, domain.MaxVcpus).With(root =>
        {
            root.RemoveAll("vcpus");
            Node list = root.Add("vcpus");
            for (int i = 0; i < Count; i++)
            {
                Node one = list.Add("vcpu");
                one["id"] = i.ToString(CultureInfo.InvariantCulture);
                one["enabled"] = _online[i] ? "yes" : "no";
                one["hotpluggable"] = _hotpluggable[i] ? "yes" : "no";
            }
        });
    }
}
