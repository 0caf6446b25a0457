using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Statistics. There is nothing to measure: the figures are fixed, or grow with the clock.</summary>
internal sealed partial class TestDomainDriver
{
    private const ulong TotalCpuTime = 48772617035;

    public override ValueTask<DomainGetCpuStatsRet> GetCpuStats(CallContext call, DomainRef dom, uint nparams, int startCpu, uint ncpus,
        TypedParameterFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)TypedParameterFlags.Okay, "testDomainGetCPUStats");
        ActiveView(dom);
        return new(startCpu == -1 ? TotalCpuStats(nparams) : CpuStats(nparams, startCpu, ncpus, (int)Host.Node.Cores));
    }

    public override ValueTask<DomainBlockStatsRet> BlockStats(CallContext call, DomainRef dom, string path)
    {
        if (path.Length == 0)
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, "summary statistics are not supported yet");
        if (Images.FindDisk(ActiveView(dom).Definition, path) is null)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"invalid path: {path}");
        return new(IoFigures.OfDisk(Microseconds()));
    }

    public override ValueTask<DomainInterfaceStatsRet> InterfaceStats(CallContext call, DomainRef dom, string device)
    {
        FindInterface(ActiveView(dom).Definition.Document, device);
        return new(IoFigures.OfInterface(Microseconds()));
    }

    public override ValueTask<DomainGetBlockInfoRet> GetBlockInfo(CallContext call, DomainRef dom, string path, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainGetBlockInfo");
        if (Images.FindDisk(View(dom).Definition, path) is not { } disk)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"invalid path {path} not assigned to domain");
        if (disk.Source is null && disk.Type != "network")
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"disk '{path}' does not currently have a source assigned");
        ImageFile file = Images.Get(Images.ChainOf(disk.Node).Active);
        return new(new DomainGetBlockInfoRet { Capacity = file.Capacity, Allocation = file.Allocation, Physical = file.Allocation });
    }

    public override ValueTask<DomainGetDiskErrorsRet> GetDiskErrors(CallContext call, DomainRef dom, uint maxerrors, uint flags)
    {
        const int KindsOfErrors = 2;
        FlagCheck.Require(flags, 0, "testDomainGetDiskErrors");
        DomainDisk[] disks = [.. ActiveView(dom).Definition.Document.Disks];
        if (maxerrors == 0)
            return new(new DomainGetDiskErrorsRet { Errors = [], Nerrors = disks.Length });
        DomainDiskError[] errors = new DomainDiskError[Math.Min((uint)disks.Length, maxerrors)];
        for (int i = 0; i < errors.Length; i++)
            errors[i] = new DomainDiskError { Disk = disks[i].Target, Error = i % KindsOfErrors + 1 };
        return new(new DomainGetDiskErrorsRet { Errors = errors, Nerrors = errors.Length });
    }

    public override ValueTask<DomainGetSecurityLabelRet> GetSecurityLabel(CallContext call, DomainRef dom) => new(SecurityLabel(dom));

    public override ValueTask<DomainStatsRecord[]> GetAllDomainStats(CallContext call, DomainRef[] doms, DomainStatsTypes stats,
        ConnectGetAllDomainStatsFlags flags)
    {
        const ConnectGetAllDomainStatsFlags Filters = (ConnectGetAllDomainStatsFlags)0xff;
        const ConnectGetAllDomainStatsFlags Known = Filters | ConnectGetAllDomainStatsFlags.Nowait | ConnectGetAllDomainStatsFlags.Backing
            | ConnectGetAllDomainStatsFlags.EnforceStats;
        FlagCheck.Require((uint)flags, (uint)Known, "testConnectGetAllDomainStats");
        if ((flags & ConnectGetAllDomainStatsFlags.EnforceStats) != 0 && (stats & ~StatsRecord.Supported) != 0)
        {
            throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.Test,
                $"Stats types bits 0x{(uint)(stats & ~StatsRecord.Supported):x} are not supported by this daemon");
        }

        DomainStatsTypes groups = stats == 0 ? StatsRecord.Usual : stats;
        bool withBacking = (flags & ConnectGetAllDomainStatsFlags.Backing) != 0;
        ConnectListAllDomainsFlags filter = (ConnectListAllDomainsFlags)(flags & Filters);
        if (doms.Length > 0)
            return new(Records(Existing(doms), doms.Length, groups, withBacking, filter));
        PublishedList<DomainStatsRecord>? made = filter != 0 ? null : groups switch
        {
            StatsRecord.Usual => domains.UsualStats,
            DomainStatsTypes.State => domains.States,
            _ => null,
        };
        return new(made is null
            ? Records(domains.All, domains.All.Length, groups, withBacking, filter)
            : made.Get(() => Records(domains.All, domains.All.Length, groups, withBacking: false, filter: 0)));
    }

    private DomainStatsRecord[] Records(IEnumerable<TestDomain> some, int count, DomainStatsTypes groups, bool withBacking,
        ConnectListAllDomainsFlags filter)
    {
        List<DomainStatsRecord> records = new(count);
        long time = Microseconds();
        TypedParam[] values = [];
        (DomainState, int)? shown = null; // most domains are in the state of the one before
        foreach (TestDomain domain in some)
        {
            DomainView view = domain.View;
            if (view.IsGone || !DomainFilter.Matches(view, filter))
                continue;
            if ((groups & ~StatsRecord.Usual) != 0 || (groups.HasFlag(DomainStatsTypes.Iothread) && view.Definition.HasIoThreads))
            {
                values = StatsRecord.Of(view, Host.Images, groups, withBacking, time);
                shown = null;
            }
            else if (shown != (view.State, view.Reason))
            {
                shown = (view.State, view.Reason);
                values = StatsRecord.Of(view, Host.Images, groups, withBacking, time);
            }

            records.Add(new DomainStatsRecord { Dom = view.Ref, Params = values });
        }

        return [.. records];
    }

    private DomainGetSecurityLabelRet SecurityLabel(in DomainRef dom) => View(dom).IsActive
        ? new DomainGetSecurityLabelRet { Label = "libvirt-test\0"u8.ToArray(), Enforcing = 1 }
        : new DomainGetSecurityLabelRet { Label = "\0"u8.ToArray(), Enforcing = 0 };

    private static DomainGetCpuStatsRet TotalCpuStats(uint nparams)
    {
        TypedParam[] all = [new("cpu_time", TotalCpuTime), new("user_time", 5540000000ul), new("system_time", 6460000000ul)];
        return nparams == 0
            ? new DomainGetCpuStatsRet { Params = [], Nparams = all.Length }
            : Reply(all[..(int)Math.Min(nparams, (uint)all.Length)], cpus: 1);
    }

    private static DomainGetCpuStatsRet CpuStats(uint nparams, int startCpu, uint ncpus, int cpus)
    {
        const int PerCpu = 2;
        if (ncpus == 0)
            return new DomainGetCpuStatsRet { Params = [], Nparams = cpus };
        if (nparams == 0)
            return new DomainGetCpuStatsRet { Params = [], Nparams = PerCpu };
        if (startCpu >= cpus)
        {
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test,
                $"start_cpu {startCpu} larger than maximum of {cpus - 1}");
        }

        ulong share = TotalCpuTime / (ulong)cpus;
        List<TypedParam> values = [];
        for (int cpu = startCpu; cpu < Math.Min(cpus, startCpu + ncpus); cpu++)
        {
            values.Add(new("cpu_time", share + (ulong)cpu));
            if (nparams >= PerCpu)
                values.Add(new("vcpu_time", share + (ulong)cpu - 1234567890));
        }

        return Reply([.. values], ncpus);
    }

    private static DomainGetCpuStatsRet Reply(TypedParam[] values, uint cpus) => new() { Params = values, Nparams = values.Length / (int)cpus };

    private IEnumerable<TestDomain> Existing(DomainRef[] doms)
    {
        foreach (DomainRef dom in doms)
        {
            if (domains.Find(dom.Uuid) is { } domain)
                yield return domain;
        }
    }
}
