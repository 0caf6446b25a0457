using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The statistics of one domain, group by group. The state and the I/O threads are told as upstream's test driver tells them; what it lacks has the
/// names that QEMU's driver uses. Figures grow with the clock, the same for each device, and agree with what single calls tell.
/// </summary>
internal sealed class StatsRecord(DomainView view, TestImages images, long microseconds)
{
    /// <summary>The groups that there are figures for.</summary>
    public const DomainStatsTypes Supported = DomainStatsTypes.State | DomainStatsTypes.CpuTotal | DomainStatsTypes.Balloon | DomainStatsTypes.Vcpu
        | DomainStatsTypes.Interface | DomainStatsTypes.Block | DomainStatsTypes.Perf | DomainStatsTypes.Iothread | DomainStatsTypes.Memory
        | DomainStatsTypes.Dirtyrate | DomainStatsTypes.Vm;

    /// <summary>The groups that are told where none is asked for: those that upstream's test driver has.</summary>
    public const DomainStatsTypes Usual = DomainStatsTypes.State | DomainStatsTypes.Iothread;

    private const ulong Megabyte = 1024 * 1024;

    private readonly List<TypedParam> _values = [];
    private readonly DomainDefinition _definition = view.Definition;

    public static TypedParam[] Of(DomainView view, TestImages images, DomainStatsTypes groups, bool withBacking, long microseconds)
    {
        StatsRecord record = new(view, images, microseconds);
        record.Add(groups, withBacking);
        return [.. record._values];
    }

    private void Add(DomainStatsTypes groups, bool withBacking)
    {
        if (groups.HasFlag(DomainStatsTypes.State))
        {
            Add("state.state", (int)view.State);
            Add("state.reason", view.Reason);
        }

        if (groups.HasFlag(DomainStatsTypes.CpuTotal) && view.IsActive)
            AddCpu();
        if (groups.HasFlag(DomainStatsTypes.Balloon))
            AddBalloon();
        if (groups.HasFlag(DomainStatsTypes.Vcpu))
            AddVcpus();
        if (groups.HasFlag(DomainStatsTypes.Interface) && view.IsActive)
            AddInterfaces();
        if (groups.HasFlag(DomainStatsTypes.Block))
            AddDisks(withBacking);
        if (groups.HasFlag(DomainStatsTypes.Perf) && view.IsActive)
            AddPerf();
        if (groups.HasFlag(DomainStatsTypes.Iothread) && view.IsActive)
            AddIoThreads();
        if (groups.HasFlag(DomainStatsTypes.Memory) && view.IsActive)
            AddMemoryBandwidth();
        if (groups.HasFlag(DomainStatsTypes.Dirtyrate) && view.IsActive)
            AddDirtyRate();
        if (groups.HasFlag(DomainStatsTypes.Vm) && view.IsActive)
            AddVm();
    }

    private void AddCpu()
    {
        ulong time = (ulong)microseconds * 1000;
        Add("cpu.time", time);
        Add("cpu.user", time / 4);
        Add("cpu.system", time / 8);
    }

    private void AddBalloon()
    {
        ulong memory = _definition.Memory;
        Add("balloon.current", view.IsActive ? memory : _definition.MaxMemory);
        Add("balloon.maximum", _definition.MaxMemory);
        if (!view.IsActive || !_definition.HasMemballoon)
            return;
        Add("balloon.swap_in", 0ul);
        Add("balloon.swap_out", 0ul);
        Add("balloon.major_fault", 0ul);
        Add("balloon.minor_fault", 0ul);
        Add("balloon.unused", memory / 2);
        Add("balloon.available", memory);
        Add("balloon.usable", memory / 2);
        Add("balloon.last-update", MemoryFigures.LastUpdate);
        Add("balloon.disk_caches", memory / 8);
        Add("balloon.hugetlb_pgalloc", 0ul);
        Add("balloon.hugetlb_pgfail", 0ul);
        Add("balloon.rss", memory / 2);
    }

