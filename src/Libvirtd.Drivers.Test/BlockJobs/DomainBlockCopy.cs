using System.Numerics;
using Libvirtd.Documents;
using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainBlockCopyFlags;
using Rebase = Libvirtd.Protocol.DomainBlockRebaseFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>Copying a disk to another image, and going over to it.</summary>
internal sealed partial class TestDomainDriver
{
    private const int NoSuchFile = 2;

    public override ValueTask BlockCopy(CallContext call, DomainRef dom, string path, string destxml, TypedParam[] @params, Flags flags)
    {
        const Flags Known = Flags.Shallow | Flags.ReuseExt | Flags.TransientJob | Flags.SynchronousWrites;
        FlagCheck.Require((uint)flags, (uint)Known, "testDomainBlockCopy");
        TypedParamRules.Require(@params, ("bandwidth", TypedParameterType.Ullong), ("granularity", TypedParameterType.Uint),
            ("buf-size", TypedParameterType.Ullong));
        View(dom);
        if (@params.Find("granularity") is { UInt: > 0 } granularity && !BitOperations.IsPow2(granularity.UInt))
            throw BadArgument("granularity must be power of 2");
        DiskChain destination = DiskChain.ParseSource(destxml);
        destination = destination.WithActive(VolumeSource.Locate(Host, destination.Active));
        return Copy(dom, path, destination, @params.Find("bandwidth")?.ULong ?? 0, flags);
    }

    private ValueTask CopyByRebase(in DomainRef dom, string path, string destination, nuint bandwidth, Rebase flags)
    {
        View(dom);
        string type = flags.HasFlag(Rebase.CopyDev) ? "block" : "file";
        string? format = flags.HasFlag(Rebase.CopyRaw) ? "raw" : null;
        ulong speed = BytesPerSecond(bandwidth, flags.HasFlag(Rebase.BandwidthBytes));
        if (flags.HasFlag(Rebase.Relative))
            throw VirException.Of(ErrorCode.ArgumentUnsupported, ErrorDomain.Test, "Relative backing during copy not supported yet");
        DiskChain chain = new([ChainImage.OfPath(type, destination, format)], isTerminated: false);
        return Copy(dom, path, chain, speed, (Flags)(flags & (Rebase.Shallow | Rebase.ReuseExt)));
    }

    private ValueTask Copy(in DomainRef dom, string path, DiskChain destination, ulong bandwidth, Flags flags)
    {
        ChainImage mirror = destination.Active;
        if (mirror is { IsLocal: true, Path: { } file } && !file.StartsWith('/'))
            throw BadArgument("absolute path must be used as block copy target");
        CheckedSpeed(bandwidth);
        using DomainEdit edit = domains.Edit(dom);
        DomainDisk disk = DiskByName(edit.View, path);
        string target = disk.Target;
        edit.View.Blocks.RequireIdle(target);
        RequireJobsSupported(disk);
        DomainView view = ForJob(edit.View, disk);
        DiskChain chain = ChainOf(view, disk);
        if (chain.Active.Path is null)
            throw UnsupportedConfig($"disk {target} has no source file to be copied");
        bool isShallow = flags.HasFlag(Flags.Shallow) && chain.Count > 1;
        bool isReused = flags.HasFlag(Flags.ReuseExt);
        if (!isShallow && destination.Count > 1)
            throw BadArgument("backingStore of mirror without VIR_DOMAIN_BLOCK_COPY_SHALLOW doesn't make sense");
        if (isShallow && !isReused && mirror.Format == "raw")
            throw UnsupportedConfig($"shallow copy of disk '{target}' into a raw file is not possible");
        bool isThere = CheckDestination(mirror, target, isReused);
        string? format = mirror.Format ?? (isReused ? Host.Images.Get(mirror).Format : chain.Active.Format);
        if (disk.Node.Child("shareable") is not null && !disk.IsReadOnly && format is not (null or "raw"))
            throw Unsupported("can't pivot a shared disk to a storage volume not supporting sharing");
        destination = destination.WithActive(mirror with { Format = format });
        if (isReused && isShallow && destination is { Count: 1, IsTerminated: false })
            destination = Host.Images.Complete(destination);
        bool inherits = isShallow && destination.Count == 1 && !isReused;
        if (!inherits)
            destination = new DiskChain(destination.Images, isTerminated: true);
        if (view.IsActive)
        {
            uint last = view.Blocks.LastIndex;
            destination = destination.WithIndexes(ref last);
            view = view with { Blocks = view.Blocks with { LastIndex = last } };
        }

        if (!isThere)
            MakeCopy(destination.Active, chain, inherits);
        CopyPlan plan = new(isShallow ? chain.Images[..1] : chain.Images, destination, inherits, IsMade: !isThere)
        {
            Name = $"copy-{target}-{BlockJobPlan.NodeName(chain, 0)}",
        };
        Host.BlockJobs.Start(edit, view, target, plan, Host.Images.Get(chain.Active).Capacity, bandwidth);
        return default;
    }

    /// <summary>Whether the destination is there already, so that nothing has to be made.</summary>
    private bool CheckDestination(ChainImage mirror, string target, bool isReused)
    {
        // A device, or a place somewhere in the network, is there when it is named: nothing here could make one.
        if (mirror is not { Type: "file", Path: { } path })
        {
            return mirror is { Type: "block", Path: { } device } && Host.Images.Files.ContainsKey(device)
                ? throw BadArgument($"blockdev flag requested for disk {target}, but file '{device}' is not a block device")
                : true;
        }

        if (Host.Images.Find(path) is not { } file)
        {
            return isReused
                ? throw VirException.SystemError(ErrorDomain.Test, NoSuchFile, $"missing destination file for disk {target}: {path}")
                : false;
        }

        return isReused || file.Capacity == 0
            ? true
            : throw UnsupportedConfig($"external destination file for disk {target} already exists and is not a block device: {path}");
    }

    private void MakeCopy(ChainImage copy, DiskChain source, bool inherits)
    {
        string format = copy.Format ?? "raw";
        if (inherits)
            Host.Images.CreateOverlay(copy.Path!, format, source.Images[1]);
        else
            Host.Images.Create(copy, format, Host.Images.Get(source.Active).Capacity);
    }
}
