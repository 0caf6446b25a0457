using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class StorageVolumeTests
{
    private readonly StorageHost _host = new();

    [Fact]
    public async Task A_new_volume_lies_in_its_pool_and_takes_its_space()
    {
        StorageVolRef volume = await _host.Volumes.CreateXml(_host.Call, _host.DefaultPool,
            "<volume><name>v1</name><capacity unit='G'>1</capacity><allocation unit='M'>1</allocation></volume>", 0);
        Assert.Equal("/default-pool/v1", volume.Key);
        Assert.Equal("/default-pool/v1", await _host.Volumes.GetPath(_host.Call, volume));
        Assert.Equal("v1", (await _host.Volumes.LookupByPath(_host.Call, "/default-pool/v1")).Name);
        Assert.Equal(1UL << 20, (await _host.Pools.GetInfo(_host.Call, _host.DefaultPool)).Allocation);
        Assert.Equal("""
            <volume type='file'>
              <name>v1</name>
              <key>/default-pool/v1</key>
              <capacity unit='bytes'>1073741824</capacity>
              <allocation unit='bytes'>1048576</allocation>
              <target>
                <path>/default-pool/v1</path>
                <format type='raw'/>
              </target>
            </volume>

            """, await _host.Volumes.GetXmlDesc(_host.Call, volume, 0));
        await _host.Volumes.Delete(_host.Call, volume, 0);
        Assert.Equal(0UL, (await _host.Pools.GetInfo(_host.Call, _host.DefaultPool)).Allocation);
        await StorageHost.Fails(ErrorCode.NoStorageVol, "Storage volume not found: no storage vol with matching key '/default-pool/v1'",
            () => _host.Volumes.LookupByKey(_host.Call, "/default-pool/v1"));
    }

    [Fact]
    public async Task A_volume_that_is_there_or_does_not_fit_is_refused()
    {
        await _host.MakeVolume("v1", 1);
        await StorageHost.Fails(ErrorCode.OperationFailed, "operation failed: storage vol already exists",
            async () => { await _host.MakeVolume("v1", 1); });
        await StorageHost.Fails(ErrorCode.InternalError, "internal error: Not enough free space in pool for volume 'v2'", () =>
            _host.Volumes.CreateXml(_host.Call, _host.DefaultPool, "<volume><name>v2</name><capacity unit='T'>1</capacity></volume>", 0));
    }

    [Fact]
    public async Task What_is_uploaded_is_downloaded()
    {
        StorageVolRef volume = await _host.MakeVolume("v1", 1000);
        byte[] data = new byte[300_000];
        new Random(1).NextBytes(data);
        await Upload(volume, data, 0, 0);
        Assert.Equal(data, await Download(volume, 0, 0));
        Assert.Equal(data[1000..3000], await Download(volume, 1000, 2000));
        Assert.Empty(await Download(volume, 300_000, 0));
        StorageVolGetInfoRet info = await _host.Volumes.GetInfo(_host.Call, volume);
        Assert.Equal((300_000UL, 300_000UL), (info.Capacity, info.Allocation));
        Assert.Equal(300_000UL, (await _host.Pools.GetInfo(_host.Call, _host.DefaultPool)).Allocation);
        Assert.Equal(["pool default-pool Refresh"], _host.Raised);
    }

    [Fact]
    public async Task A_volume_that_nobody_wrote_to_reads_as_zeros()
    {
        StorageVolRef volume = await _host.MakeVolume("v1", 100_000);
        Assert.Equal(new byte[100_000], await Download(volume, 0, 0));
        StorageVolRef image = await _host.MakeVolume("v2", 100_000, "<target><format type='qcow2'/></target>");
        Assert.Empty(await Download(image, 0, 0));
    }

    [Fact]
    public async Task Data_beyond_the_announced_length_is_refused()
    {
        StorageVolRef volume = await _host.MakeVolume("v1", 10);
        await StorageHost.Fails(ErrorCode.SystemError, "cannot write to stream: No space left on device",
            async () => await Upload(volume, new byte[101], 5, 100));
        Assert.Equal(105UL, (await _host.Volumes.GetInfo(_host.Call, volume)).Capacity);
    }

    [Fact]
    public async Task Holes_travel_as_holes()
    {
        const int Block = 1 << 20;
        StorageVolRef volume = await _host.MakeVolume("v1", 4 * Block);
        byte[] data = [.. Enumerable.Repeat((byte)7, Block)];
        await Upload(volume, [.. Enumerable.Repeat((byte)9, 2 * Block)], 0, 0);
        await using (StreamEndpoint stream = await _host.Volumes.Upload(_host.Call, volume, 0, 0, StorageVolUploadFlags.Stream))
        {
            await stream.WriteAsync(data, TestContext.Current.CancellationToken);
            await stream.WriteHoleAsync(2 * Block, TestContext.Current.CancellationToken);
            await stream.WriteAsync(data, TestContext.Current.CancellationToken);
            await stream.FinishAsync(TestContext.Current.CancellationToken);
        }

        List<(int Data, long Hole)> parts = [];
        await using (StreamEndpoint stream = await _host.Volumes.Download(_host.Call, volume, 0, 0, StorageVolDownloadFlags.Stream))
        {
            byte[] buffer = new byte[Block];
            for (StreamRead read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken); !read.IsEnd; read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken))
                parts.Add((read.Count, read.Hole));
        }

        Assert.Equal([(Block, 0), (0, 2 * Block), (Block, 0)], parts);
        byte[] whole = await Download(volume, 0, 0);
        byte[] expected = [.. data, .. new byte[2 * Block], .. data];
        Assert.Equal(expected, whole);
    }

    [Fact]
    public async Task A_clone_has_the_same_bytes()
    {
        StorageVolRef volume = await _host.MakeVolume("v1", 50_000);
        byte[] data = new byte[50_000];
        new Random(2).NextBytes(data);
        await Upload(volume, data, 0, 0);
        StorageVolRef clone = await _host.Volumes.CreateXmlFrom(_host.Call, _host.DefaultPool, "<volume><name>v2</name><capacity>60000</capacity></volume>",
            volume, 0);
        Assert.Equal("/default-pool/v2", clone.Key);
        byte[] longer = [.. data, .. new byte[10_000]];
        Assert.Equal(longer, await Download(clone, 0, 0));
        await _host.Volumes.Wipe(_host.Call, volume, 0);
        Assert.Equal(new byte[50_000], await Download(volume, 0, 0));
        Assert.Equal(data, (await Download(clone, 0, 0))[..50_000]);
    }

    [Fact]
    public async Task A_stream_outlives_its_volume()
    {
        StorageVolRef volume = await _host.MakeVolume("v1", 4);
        await Upload(volume, [1, 2, 3, 4], 0, 0);
        StreamEndpoint stream = await _host.Volumes.Download(_host.Call, volume, 0, 0, 0);
        await _host.Volumes.Delete(_host.Call, volume, 0);
        byte[] buffer = new byte[8];
        Assert.Equal(4, (await stream.ReadAsync(buffer, TestContext.Current.CancellationToken)).Count);
        await stream.DisposeAsync();
        Assert.Equal([1, 2, 3, 4], buffer[..4]);
    }

    [Fact]
    public async Task Resize_obeys_its_flags()
    {
        StorageVolRef volume = await _host.MakeVolume("v1", 1000);
        await _host.Volumes.Resize(_host.Call, volume, 500, StorageVolResizeFlags.Delta);
        Assert.Equal(1500UL, (await _host.Volumes.GetInfo(_host.Call, volume)).Capacity);
        await StorageHost.Fails(ErrorCode.InvalidArg,
            "invalid argument: Can't shrink capacity below current capacity unless shrink flag explicitly specified",
            () => _host.Volumes.Resize(_host.Call, volume, 10, 0));
        await _host.Volumes.Resize(_host.Call, volume, 10, StorageVolResizeFlags.Shrink);
        Assert.Equal(10, (await Download(volume, 0, 0)).Length);
        await _host.Volumes.Resize(_host.Call, volume, 2000, StorageVolResizeFlags.Allocate);
        Assert.Equal(2000UL, (await _host.Pools.GetInfo(_host.Call, _host.DefaultPool)).Allocation);
        await StorageHost.Fails(ErrorCode.OperationFailed, "operation failed: Not enough space left in storage pool",
            () => _host.Volumes.Resize(_host.Call, volume, 1UL << 40, StorageVolResizeFlags.Allocate));
    }

    private async ValueTask Upload(StorageVolRef volume, byte[] data, ulong offset, ulong length)
    {
        await using StreamEndpoint stream = await _host.Volumes.Upload(_host.Call, volume, offset, length, 0);
        foreach (byte[] chunk in data.Chunk(65536))
            await stream.WriteAsync(chunk, TestContext.Current.CancellationToken);
        await stream.FinishAsync(TestContext.Current.CancellationToken);
    }

    private async Task<byte[]> Download(StorageVolRef volume, ulong offset, ulong length)
    {
        await using StreamEndpoint stream = await _host.Volumes.Download(_host.Call, volume, offset, length, 0);
        using MemoryStream whole = new();
        byte[] buffer = new byte[65536];
        for (StreamRead read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken); !read.IsEnd; read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken))
            whole.Write(buffer, 0, read.Count);
        await stream.FinishAsync(TestContext.Current.CancellationToken);
        return whole.ToArray();
    }
}