    private void AddVcpus()
    {
        Add("vcpu.current", _definition.Vcpus);
        Add("vcpu.maximum", _definition.MaxVcpus);
        if (!view.IsActive)
            return;
        ulong time = (ulong)microseconds / 10;
        for (uint i = 0; i < Math.Min(_definition.Vcpus, TestHost.MostVcpus); i++)
        {
            string name = $"vcpu.{i}.";
            Add(name + "state", (int)VcpuState.Running);
            Add(name + "time", time);
            Add(name + "wait", time / 100);
            _values.Add(new TypedParam(name + "halted", view.State == DomainState.Paused));
            Add(name + "delay", time / 200);
        }
    }

    private void AddInterfaces()
    {
        int at = _values.Count;
        uint count = 0;
        DomainInterfaceStatsRet figures = IoFigures.OfInterface(microseconds);
        foreach (Documents.DomainInterface net in _definition.Document.Interfaces)
        {
            if (net.TargetDevice is not { } device)
                continue;
            string name = $"net.{count++}.";
            Add(name + "name", device);
            Add(name + "rx.bytes", (ulong)figures.RxBytes);
            Add(name + "rx.pkts", (ulong)figures.RxPackets);
            Add(name + "rx.errs", (ulong)figures.RxErrs);
            Add(name + "rx.drop", (ulong)figures.RxDrop);
            Add(name + "tx.bytes", (ulong)figures.TxBytes);
            Add(name + "tx.pkts", (ulong)figures.TxPackets);
            Add(name + "tx.errs", (ulong)figures.TxErrs);
            Add(name + "tx.drop", (ulong)figures.TxDrop);
        }

        _values.Insert(at, new TypedParam("net.count", count));
    }

    private void AddDisks(bool withBacking)
    {
        int at = _values.Count;
        uint count = 0;
        foreach (DomainDisk disk in _definition.Document.Disks)
        {
            DiskChain chain = images.ChainOf(disk.Node);
            AddImage(count++, disk.Target, chain.Active, isTop: true);
            if (!withBacking)
                continue;
            foreach (ChainImage image in chain.Images.AsSpan()[1..])
                AddImage(count++, disk.Target, image, isTop: false);
            if (disk.Node.Child("mirror") is { } mirror && mirror["job"] == "copy")
                AddImage(count++, disk.Target, DiskChain.Read(mirror).Active, isTop: false);
        }

        _values.Insert(at, new TypedParam("block.count", count));
    }

    private void AddImage(uint number, string target, ChainImage image, bool isTop)
    {
        string name = $"block.{number}.";
        Add(name + "name", target);
        if (image is { IsLocal: true, Path: { } path })
            Add(name + "path", path);
        if (image.Index != 0 && view.IsActive)
            Add(name + "backingIndex", image.Index);
        if (image.Source is null)
            return;
        if (isTop && view.IsActive)
        {
            DomainBlockStatsRet figures = IoFigures.OfDisk(microseconds);
            Add(name + "rd.reqs", (ulong)figures.RdReq);
            Add(name + "rd.bytes", (ulong)figures.RdBytes);
            Add(name + "rd.times", IoFigures.ReadNanoseconds(microseconds));
            Add(name + "wr.reqs", (ulong)figures.WrReq);
            Add(name + "wr.bytes", (ulong)figures.WrBytes);
            Add(name + "wr.times", IoFigures.WriteNanoseconds(microseconds));
            Add(name + "fl.reqs", IoFigures.Flushes(microseconds));
            Add(name + "fl.times", IoFigures.FlushNanoseconds(microseconds));
        }

        ImageFile file = images.Get(image);
        Add(name + "allocation", file.Allocation);
        Add(name + "capacity", file.Capacity);
        Add(name + "physical", file.Allocation);
        if (view.Blocks.Thresholds.Values.FirstOrDefault(one => one.Path == image.Path) is { } threshold)
            Add(name + "threshold", threshold.Bytes);
    }

