using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

public sealed class DomainGuestTests
{
    [Fact]
    public async Task File_systems_freeze_and_thaw_and_are_counted()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        Assert.Equal(1, await host.Domains.Fsfreeze(Call, test, ["/"], 0));
        Assert.Equal(1, await host.Domains.Fsfreeze(Call, test, [], 0));
        Assert.Equal(0, await host.Domains.Fsfreeze(Call, test, ["/", "/boot"], 0));
        Assert.Equal(2, await host.Domains.Fsthaw(Call, test, [], 0));
        Assert.Equal("Requested operation is not valid: mount point not found: /home", Fails(() => host.Domains.Fsfreeze(Call, test, ["/home"], 0)).Text);
        DomainGetFsinfoRet info = await host.Domains.GetFsinfo(Call, test, 0);
        Assert.Equal(["/ vda1", "/boot vda2"], info.Info.Select(one => $"{one.Mountpoint} {one.Name}"));
    }

    [Theory]
    [InlineData(627319920, 0, 0, 0)]
    [InlineData(500, 1, 0, 500)]
    [InlineData(10500, 2, 0, 500)]
    [InlineData(30002, 3, 2, 2)]
    public async Task The_guests_clock_decides_the_control_state(long seconds, uint state, uint details, ulong time)
    {
        await using Hypervisor host = await OpenAsync();
        await host.Domains.SetTime(Call, host.Test, seconds, 7, DomainSetTimeFlags.None);
        DomainGetTimeRet now = await host.Domains.GetTime(Call, host.Test, 0);
        Assert.Equal((seconds, 7u), (now.Seconds, now.Nseconds));
        DomainGetControlInfoRet info = await host.Domains.GetControlInfo(Call, host.Test, 0);
        Assert.Equal((state, details, time), (info.State, info.Details, info.StateTime));
    }

    [Fact]
    public async Task Cpu_statistics_are_told_whole_and_in_parts()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        Assert.Equal(3, (await host.Domains.GetCpuStats(Call, test, 0, -1, 1, 0)).Nparams);
        Assert.Equal(3, (await host.Domains.GetCpuStats(Call, test, 9, -1, 1, 0)).Params.Length);
        Assert.Equal(2, (await host.Domains.GetCpuStats(Call, test, 0, 0, 0, 0)).Nparams);
        DomainGetCpuStatsRet two = await host.Domains.GetCpuStats(Call, test, 2, 0, 2, 0);
        Assert.Equal((4, 2), (two.Params.Length, two.Nparams));
        Assert.Equal("invalid argument: start_cpu 2 larger than maximum of 1", Fails(() => host.Domains.GetCpuStats(Call, test, 2, 2, 1, 0)).Text);
    }

    [Fact]
    public async Task Statistics_name_what_they_do_not_find()
    {
        await using Hypervisor host = await OpenAsync();
        DomainRef test = host.Test;
        Assert.Equal("invalid argument: invalid path: vdz", Fails(() => host.Domains.BlockStats(Call, test, "vdz")).Text);
        Assert.Equal("invalid argument: 'net9' is not a known interface", Fails(() => host.Domains.InterfaceStats(Call, test, "net9")).Text);
        Assert.True((await host.Domains.InterfaceStats(Call, test, "AA:BB:CC:DD:EE:FF")).RxBytes > 0);
        Assert.Equal("invalid argument: invalid path nope not assigned to domain", Fails(() => host.Domains.GetBlockInfo(Call, test, "nope", 0)).Text);
        Assert.Equal(13, (await host.Domains.MemoryStats(Call, test, 50, 0)).Length);
        DomainStatsRecord[] records = await host.Domains.GetAllDomainStats(Call, [], DomainStatsTypes.None, ConnectGetAllDomainStatsFlags.None);
        Assert.Equal("state.state=1 state.reason=0", string.Join(' ', Assert.Single(records).Params));
    }

    [Fact]
    public async Task A_screenshot_is_a_whole_picture()
    {
        await using Hypervisor host = await OpenAsync();
        (string? type, StreamEndpoint stream) = await host.Domains.Screenshot(Call, host.Test, 0, 0);
        await using StreamEndpoint _ = stream;
        List<byte> picture = [];
        byte[] buffer = new byte[100];
        StreamRead read;
        while (!(read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken)).IsEnd)
            picture.AddRange(buffer.AsSpan(0, read.Count));
        Assert.Equal("image/png", type);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], picture[..4]);
        // The empty chunk that ends the file, and its checksum as the format's definition gives it.
        Assert.Equal([0, 0, 0, 0, (byte)'I', (byte)'E', (byte)'N', (byte)'D', 0xAE, 0x42, 0x60, 0x82], picture[^12..]);
    }
}
