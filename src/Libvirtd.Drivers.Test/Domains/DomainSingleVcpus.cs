using Libvirtd.Documents;
using Libvirtd.Protocol;
using Impact = Libvirtd.Protocol.DomainModificationImpact;

namespace Libvirtd.Drivers.Test;

/// <summary>Virtual CPUs by their numbers: beyond upstream's test driver, with the rules and texts of QEMU's.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask SetVcpu(CallContext call, DomainRef dom, string cpumap, int state, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainSetVcpu");
        RequireVcpuState(state, "testDomainSetVcpu");
        NumberSet wanted = ParseVcpus(cpumap);
        if (wanted.IsEmpty)
            throw BadVcpu("no vcpus selected for modification");
        using DomainEdit edit = domains.Edit(dom);
        DomainView view = edit.View;
        uint impact = view.Impact((uint)flags);
        DomainDocument? config = (impact & (uint)Impact.Config) != 0 ? view.ConfigDefinition.Document : null;
        DomainDocument? live = (impact & (uint)Impact.Live) != 0 ? view.Definition.Document : null;
        if (config is not null && wanted.Last >= config.MaxVcpus)
            throw BadVcpu($"vcpu {wanted.Last} is not present in persistent config");
        if (live is not null && wanted.Last >= live.MaxVcpus)
            throw BadVcpu($"vcpu {wanted.Last} is not present in live config");
        if (wanted.Last >= VcpuList.Most)
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, $"vcpus from {VcpuList.Most} on cannot be set one by one");
        if (live is not null)
        {
            RequireHotplug(live, wanted, state == 1);
            view = view.ChangeLive(document => WithVcpus(document, wanted, state == 1));
        }

        if (config is not null)
        {
            RequireConfigurable(config, wanted);
            view = view.ChangeConfig(document => WithVcpus(document, wanted, state == 1));
        }

        edit.Publish(view);
        return default;
    }

    private static DomainDocument WithVcpus(DomainDocument document, NumberSet wanted, bool online)
    {
        VcpuList list = VcpuList.Of(document);
        for (int i = 0; i < list.Count; i++)
        {
            if (wanted.Contains(i))
                list.Set(i, online);
        }

        return list.ApplyTo(document);
    }

    private static void RequireHotplug(DomainDocument document, NumberSet wanted, bool online)
    {
        VcpuList list = VcpuList.Of(document);
        int count = 0;
        for (int i = 0; i < list.Count; i++)
        {
            if (!wanted.Contains(i))
                continue;
            count++;
            if (list.IsOnline(i) == online)
                throw BadVcpu($"vcpu '{i}' is already in requested state");
            if (!online && !list.IsHotpluggable(i))
                throw BadVcpu($"vcpu '{i}' can't be hotunplugged");
        }

        if (count != 1)
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, "only one hotpluggable entity can be selected");
    }

    private static void RequireConfigurable(DomainDocument document, NumberSet wanted)
    {
        if (wanted.Contains(0))
            throw BadVcpu("vCPU '0' can't be modified");
        VcpuList list = VcpuList.Of(document);
        bool isListed = document.Root.Child("vcpus") is not null;
        int first = -1;
        for (int i = 0; i < list.Count; i++)
        {
            if (wanted.Contains(i))
                first = first < 0 ? i : first;
            else if (first >= 0 && isListed && list.IsOnline(i) && !list.IsHotpluggable(i))
                throw BadVcpu($"vcpu '{first}' can't be modified as it is followed by non-hotpluggable online vcpus");
        }
    }

    private static VirException BadVcpu(string detail) => VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, detail);
}