    private void AddPerf()
    {
        ulong step = 10;
        foreach (Node one in _definition.Document.Root.Child("perf")?.All("event") ?? [])
        {
            if (one["enabled"] == "yes")
                Add("perf." + one["name"], (ulong)microseconds / step);
            step += 10;
        }
    }

    private void AddIoThreads()
    {
        DomainDocument document = _definition.Document;
        if (!IoThreads.AreAny(document))
            return;
        List<uint> ids = IoThreads.Of(document);
        Add("iothread.count", (uint)ids.Count);
        foreach (uint id in ids)
        {
            IoThreadPolling polling = view.Run.Polling.GetValueOrDefault(id, IoThreadPolling.Default);
            string name = $"iothread.{id}.";
            Add(name + "poll-max-ns", polling.MaxNanoseconds);
            Add(name + "poll-grow", polling.Grow);
            Add(name + "poll-shrink", polling.Shrink);
        }
    }

    private void AddMemoryBandwidth()
    {
        Node[] monitors = [.. (_definition.Document.Root.Child("cputune")?.All("memorytune") ?? []).SelectMany(static tune => tune.All("monitor"))];
        if (monitors.Length == 0)
            return;
        Add("memory.bandwidth.monitor.count", (uint)monitors.Length);
        for (int i = 0; i < monitors.Length; i++)
        {
            string name = $"memory.bandwidth.monitor.{i}.";
            Add(name + "name", "vcpus_" + monitors[i]["vcpus"]);
            Add(name + "vcpus", monitors[i]["vcpus"] ?? "");
            Add(name + "node.count", 1u);
            Add(name + "node.0.id", 0u);
            Add(name + "node.0.bytes.local", (ulong)microseconds / 50);
            Add(name + "node.0.bytes.total", (ulong)microseconds / 25);
        }
    }

    private void AddDirtyRate()
    {
        DirtyRate? rate = view.Run.DirtyRate;
        DomainDirtyRateStatus status = rate is null ? DomainDirtyRateStatus.Unstarted
            : microseconds < (rate.StartSeconds + rate.PeriodSeconds) * 1_000_000 ? DomainDirtyRateStatus.Measuring
            : DomainDirtyRateStatus.Measured;
        Add("dirtyrate.calc_status", (int)status);
        if (rate is null)
            return;
        _values.Add(new TypedParam("dirtyrate.calc_start_time", rate.StartSeconds));
        Add("dirtyrate.calc_period", rate.PeriodSeconds);
        Add("dirtyrate.calc_mode", rate.Mode);
        if (status != DomainDirtyRateStatus.Measured)
            return;
        // A hundredth of the memory is written each second.
        long rateOfAll = (long)(_definition.Memory * 1024 / Megabyte / 100);
        _values.Add(new TypedParam("dirtyrate.megabytes_per_second", rateOfAll));
        if (rate.Mode != DirtyRate.Ring)
            return;
        for (uint i = 0; i < Math.Min(_definition.Vcpus, TestHost.MostVcpus); i++)
            Add($"dirtyrate.vcpu.{i}.megabytes_per_second", (ulong)rateOfAll / Math.Max(_definition.Vcpus, 1));
    }

    /// <summary>What the host's kernel counts for a machine; all of it depends on the host.</summary>
    private void AddVm()
    {
        ulong pages = _definition.Memory / 4;
        Add("vm.remote_tlb_flush.sum", (ulong)microseconds / 1_000_000);
        Add("vm.pages_4k.cur", pages % 512);
        Add("vm.pages_2m.cur", pages / 512);
        Add("vm.pages_1g.cur", 0ul);
    }

    private void Add(string field, int value) => _values.Add(new TypedParam(field, value));

    private void Add(string field, uint value) => _values.Add(new TypedParam(field, value));

    private void Add(string field, ulong value) => _values.Add(new TypedParam(field, value));

    private void Add(string field, string value) => _values.Add(new TypedParam(field, value));
}
