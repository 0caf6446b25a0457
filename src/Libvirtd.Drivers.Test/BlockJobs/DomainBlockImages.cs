using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Calls about single images: their size, their bytes, and how far they are written.</summary>
internal sealed partial class TestDomainDriver
{
    private const ulong KiB = 1024;
    private const ulong Sector = 512;

    public override ValueTask BlockResize(CallContext call, DomainRef dom, string disk, ulong size, DomainBlockResizeFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(DomainBlockResizeFlags.Bytes | DomainBlockResizeFlags.Capacity), "testDomainBlockResize");
        if (!flags.HasFlag(DomainBlockResizeFlags.Bytes))
            size = size <= ulong.MaxValue / KiB ? size * KiB : throw VirException.Of(ErrorCode.Overflow, ErrorDomain.Test, $"size must be less than {ulong.MaxValue / KiB}");
        using DomainEdit edit = domains.Edit(dom);
        DomainDisk found = Images.FindDisk(edit.View.Definition, disk) ?? throw BadArgument($"disk '{disk}' was not found in the domain config");
        if (found.Type == "vhostuser")
            throw Unsupported("block resize is not supported for vhostuser disk");
        if (found.Format is "qcow2" or "qed")
            size = size <= ulong.MaxValue - Sector ? (size + Sector - 1) / Sector * Sector : throw VirException.Of(ErrorCode.Overflow, ErrorDomain.Test, "size is too large");
        VolumeSource.RequireVolumes(Host, found.Node);
        ChainImage image = Images.ChainOf(found.Node).Active;
        if (image.Path is null || found.IsReadOnly)
            throw Unsupported($"can't resize empty or readonly disk '{found.Target}'");
        if (flags.HasFlag(DomainBlockResizeFlags.Capacity))
            size = WholeSize(image, size);
        if (size > long.MaxValue)
            throw VirException.Of(ErrorCode.Overflow, ErrorDomain.Test, $"size must be less than {long.MaxValue}");
        edit.View.Blocks.RequireIdle(found.Target);
        ImageFile file = Host.Images.Get(image);
        Host.Images.Put(file with { Capacity = size, Allocation = Math.Min(file.Allocation, size) });
        return default;
    }

    /// <summary>The size of a device, or a file, whose bytes are the disk's: what has grown outside is to be seen by the guest.</summary>
    /// <param name="image">The disk's image.</param>
    /// <param name="wanted">Bytes that the caller thinks there are; 0 where he does not know.</param>
    private ulong WholeSize(ChainImage image, ulong wanted)
    {
        if (image is not { Type: "block" or "file", Format: null or "raw" })
            throw Unsupported("block resize to full capacity supported only with 'raw' local block-based disks");
        ulong whole = Images.Get(image).Capacity;
        return wanted == 0 || wanted == whole ? whole : throw BadArgument($"Requested resize to '{wanted}' but device size is '{whole}'");
    }

    public override ValueTask<byte[]> BlockPeek(CallContext call, DomainRef dom, string path, ulong offset, uint size, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainBlockPeek");
        DomainDisk disk = DiskByName(View(dom), path);
        if (disk.Type == "vhostuser")
            throw Unsupported("peeking is not supported for vhostuser disk");
        if (disk.Format is { } format and not "raw")
            throw Unsupported($"peeking is only supported for disk with 'raw' format not '{format}'");
        VolumeSource.RequireVolumes(Host, disk.Node);
        ImageFile file = Images.Get(Images.ChainOf(disk.Node).Active);
        ulong available = offset < file.Capacity ? file.Capacity - offset : 0;
        if (available < size)
            throw BadArgument($"'{path}' starting from {offset} has only {available} bytes available");
        byte[] bytes = new byte[size];
        using ContentView content = Host.Images.Contents.Freeze(Host.Images.ChainOf(disk.Node), (long)Math.Min(file.Capacity, long.MaxValue));
        content.Read(bytes, (long)offset);
        return new(bytes);
    }

    public override ValueTask SetBlockThreshold(CallContext call, DomainRef dom, string dev, ulong threshold, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainSetBlockThreshold");
        using DomainEdit edit = domains.Edit(dom);
        RequireActive(edit.View);
        if (!DiskChainLookup.TryParse(dev, out string target, out uint index))
            throw BadArgument($"failed to parse block device '{dev}'");
        if (edit.View.Definition.Document.DiskByTarget(target) is not { } disk)
            throw BadArgument($"failed to find disk '{target}'");
        DiskChain chain = Host.Images.ChainOf(disk);
        ChainImage image = chain.Active;
        if (index != 0)
        {
            IEnumerable<ChainImage> all = disk.Child("mirror") is { } mirror ? chain.Images.Concat(DiskChain.Read(mirror).Images) : chain.Images;
            image = all.FirstOrDefault(one => one.Index == index) ?? throw BadArgument($"failed to find disk '{dev}'");
        }

        if (image.Type == "vhostuser")
            throw Unsupported("setting device threshold is not supported for vhostuser disk");
        BlockState blocks = edit.View.Blocks;
        blocks = blocks with
        {
            Thresholds = threshold == 0 || image.Path is null
                ? blocks.Thresholds.Remove(dev)
                : blocks.Thresholds.SetItem(dev, new BlockThreshold(dev, image.Path, threshold)),
        };
        edit.Publish(edit.View with { Blocks = blocks });
        if (threshold != 0)
            Host.BlockJobs.Written(edit, image);
        return default;
    }
}
