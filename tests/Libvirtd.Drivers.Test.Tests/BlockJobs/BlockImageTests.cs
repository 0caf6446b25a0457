using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Sizes, bytes and thresholds of images.</summary>
public sealed class BlockImageTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_resized_disk_has_its_new_size(bool isRunning)
    {
        using BlockHost host = new(isRunning);
        await host.Domains.BlockResize(Call, host.Dom, "vda", 2048, DomainBlockResizeFlags.None);
        Assert.Equal(2048ul * 1024, (await host.Domains.GetBlockInfo(Call, host.Dom, "vda", 0)).Capacity);
        await host.Domains.BlockResize(Call, host.Dom, "/images/active", 1000, DomainBlockResizeFlags.Bytes);
        Assert.Equal(1024ul, (await host.Domains.GetBlockInfo(Call, host.Dom, "vda", 0)).Capacity);
        Assert.Equal((ErrorCode.Overflow, "numerical overflow: size must be less than 18014398509481983"),
            Fails(() => host.Domains.BlockResize(Call, host.Dom, "vda", ulong.MaxValue, DomainBlockResizeFlags.None)));
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: disk 'vdx' was not found in the domain config"),
            Fails(() => host.Domains.BlockResize(Call, host.Dom, "vdx", 1, DomainBlockResizeFlags.None)));
    }

    [Fact]
    public async Task A_resized_volume_is_resized_in_its_pool()
    {
        using BlockHost host = new(isRunning: false);
        host.Host.Storage.CreateVolume("default-pool", "<volume><name>v</name><capacity>4096</capacity></volume>", validate: false);
        DomainRef dom = await host.Domains.DefineXml(Call, Hypervisor.Xml("other", devices:
            "<disk type='file'><source file='/default-pool/v'/><target dev='vda' bus='virtio'/></disk>"));
        await host.Domains.BlockResize(Call, dom, "vda", 8, DomainBlockResizeFlags.None);
        Assert.Equal(8192ul, host.Host.Storage.GetVolume("default-pool", "v").View.Capacity);
    }

    [Fact]
    public async Task Bytes_are_those_of_the_volume_and_zero_elsewhere()
    {
        using BlockHost host = new(isRunning: false);
        host.Host.Storage.CreateVolume("default-pool", "<volume><name>v</name><capacity>8</capacity></volume>", validate: false);
        TestVolume volume = host.Host.Storage.GetVolume("default-pool", "v");
        volume.Content.Write("abcdefgh"u8, 0);
        DomainRef dom = await host.Domains.DefineXml(Call, Hypervisor.Xml("other", devices:
            "<disk type='file'><source file='/default-pool/v'/><target dev='vda' bus='virtio'/></disk>"
            + "<disk type='file'><source file='/nowhere'/><target dev='vdb' bus='virtio'/></disk>"));
        Assert.Equal("cde"u8.ToArray(), await host.Domains.BlockPeek(Call, dom, "vda", 2, 3, 0));
        Assert.Equal(new byte[5], await host.Domains.BlockPeek(Call, dom, "vdb", 1 << 20, 5, 0));
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: 'vda' starting from 6 has only 2 bytes available"),
            Fails(() => host.Domains.BlockPeek(Call, dom, "vda", 6, 3, 0)));
        Assert.Equal((ErrorCode.OperationUnsupported, "Operation not supported: peeking is only supported for disk with 'raw' format not 'qcow2'"),
            Fails(() => host.Domains.BlockPeek(Call, host.Dom, "vda", 0, 3, 0)));
    }

    [Fact]
    public void A_threshold_is_told_once_when_a_job_writes_beyond_it()
    {
        using BlockHost host = new(isRunning: true);
        foreach (string image in BlockHost.Whole)
            host.Images.Put(new ImageFile { Path = "/images/" + image, Format = "qcow2", Capacity = 1000, Allocation = 100 });
        host.Domains.SetBlockThreshold(Call, host.Dom, "vda[4]", 250, 0);
        host.Domains.SetBlockThreshold(Call, host.Dom, "vda", 250, 0);
        host.Commit("base", "snap1");
        host.Finish();
        Assert.Equal(["/images/snap1 Commit", "vda Commit Completed"], host.TakeEvents().Select(one => one.Replace("/images/active Commit Completed", "/images/snap1 Commit")));
        host.Commit("base", "snap2");
        host.Finish();
        Assert.Equal("vda[4] /images/base 250 50", host.TakeEvents()[^1]);
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: failed to find disk 'vda[9]'"),
            Fails(() => host.Domains.SetBlockThreshold(Call, host.Dom, "vda[9]", 1, 0)));
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: failed to parse block device 'vda[x'"),
            Fails(() => host.Domains.SetBlockThreshold(Call, host.Dom, "vda[x", 1, 0)));
    }

    [Fact]
    public async Task Statistics_tell_of_each_image_of_the_chain_and_of_the_copy()
    {
        using BlockHost host = new(isRunning: true);
        host.Images.Put(new ImageFile { Path = "/images/snap1", Format = "qcow2", Capacity = 1000, Allocation = 100 });
        await host.Domains.SetBlockThreshold(Call, host.Dom, "vda[3]", 500, 0);
        host.Copy("new");
        DomainStatsRecord record = Assert.Single(await host.Domains.GetAllDomainStats(Call, [host.Dom], DomainStatsTypes.Block,
            ConnectGetAllDomainStatsFlags.Backing));
        string Value(string field) => record.Params.Single(one => one.Field == field) is var one
            ? one.Type switch { TypedParameterType.String => one.Text, TypedParameterType.Uint => $"{one.UInt}", _ => $"{one.ULong}" } : "";
        Assert.Equal("5", Value("block.count"));
        Assert.Equal(["/images/active", "/images/snap2", "/images/snap1", "/images/base", "/images/new"],
            Enumerable.Range(0, 5).Select(i => Value($"block.{i}.path")));
        Assert.Equal(["1", "2", "3", "4", "5"], Enumerable.Range(0, 5).Select(i => Value($"block.{i}.backingIndex")));
        Assert.Equal(("1000", "100", "500"), (Value("block.2.capacity"), Value("block.2.allocation"), Value("block.2.threshold")));
        Assert.DoesNotContain(record.Params, one => one.Field == "block.1.rd.reqs");
    }
}
