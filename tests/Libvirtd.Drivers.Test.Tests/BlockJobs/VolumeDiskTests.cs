using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Disks that name a pool and its volume.</summary>
public sealed class VolumeDiskTests
{
    private readonly VirtualClock _clock = new();
    private readonly TestHost _host;
    private readonly TestDomainDriver _domains;
    private readonly TestStoragePoolDriver _pools;
    private readonly TestStorageVolDriver _volumes;

    public VolumeDiskTests()
    {
        _host = TestHost.Default(_clock, new IdentitySource(1));
        _domains = new TestDomainDriver(_host.Domains);
        _pools = new TestStoragePoolDriver(_host.Storage);
        _volumes = new TestStorageVolDriver(_host.Storage);
        Volume("default-pool", "base", 1000, "");
        Volume("default-pool", "disk", 1000, "<backingStore><path>/default-pool/base</path><format type='qcow2'/></backingStore>");
    }

    [Fact]
    public async Task It_is_the_volumes_file()
    {
        DomainRef dom = Define("pool='default-pool' volume='disk'");
        await _domains.Create(Call, dom);
        Assert.Equal(1000ul, (await _domains.GetBlockInfo(Call, dom, "vda", 0)).Capacity);
        Assert.Equal(1000ul, (await _domains.GetBlockInfo(Call, dom, "/default-pool/disk", 0)).Capacity);
        string xml = await _domains.GetXmlDesc(Call, dom, 0);
        Assert.Contains("<disk type='volume' device='disk'>\n      <driver type='qcow2'/>\n      <source pool='default-pool' volume='disk' index='1'/>\n"
            + "      <backingStore type='file' index='2'>\n        <format type='qcow2'/>\n        <source file='/default-pool/base'/>", xml, StringComparison.Ordinal);
        Assert.DoesNotContain("/default-pool/base", await _domains.GetXmlDesc(Call, dom, DomainXmlFlags.Inactive), StringComparison.Ordinal);
        Assert.Equal(["/default-pool/disk", "/default-pool/base"], Paths(dom));
        Assert.True(_host.Images.IsUsed("/default-pool/disk") && _host.Images.IsUsed("/default-pool/base"));
    }

