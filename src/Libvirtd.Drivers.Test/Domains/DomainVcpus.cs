using System.Globalization;
using Libvirtd.Documents;
using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainVcpuFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>Virtual CPUs: how many there are, and on which of the host's they may run.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask<int> GetMaxVcpus(CallContext call, DomainRef dom) => GetVcpusFlags(call, dom, Flags.Live | Flags.Maximum);

    public override ValueTask<int> GetVcpusFlags(CallContext call, DomainRef dom, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Live | Flags.Config | Flags.Maximum), "testDomainGetVcpusFlags");
        DomainDefinition definition = View(dom).One((uint)flags);
        return new((int)(flags.HasFlag(Flags.Maximum) ? definition.MaxVcpus : definition.Vcpus));
    }

    public override ValueTask SetVcpus(CallContext call, DomainRef dom, uint nvcpus) => SetVcpusFlags(call, dom, nvcpus, Flags.Live);

    public override ValueTask SetVcpusFlags(CallContext call, DomainRef dom, uint nvcpus, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Live | Flags.Config | Flags.Maximum), "testDomainSetVcpusFlags");
        if (nvcpus > TestHost.MostVcpus)
        {
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test,
                $"requested cpu amount exceeds maximum supported amount ({unchecked((int)nvcpus)} > {TestHost.MostVcpus})");
        }

        using DomainEdit edit = domains.Edit(dom);
        DomainView view = edit.View;
        uint impact = view.Impact((uint)flags);
        bool isLive = (impact & (uint)Flags.Live) != 0;
        bool isConfig = (impact & (uint)Flags.Config) != 0;
        bool isMaximum = flags.HasFlag(Flags.Maximum);
        if (isLive)
            RequireRoom(view.Definition, nvcpus);
        if (isConfig && !isMaximum)
            RequireRoom(view.ConfigDefinition, nvcpus);
        if (isLive)
            view = view.ChangeLive(document => document.WithVcpus(nvcpus, document.MaxVcpus));
        if (isConfig)
        {
            view = view.ChangeConfig(document => isMaximum
                ? document.WithVcpus(Math.Min(document.Vcpus, nvcpus), nvcpus)
                : document.WithVcpus(nvcpus, document.MaxVcpus));
        }

        edit.Publish(view);
        return default;

        static void RequireRoom(DomainDefinition definition, uint wanted)
        {
            if (definition.MaxVcpus < wanted)
            {
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test,
                    $"requested cpu amount exceeds maximum ({wanted} > {definition.MaxVcpus})");
            }
        }
    }

    public override ValueTask<DomainGetVcpusRet> GetVcpus(CallContext call, DomainRef dom, int maxinfo, int maplen)
    {
        DomainView view = View(dom);
        if (!view.IsActive)
            throw Invalid("cannot list vcpus for an inactive domain");
        DomainDefinition definition = view.Definition;
        int count = (int)Math.Min((uint)maxinfo, definition.Vcpus);
        ulong time = (ulong)Microseconds() / 10;
        VcpuInfo[] infos = new VcpuInfo[count];
        byte[] maps = new byte[count * maplen];
        for (int i = 0; i < count; i++)
        {
            byte[] cpus = VcpuPinning(definition, i);
            CpuMaps.Put(cpus, maps.AsSpan(i * maplen, maplen));
            infos[i] = new VcpuInfo { Number = (uint)i, State = (int)VcpuState.Running, CpuTime = time, Cpu = CpuMaps.Last(cpus) };
        }

        return new(new DomainGetVcpusRet { Info = infos, Cpumaps = maps });
    }

    public override ValueTask PinVcpu(CallContext call, DomainRef dom, uint vcpu, byte[] cpumap) =>
        PinVcpuFlags(call, dom, vcpu, cpumap, DomainModificationImpact.Current);

    public override ValueTask PinVcpuFlags(CallContext call, DomainRef dom, uint vcpu, byte[] cpumap, DomainModificationImpact flags)
    {
        FlagCheck.Require((uint)flags, 0, "testDomainPinVcpuFlags");
        using DomainEdit edit = domains.Edit(dom);
        if (!edit.View.IsActive)
            throw Invalid("cannot pin vcpus on an inactive domain");
        if (vcpu >= edit.View.Definition.Vcpus)
        {
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test,
                $"requested vcpu '{unchecked((int)vcpu)}' is not present in the domain");
        }

        edit.Publish(edit.View.ChangeLive(document => document.With(root => SetVcpuPin(root, vcpu, CpuMaps.Text(cpumap)))));
        return default;
    }

    public override ValueTask<DomainGetVcpuPinInfoRet> GetVcpuPinInfo(CallContext call, DomainRef dom, int ncpumaps, int maplen,
        DomainModificationImpact flags)
    {
        DomainDefinition definition = View(dom).One((uint)flags);
        int count = (int)Math.Min((uint)ncpumaps, definition.MaxVcpus);
        byte[] maps = new byte[ncpumaps * maplen];
        for (int i = 0; i < count; i++)
            CpuMaps.Put(VcpuPinning(definition, i), maps.AsSpan(i * maplen, maplen));
        return new(new DomainGetVcpuPinInfoRet { Cpumaps = maps[..(count * maplen)], Num = count });
    }

    public override ValueTask PinEmulator(CallContext call, DomainRef dom, byte[] cpumap, DomainModificationImpact flags)
    {
        FlagCheck.Require((uint)flags, (uint)(DomainModificationImpact.Live | DomainModificationImpact.Config), "testDomainPinEmulator");
        using DomainEdit edit = domains.Edit(dom);
        edit.View.IsLiveAlone((uint)flags);
        if (CpuMaps.Last(cpumap) < 0)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, "Empty cpu list for pinning");
        edit.Publish(edit.View.ChangeOne((uint)flags, document => document.With(root =>
            root.GetOrAdd("cputune").GetOrAdd("emulatorpin")["cpuset"] = CpuMaps.Text(cpumap))));
        return default;
    }

    public override ValueTask<DomainGetEmulatorPinInfoRet> GetEmulatorPinInfo(CallContext call, DomainRef dom, int maplen,
        DomainModificationImpact flags)
    {
        FlagCheck.Require((uint)flags, (uint)(DomainModificationImpact.Live | DomainModificationImpact.Config), "testDomainGetEmulatorPinInfo");
        DomainDefinition definition = View(dom).One((uint)flags);
        byte[] map = new byte[maplen];
        CpuMaps.Put(Pinning(definition, definition.Document.Root.Find("cputune", "emulatorpin")?["cpuset"]), map);
        return new(new DomainGetEmulatorPinInfoRet { Cpumaps = map, Ret = 1 });
    }

    private static void SetVcpuPin(Node root, uint vcpu, string cpus)
    {
        string number = vcpu.ToString(CultureInfo.InvariantCulture);
        Node tune = root.GetOrAdd("cputune");
        Node? pin = tune.All("vcpupin").FirstOrDefault(pin => pin["vcpu"] == number);
        if (pin is null)
        {
            Node[] later = [.. tune.All("vcpupin").Where(pin => uint.Parse(pin["vcpu"]!, CultureInfo.InvariantCulture) > vcpu)];
            pin = tune.Add("vcpupin");
            pin["vcpu"] = number;
            foreach (Node one in later)
            {
                tune.Remove(one);
                tune.Add(one);
            }
        }

        pin["cpuset"] = cpus;
    }

    private byte[] VcpuPinning(DomainDefinition definition, int vcpu)
    {
        string number = vcpu.ToString(CultureInfo.InvariantCulture);
        Node? pin = definition.Document.Root.Child("cputune")?.All("vcpupin").FirstOrDefault(pin => pin["vcpu"] == number);
        return pin?["cpuset"] is "" ? [] : Pinning(definition, pin?["cpuset"]); // pinned to none, as upstream takes it
    }

    /// <summary>The host's CPUs of a thread: its own, those of the whole domain, or all.</summary>
    private byte[] Pinning(DomainDefinition definition, string? own) =>
        CpuMaps.Parse(own ?? definition.Document.Root.Child("vcpu")?["cpuset"]) ?? CpuMaps.AllOf(Host.MostCpus);
}
