using Libvirtd.Documents;
using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainBlockCommitFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>Committing data down into an image below.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask BlockCommit(CallContext call, DomainRef dom, string disk, string? @base, string? top, nuint bandwidth, Flags flags)
    {
        const Flags Known = Flags.Shallow | Flags.Active | Flags.Relative | Flags.Delete | Flags.BandwidthBytes;
        FlagCheck.Require((uint)flags, (uint)Known, "testDomainBlockCommit");
        using DomainEdit edit = domains.Edit(dom);
        ulong speed = BytesPerSecond(bandwidth, flags.HasFlag(Flags.BandwidthBytes));
        DomainDisk found = DiskByName(edit.View, disk);
        DomainView view = ForJob(edit.View, found);
        DiskChain chain = ChainOf(view, found);
        string target = found.Target;
        int topPlace = top is null || top == target ? 0 : chain.Lookup(top, target);
        int basePlace = @base is null && flags.HasFlag(Flags.Shallow) ? topPlace + 1 : chain.Lookup(@base, target, topPlace);
        RequireJobsSupported(found);
        if (chain.Active.Path is null)
            throw UnsupportedConfig($"disk {target} has no source file to be committed");
        edit.View.Blocks.RequireIdle(target);
        CheckCommit(view, chain, target, topPlace, basePlace, flags);
        string? backingName = flags.HasFlag(Flags.Relative) && topPlace > 0 ? RelativeName(chain, topPlace, basePlace) : null;
        CommitPlan plan = new(
            chain.Images[topPlace..basePlace],
            chain.Images[basePlace],
            topPlace > 0 ? chain.Images[topPlace - 1] : null,
            backingName,
            Delete: flags.HasFlag(Flags.Delete),
            IsActive: flags.HasFlag(Flags.Active))
        {
            Name = $"commit-{target}-{BlockJobPlan.NodeName(chain, topPlace)}",
        };
        Host.BlockJobs.Start(edit, view, target, plan, Host.Images.Get(chain.Images[topPlace]).Capacity, speed);
        return default;
    }

    /// <summary>
    /// A disk that a guest writes to is committed in two phases, and a client has to know that: without ACTIVE it is refused, as upstream refuses it.
    /// Nobody writes to the disk of a stopped domain: there ACTIVE is for those who want to pivot or abort themselves.
    /// </summary>
    private static void CheckCommit(DomainView view, DiskChain chain, string target, int top, int @base, Flags flags)
    {
        string? topPath = chain.Images[top].Path;
        if (top == 0 && view.IsActive && !flags.HasFlag(Flags.Active))
            throw BadArgument($"commit of '{target}' active layer requires active flag");
        if (top > 0 && flags.HasFlag(Flags.Active))
            throw BadArgument($"active commit requested but '{topPath}' is not active");
        if (top + 1 >= chain.Count)
            throw BadArgument($"top '{topPath}' in chain for '{chain.Active.Path}' has no backing file");
        if (flags.HasFlag(Flags.Shallow) && @base != top + 1)
        {
            throw BadArgument($"base '{chain.Images[@base].Path}' is not immediately below '{topPath}' in chain for '{chain.Active.Path}'");
        }
    }
}
