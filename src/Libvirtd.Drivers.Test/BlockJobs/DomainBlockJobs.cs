using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Watching and ending block jobs, and what all calls that begin one have in common. Domains need not run for any of it.</summary>
internal sealed partial class TestDomainDriver
{
    private const int MebiShift = 20;

    public override ValueTask<DomainGetBlockJobInfoRet> GetBlockJobInfo(CallContext call, DomainRef dom, string path, DomainBlockJobInfoFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainBlockJobInfoFlags.Bytes, "testDomainGetBlockJobInfo");
        DomainView view = View(dom);
        if (view.Blocks.Find(DiskByName(view, path).Target) is not { } job)
            return new(new DomainGetBlockJobInfoRet { Found = 0, Type = 0, Bandwidth = 0, Cur = 0, End = 0 });
        (ulong current, ulong end) = Progress(job);
        ulong bandwidth = job.Bandwidth;
        if (!flags.HasFlag(DomainBlockJobInfoFlags.Bytes))
            bandwidth = (bandwidth >> MebiShift) + ((bandwidth & ((1 << MebiShift) - 1)) == 0 ? 0ul : 1);
        return new(new DomainGetBlockJobInfoRet { Found = 1, Type = (int)job.Type, Bandwidth = bandwidth, Cur = current, End = end });
    }

    public override ValueTask BlockJobSetSpeed(CallContext call, DomainRef dom, string path, nuint bandwidth, DomainBlockJobSetSpeedFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainBlockJobSetSpeedFlags.Bytes, "testDomainBlockJobSetSpeed");
        ulong speed = BytesPerSecond(bandwidth, flags.HasFlag(DomainBlockJobSetSpeedFlags.Bytes));
        using DomainEdit edit = domains.Edit(dom);
        Host.BlockJobs.SetSpeed(edit, JobOf(edit.View, path), speed);
        return default;
    }

    // Ending a job takes no time here: there is nothing to wait for, with ASYNC or without.
    public override ValueTask BlockJobAbort(CallContext call, DomainRef dom, string path, DomainBlockJobAbortFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(DomainBlockJobAbortFlags.Async | DomainBlockJobAbortFlags.Pivot), "testDomainBlockJobAbort");
        using DomainEdit edit = domains.Edit(dom);
        BlockJob job = JobOf(edit.View, path);
        if (flags.HasFlag(DomainBlockJobAbortFlags.Pivot))
            Host.BlockJobs.Pivot(edit, job);
        else
            Host.BlockJobs.Cancel(edit, job);
        return default;
    }

    /// <summary>The disk with this target or, for what begins with a slash, with this source.</summary>
    private DomainDisk DiskByName(DomainView view, string name) =>
        Images.FindDisk(view.Definition, name) ?? throw BadArgument($"disk '{name}' not found in domain");

    private BlockJob JobOf(DomainView view, string path)
    {
        string target = DiskByName(view, path).Target;
        return view.Blocks.Find(target) ?? throw BadArgument($"disk {target} does not have an active block job");
    }

    /// <summary>The domain as a job on this disk finds it: the images of one that runs have numbers.</summary>
    private DomainView ForJob(DomainView view, DomainDisk disk) =>
        view.IsActive ? view.ChangeLiveChain(Host.Images, disk.Target, static chain => chain) : view;

    private DiskChain ChainOf(DomainView view, DomainDisk disk)
    {
        VolumeSource.RequireVolumes(Host, disk.Node);
        DiskChain chain = Host.Images.ChainOf(view.Definition.Document.DiskByTarget(disk.Target)!);
        return view.IsActive ? chain : chain.WithoutIndexes();
    }

    private void RequireJobsSupported(DomainDisk disk)
    {
        VolumeSource.RequireVolumes(Host, disk.Node);
        if (disk.Bus == "sd")
            throw Unsupported($"block jobs are not supported on disk '{disk.Target}' using bus 'sd'");
        if (disk.Node.Child("transient") is not null)
            throw Unsupported($"block jobs are not supported on transient disk '{disk.Target}'");
        if (disk.Type == "vhostuser")
            throw Unsupported($"block jobs are not supported on vhostuser disk '{disk.Target}'");
    }

    /// <summary>A limit in bytes a second.</summary>
    /// <exception cref="VirException">VIR_ERR_OVERFLOW: 2^43 MiB/s or more; VIR_ERR_INVALID_ARG: 2^63 bytes/s or more.</exception>
    private static ulong BytesPerSecond(nuint bandwidth, bool isBytes)
    {
        ulong speed = bandwidth;
        if (isBytes)
            return CheckedSpeed(speed);
        const ulong Most = long.MaxValue >> MebiShift;
        return speed <= Most ? speed << MebiShift : throw VirException.Of(ErrorCode.Overflow, ErrorDomain.Test, $"bandwidth must be less than {Most}");
    }

    private static ulong CheckedSpeed(ulong speed) => speed <= long.MaxValue
        ? speed
        : throw BadArgument($"bandwidth must be less than '{long.MaxValue}' bytes/s ({long.MaxValue >> MebiShift} MiB/s)");

    /// <summary>
    /// The name of the image <paramref name="to"/> as the one above <paramref name="from"/> is to know it, when all names between are relative.
    /// </summary>
    /// <exception cref="VirException">VIR_ERR_OPERATION_INVALID: they are not.</exception>
    private static string RelativeName(DiskChain chain, int from, int to)
    {
        string path = "";
        for (int i = from; i <= to; i++)
            path = ImagePath.Folder(path) + (chain.Images[i].RelativeName ?? throw Invalid("can't keep relative backing relationship"));
        return path;
    }

    /// <summary>
    /// Bytes done and to do. As upstream has it, only a job that is ready shows as much done as there is to do: many poll for that. A job without
    /// bytes shows 0 of 1, and 1 of 1 when it is ready.
    /// </summary>
    private (ulong Current, ulong End) Progress(BlockJob job)
    {
        ulong end = Math.Max(job.Length, 1);
        if (job.Phase == BlockJobPhase.Ready)
            return (end, end);
        return (Math.Min(job.MovedAt(Host.Time), end - 1), end);
    }

    private static VirException BadArgument(string detail) => VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, detail);

    private static VirException Unsupported(string detail) => VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, detail);

    private static VirException UnsupportedConfig(string detail) => VirException.Of(ErrorCode.ConfigUnsupported, ErrorDomain.Test, detail);
}
