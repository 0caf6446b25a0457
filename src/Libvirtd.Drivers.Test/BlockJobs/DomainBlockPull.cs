using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;
using Rebase = Libvirtd.Protocol.DomainBlockRebaseFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>Pulling data up into the active image.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask BlockPull(CallContext call, DomainRef dom, string path, nuint bandwidth, DomainBlockPullFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainBlockPullFlags.Bytes, "testDomainBlockPull");
        return Pull(dom, path, null, bandwidth, (Rebase)flags);
    }

    public override ValueTask BlockRebase(CallContext call, DomainRef dom, string path, string? @base, nuint bandwidth, Rebase flags)
    {
        const Rebase OfCopies = Rebase.Shallow | Rebase.ReuseExt | Rebase.CopyRaw | Rebase.CopyDev;
        const string Function = "virDomainBlockRebase";
        if (flags.HasFlag(Rebase.Copy) && @base is null)
            throw VirException.BadArgument(ErrorDomain.Domain, $"base in {Function} must not be NULL", Function, "base");
        if (!flags.HasFlag(Rebase.Copy) && (flags & OfCopies) != 0)
            throw VirException.BadArgument(ErrorDomain.Domain, "use of flags requires a copy job", Function, "flags");
        FlagCheck.Require((uint)flags, (uint)(OfCopies | Rebase.Copy | Rebase.Relative | Rebase.BandwidthBytes), "testDomainBlockRebase");
        return flags.HasFlag(Rebase.Copy) ? CopyByRebase(dom, path, @base!, bandwidth, flags) : Pull(dom, path, @base, bandwidth, flags);
    }

    private ValueTask Pull(in DomainRef dom, string path, string? baseName, nuint bandwidth, Rebase flags)
    {
        bool isRelative = flags.HasFlag(Rebase.Relative);
        if (isRelative && baseName is null)
            throw BadArgument("flag VIR_DOMAIN_BLOCK_REBASE_RELATIVE is valid only with non-null base");
        using DomainEdit edit = domains.Edit(dom);
        DomainDisk disk = DiskByName(edit.View, path);
        edit.View.Blocks.RequireIdle(disk.Target);
        RequireJobsSupported(disk);
        DomainView view = ForJob(edit.View, disk);
        DiskChain chain = ChainOf(view, disk);
        int below = baseName is null ? chain.Count : chain.Lookup(baseName, disk.Target, beneath: 0);
        string? backingName = isRelative ? RelativeName(chain, 1, below) : null;
        ulong speed = BytesPerSecond(bandwidth, flags.HasFlag(Rebase.BandwidthBytes));
        if (chain.Active.Path is null)
            throw UnsupportedConfig($"disk {disk.Target} has no source file to be pulled into");
        ImmutableArray<ChainImage> between = chain.Images[1..below];
        PullPlan plan = new(chain.Active, between, baseName is null ? null : chain.Images[below], backingName)
        {
            Name = $"pull-{disk.Target}-{BlockJobPlan.NodeName(chain, 0)}",
        };
        Host.BlockJobs.Start(edit, view, disk.Target, plan, Host.Images.Get(chain.Active).Capacity, speed);
        return default;
    }
}