    [Fact]
    public async Task It_is_backed_up_beside_the_volumes_file()
    {
        DomainRef dom = Define("pool='default-pool' volume='disk'");
        await _domains.Create(Call, dom);
        await _domains.BackupBegin(Call, dom, "<domainbackup/>", "<domaincheckpoint><name>monday</name></domaincheckpoint>", 0);
        Assert.Contains("<target file='/default-pool/disk.monday'/>", await _domains.BackupGetXmlDesc(Call, dom, 0), StringComparison.Ordinal);
        Finish();
        Assert.True(_host.Images.Exists("/default-pool/disk.monday"));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Block_jobs_work_on_it(bool isRunning)
    {
        DomainRef dom = Define("pool='default-pool' volume='disk'");
        if (isRunning)
            await _domains.Create(Call, dom);
        await _domains.BlockPull(Call, dom, "/default-pool/disk", 0, 0);
        Finish();
        Assert.Equal(["/default-pool/disk"], Paths(dom));
        Assert.Null(_host.Images.Find("/default-pool/disk")!.Backing);
        Assert.Contains("<source pool='default-pool' volume='disk'/>", await _domains.GetXmlDesc(Call, dom, DomainXmlFlags.Inactive), StringComparison.Ordinal);
        await _domains.BlockResize(Call, dom, "vda", 2048, DomainBlockResizeFlags.Bytes);
        Assert.Equal(2048ul, _host.Storage.FindVolume("/default-pool/disk")!.View.Capacity);
        await _domains.BlockCopy(Call, dom, "vda", "<disk type='file'><driver type='qcow2'/><source file='/new'/></disk>", [], 0);
        Finish();
        await _domains.BlockJobAbort(Call, dom, "vda", DomainBlockJobAbortFlags.Pivot);
        Assert.Equal(["/new"], Paths(dom));
        Assert.Contains("<disk type='file' device='disk'>", await _domains.GetXmlDesc(Call, dom, DomainXmlFlags.Inactive), StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_commit_goes_on_in_the_image_below(bool isRunning)
    {
        DomainRef dom = Define("pool='default-pool' volume='disk'");
        if (isRunning)
            await _domains.Create(Call, dom);
        await _domains.BlockCommit(Call, dom, "vda", null, null, 0, isRunning ? DomainBlockCommitFlags.Active : 0);
        Finish();
        if (isRunning)
            await _domains.BlockJobAbort(Call, dom, "vda", DomainBlockJobAbortFlags.Pivot);
        Assert.Equal(["/default-pool/base"], Paths(dom));
        Assert.Contains("<source file='/default-pool/base'/>", await _domains.GetXmlDesc(Call, dom, DomainXmlFlags.Inactive), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_overlay_above_it_is_merged_into_it()
    {
        DomainRef dom = Define("pool='default-pool' volume='disk'");
        TestSnapshotDriver snapshots = new(_host.Domains);
        DomainSnapshotRef snapshot = await snapshots.CreateXml(Call, dom,
            "<domainsnapshot><name>s</name><disks><disk name='vda'><source file='/top'/></disk></disks></domainsnapshot>", DomainSnapshotCreateFlags.DiskOnly);
        Assert.Equal(["/top", "/default-pool/disk", "/default-pool/base"], Paths(dom));
        Task deletion = snapshots.Delete(Call, snapshot, 0).AsTask();
        Finish();
        await deletion;
        Assert.Equal(["/default-pool/disk", "/default-pool/base"], Paths(dom));
        Assert.Contains("<source pool='default-pool' volume='disk'/>", await _domains.GetXmlDesc(Call, dom, DomainXmlFlags.Inactive), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pool='nope' volume='disk'", ErrorCode.NoStoragePool, "Storage pool not found: no storage pool with matching name 'nope'")]
    [InlineData("pool='default-pool' volume='nope'", ErrorCode.NoStorageVol, "Storage volume not found: no storage vol with matching name 'nope'")]
    [InlineData("pool='default-pool' volume='disk' mode='host'", ErrorCode.XmlError,
        "XML error: disk source mode is only valid when storage pool is of iscsi type")]
    [InlineData("pool='off' volume='disk'", ErrorCode.ConfigUnsupported,
        "unsupported configuration: storage pool 'off' containing volume 'disk' is not active")]
    [InlineData("pool='ceph' volume='disk'", ErrorCode.ConfigUnsupported,
        "unsupported configuration: using 'rbd' pools for backing 'volume' disks isn't yet supported")]
    [InlineData("pool='san' volume='disk' mode='direct'", ErrorCode.InternalError, "internal error: unexpected iscsi volume name 'disk'")]
    public async Task What_cannot_be_found_is_named_when_it_is_touched(string source, ErrorCode code, string text)
    {
        await _pools.DefineXml(Call, "<pool type='dir'><name>off</name><target><path>/off</path></target></pool>", 0);
        await Pool("<pool type='rbd'><name>ceph</name><source><host name='mon'/><name>rbd</name></source></pool>", "ceph", "disk");
        await San("disk");
        DomainRef dom = Define(source);
        // As upstream's test driver has it, such a domain starts all the same.
        await _domains.Create(Call, dom);
        Assert.Equal(1099506450432ul, (await _domains.GetBlockInfo(Call, dom, "vda", 0)).Capacity);
        Action[] touches =
        [
            () => _domains.BlockPull(Call, dom, "vda", 0, 0),
            () => _domains.BlockCommit(Call, dom, "vda", null, null, 0, DomainBlockCommitFlags.Active),
            () => _domains.BlockResize(Call, dom, "vda", 2048, DomainBlockResizeFlags.Bytes),
        ];
        Assert.All(touches, touch => Assert.Equal((code, text), Fails(touch)));
    }

    [Theory]
    [InlineData("", "block", "/dev/disk/by-path/unit:0:0:1")]
    [InlineData("mode='host'", "block", "/dev/disk/by-path/unit:0:0:1")]
    [InlineData("mode='direct'", "network", "iqn.2013-06.com.example:target/1")]
    public async Task A_unit_of_a_san_is_a_device_or_a_place_in_the_network(string mode, string type, string path)
    {
        await San("unit:0:0:1");
        DomainRef dom = Define($"pool='san' volume='unit:0:0:1' {mode}");
        ChainImage image = _host.Images.ChainOf(_host.Domains.Get(dom).View.Definition.Document.DiskByTarget("vda")!).Active;
        Assert.Equal((type, path, "volume"), (image.Type, image.Path, image.DocumentType));
        if (type == "block")
            Assert.Equal(1000ul, (await _domains.GetBlockInfo(Call, dom, "vda", 0)).Capacity);
        await _domains.BlockPull(Call, dom, "vda", 0, 0);
    }

    [Fact]
    public async Task A_raw_disk_is_resized_to_all_that_is_there()
    {
        Volume("default-pool", "raw", 4096, "", "raw");
        DomainRef dom = Define("pool='default-pool' volume='raw'", "raw");
        await _domains.Create(Call, dom);
        await _domains.BlockResize(Call, dom, "vda", 0, DomainBlockResizeFlags.Capacity);
        await _domains.BlockResize(Call, dom, "vda", 4, DomainBlockResizeFlags.Capacity);
        Assert.Equal(4096ul, (await _domains.GetBlockInfo(Call, dom, "vda", 0)).Capacity);
        Assert.Equal((ErrorCode.InvalidArg, "invalid argument: Requested resize to '2048' but device size is '4096'"),
            Fails(() => _domains.BlockResize(Call, dom, "vda", 2048, DomainBlockResizeFlags.Capacity | DomainBlockResizeFlags.Bytes)));
        DomainRef other = Define("pool='default-pool' volume='disk'", name: "other");
        Assert.Equal((ErrorCode.OperationUnsupported, "Operation not supported: block resize to full capacity supported only with 'raw' local block-based disks"),
            Fails(() => _domains.BlockResize(Call, other, "vda", 0, DomainBlockResizeFlags.Capacity)));
    }

    /// <summary>Lets a job without a limit come to its end.</summary>
    private void Finish() => _clock.Advance(TestBlockJobs.DefaultDuration);

    private DomainRef Define(string source, string format = "qcow2", string name = "vm") => _domains.DefineXml(Call, Xml(name,
        devices: $"<disk type='volume'><driver type='{format}'/><source {source}/><target dev='vda' bus='virtio'/></disk>")).Result;

    private void Volume(string pool, string name, ulong capacity, string more, string format = "qcow2") =>
        _ = _volumes.CreateXml(Call, _host.Storage.Get(pool).Ref,
            $"<volume><name>{name}</name><capacity>{capacity}</capacity><allocation>0</allocation><target><format type='{format}'/></target>{more}</volume>", 0).Result;

    private Task San(string volume) => Pool("<pool type='iscsi'><name>san</name><source><host name='san.example.com'/>"
        + "<device path='iqn.2013-06.com.example:target'/></source><target><path>/dev/disk/by-path</path></target></pool>", "san", volume);

    private async Task Pool(string xml, string name, string volume)
    {
        await _pools.CreateXml(Call, xml, 0);
        await _volumes.CreateXml(Call, _host.Storage.Get(name).Ref, $"<volume><name>{volume}</name><capacity>1000</capacity></volume>", 0);
    }

    private string[] Paths(DomainRef dom) =>
        [.. _host.Images.ChainOf(_host.Domains.Get(dom).View.Definition.Document.DiskByTarget("vda")!).Images.Select(static image => image.Path!)];
}
