using Libvirtd.Documents;
using Libvirtd.Protocol;
using Impact = Libvirtd.Protocol.DomainModificationImpact;

namespace Libvirtd.Drivers.Test;

/// <summary>I/O threads: which there are, where they run, how they poll.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask<DomainGetIothreadInfoRet> GetIothreadInfo(CallContext call, DomainRef dom, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainGetIOThreadInfo");
        DomainDefinition definition = View(dom).One((uint)flags);
        DomainDocument document = definition.Document;
        string? all = document.Root.Child("vcpu")?["cpuset"];
        // Upstream's map of a thread that is pinned nowhere has a bit for each virtual CPU.
        byte[] free = CpuMaps.Parse(all) ?? CpuMaps.AllOf((int)Math.Min(definition.Vcpus, NumberSet.Limit));
        DomainIothreadInfo[] infos = [.. IoThreads.Of(document).Select(id => new DomainIothreadInfo
        {
            IothreadId = id,
            Cpumap = CpuMaps.Parse(IoThreads.PinOf(document, id)) ?? free,
        })];
        return new(new DomainGetIothreadInfoRet { Info = infos, Ret = (uint)infos.Length });
    }

    public override ValueTask AddIothread(CallContext call, DomainRef dom, uint iothreadId, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainAddIOThread");
        RequireThreadId(iothreadId);
        using DomainEdit edit = domains.Edit(dom);
        if (IoThreads.Of(edit.View.One((uint)flags).Document).Contains(iothreadId))
            throw BadThread($"an IOThread is already using iothread_id '{iothreadId}'", ErrorDomain.Domain);
        edit.Publish(edit.View.ChangeOne((uint)flags, document => document.With(root => IoThreads.Add(root, iothreadId))));
        return default;
    }

    public override ValueTask DelIothread(CallContext call, DomainRef dom, uint iothreadId, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainDelIOThread");
        RequireThreadId(iothreadId);
        using DomainEdit edit = domains.Edit(dom);
        DomainDocument domain = edit.View.One((uint)flags).Document;
        if (!IoThreads.Of(domain).Contains(iothreadId))
            throw BadThread($"cannot find IOThread '{iothreadId}' in iothreadids list", ErrorDomain.Domain);
        if (IoThreads.UserOf(domain, iothreadId) is { } user)
        {
            throw BadThread(user.Name == "disk"
                ? $"cannot remove IOThread {iothreadId} since it is being used by disk '{user.Child("target")?["dev"]}'"
                : $"cannot remove IOThread '{iothreadId}' since it is being used by controller", ErrorDomain.Domain);
        }

        DomainView view = edit.View.ChangeOne((uint)flags, document => document.With(root => IoThreads.Remove(root, iothreadId)));
        edit.Publish(view with { Run = view.Run with { Polling = view.Run.Polling.Remove(iothreadId) } });
        return default;
    }

    public override ValueTask PinIothread(CallContext call, DomainRef dom, uint iothreadsId, byte[] cpumap, Impact flags)
    {
        FlagCheck.Require((uint)flags, LiveOrConfig, "testDomainPinIOThread");
        using DomainEdit edit = domains.Edit(dom);
        DomainDocument domain = edit.View.One((uint)flags).Document;
        if (CpuMaps.Last(cpumap) < 0)
            throw BadThread("Empty iothread cpumap list for pinning");
        if (!IoThreads.Of(domain).Contains(iothreadsId))
            throw BadThread($"iothreadid {unchecked((int)iothreadsId)} not found");
        edit.Publish(edit.View.ChangeOne((uint)flags, document => document.With(root => IoThreads.Pin(root, iothreadsId, CpuMaps.Text(cpumap)))));
        return default;
    }

    public override ValueTask SetIothreadParams(CallContext call, DomainRef dom, uint iothreadId, TypedParam[] @params, Impact flags)
    {
        FlagCheck.Require((uint)flags, (uint)Impact.Live, "testDomainSetIOThreadParams");
        RequireThreadId(iothreadId);
        using DomainEdit edit = domains.Edit(dom);
        if (!IoThreads.Of(edit.View.One((uint)flags).Document).Contains(iothreadId))
            throw BadThread($"cannot find IOThread '{iothreadId}' in iothreadids");
        TypedParamRules.Require(@params, ("poll_max_ns", TypedParameterType.Ullong), ("poll_grow", TypedParameterType.Uint),
            ("poll_shrink", TypedParameterType.Uint));
        RunView run = edit.View.Run;
        IoThreadPolling polling = run.Polling.GetValueOrDefault(iothreadId, IoThreadPolling.Default);
        polling = new IoThreadPolling(@params.Find("poll_max_ns")?.ULong ?? polling.MaxNanoseconds, @params.Find("poll_grow")?.UInt ?? polling.Grow,
            @params.Find("poll_shrink")?.UInt ?? polling.Shrink);
        edit.Publish(edit.View with { Run = run with { Polling = run.Polling.SetItem(iothreadId, polling) } });
        return default;
    }

    private static void RequireThreadId(uint id)
    {
        if (id == 0)
            throw BadThread("invalid value of 0 for iothread_id");
    }

    private static VirException BadThread(string detail, ErrorDomain domain = ErrorDomain.Test) => VirException.Of(ErrorCode.InvalidArg, domain, detail);
}
