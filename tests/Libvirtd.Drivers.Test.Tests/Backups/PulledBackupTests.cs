using System.Net;
using System.Net.Sockets;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>What clients read of a pulled backup.</summary>
public sealed class PulledBackupTests : IDisposable
{
    private const long Size = 1 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("pull-").FullName;
    private readonly VirtualClock _clock = new();
    private readonly TestHost _host;
    private readonly TestDomainDriver _domains;
    private readonly TestCheckpointDriver _checkpoints;
    private readonly DomainRef _dom;

    public PulledBackupTests()
    {
        _host = TestHost.Default(_clock, new IdentitySource(1));
        _domains = new TestDomainDriver(_host.Domains);
        _checkpoints = new TestCheckpointDriver(_host.Domains);
        _host.Storage.CreateVolume("default-pool", $"<volume><name>v</name><capacity>{Size}</capacity></volume>", validate: false);
        _host.Images.Put(new ImageFile { Path = "/i/b", Format = "qcow2", Capacity = Size, Allocation = 0, Backing = "/default-pool/v", BackingFormat = "raw" });
        _dom = _domains.DefineXml(Call, Xml("vm", devices: "<disk type='file'><source file='/default-pool/v'/><target dev='vda' bus='virtio'/></disk>"
            + "<disk type='file'><driver type='qcow2'/><source file='/i/b'/><target dev='vdb' bus='virtio'/></disk>")).Result;
        _domains.Create(Call, _dom);
    }

    private string Place => Path.Combine(_folder, "s");

    public void Dispose()
    {
        _host.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_volumes_bytes_are_those_of_the_moment_when_the_backup_began()
    {
        VolumeContent volume = _host.Storage.GetVolume("default-pool", "v").Content;
        volume.Write("uploaded"u8, 4000);
        Write("vda", 4003, 2, 'X');
        Begin(Disk("vda"));
        await using NbdClient client = await (await NbdClient.ConnectAsync(Place)).GoAsync(isStructured: false);
        Write("vda", 4000, 8, 'Y');
        volume.Write("again"u8, 0);
        volume.Clear();
        Assert.Equal("\0uplXXded\0"u8.ToArray(), await client.DiskAsync(3999, 10));
        Assert.Equal(new byte[5], await client.DiskAsync(0, 5));
        _host.Storage.DeleteVolume("default-pool", "v");
        Assert.Equal("\0uplXXded\0"u8.ToArray(), await client.DiskAsync(3999, 10));
    }

    [Fact]
    public async Task A_chain_is_read_through()
    {
        _host.Storage.GetVolume("default-pool", "v").Content.Write("below"u8, 0);
        Write("vdb", 2, 2, 'U');
        Begin(Disk("vdb", "exportname='vda'"));
        await using NbdClient client = await (await NbdClient.ConnectAsync(Place)).GoAsync(isStructured: false);
        Assert.Equal("beUUw\0"u8.ToArray(), await client.DiskAsync(0, 6));
    }

    [Fact]
    public async Task Changes_since_the_checkpoint_are_told_in_blocks_of_64_KiB()
    {
        Write("vda", 0, 10, 'a');
        await _checkpoints.CreateXml(Call, _dom, "<domaincheckpoint><name>one</name></domaincheckpoint>", 0);
        Write("vda", 200_000, 10, 'b');
        Write("vda", 300_000, 100_000, 'c');
        Begin(Disk("vda", "incremental='one'") + Disk("vdb", "backupmode='full'"));
        Write("vda", 900_000, 10, 'd');
        await using NbdClient client = await (await NbdClient.ConnectAsync(Place)).GoAsync(isStructured: true, "qemu:dirty-bitmap:backup-vda", "base:allocation");
        string[] status = await client.StatusAsync(0, (uint)Size);
        Assert.Equal("1=196608:0 262144:1 589824:0", status[1]);
        // Whole blocks of 4 KiB are data.
        Assert.Equal("0=4096:0 192512:3 4096:0 98304:3 102400:0 647168:3", status[0]);
        await using NbdClient other = await (await NbdClient.ConnectAsync(Place)).GreetAsync();
        await other.OptionAsync(8);
        Assert.Equal([(4u, "0 base:allocation"), (1u, "")], await other.OptionAsync(9, [.. NbdClient.Text("vdb"), .. NbdClient.Number(0, 4)]));
    }

    [Fact]
    public async Task Exports_have_the_names_that_were_asked_for()
    {
        await _checkpoints.CreateXml(Call, _dom, "<domaincheckpoint><name>one</name></domaincheckpoint>", 0);
        Begin(Disk("vda", "incremental='one' exportname='a' exportbitmap='changes'") + Disk("vdb"));
        await using NbdClient client = await (await NbdClient.ConnectAsync(Place)).GreetAsync();
        Assert.Equal([(2u, "adisk vda of domain vm"), (2u, "vdbdisk vdb of domain vm"), (1u, "")], await client.OptionAsync(3));
        await client.OptionAsync(8);
        Assert.Equal((4u, "1 qemu:dirty-bitmap:changes"), (await client.OptionAsync(9, [.. NbdClient.Text("a"), .. NbdClient.Number(0, 4)]))[1]);
    }

    [Theory]
    [InlineData("domjobabort")]
    [InlineData("destroy")]
    [InlineData("blockjob --abort")]
    [InlineData("the last connection goes")]
    public async Task The_end_of_the_job_is_the_end_of_the_server(string how)
    {
        Begin(Disk("vda"));
        await using NbdClient client = await (await NbdClient.ConnectAsync(Place)).GoAsync(isStructured: false);
        if (how == "destroy")
            await _domains.Destroy(Call, _dom);
        else if (how == "domjobabort")
            await _domains.AbortJob(Call, _dom);
        else if (how == "the last connection goes")
            _host.Dispose();
        else
            await _domains.BlockJobAbort(Call, _dom, "vda", 0);
        await client.HungUpAsync();
        Assert.False(File.Exists(Place));
    }

    [Fact]
    public async Task A_backup_whose_port_is_taken_does_not_begin()
    {
        using Socket taken = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen(1);
        string xml = $"<domainbackup mode='pull'><server name='127.0.0.1' port='{((IPEndPoint)taken.LocalEndPoint!).Port}'/></domainbackup>";
        Assert.Equal((ErrorCode.InternalError, "internal error: unable to execute QEMU command 'nbd-server-start': Failed to find an available port: Address already in use"),
            Fails(() => _domains.BackupBegin(Call, _dom, xml, "<domaincheckpoint><name>one</name></domaincheckpoint>", 0)));
        Assert.Empty(await _checkpoints.ListAllCheckpoints(Call, _dom, 0));
        Assert.Empty(_host.Storage.GetVolume("default-pool", "v").Bitmaps);
        Assert.False(_host.Domains.Get(_dom).HasJob);
        Begin(Disk("vda"));
    }

    [Theory]
    [InlineData("", "exportname='vda'", "internal error: unable to execute QEMU command 'block-export-add': NBD server already has export named 'vda'")]
    [InlineData("tls='yes'", "", "Requested operation is not valid: backup TLS directory not configured")]
    public void What_cannot_be_offered_is_named(string server, string second, string error)
    {
        Assert.Equal(error, Fails(() => Begin(Disk("vda") + Disk("vdb", second), server)).Text);
        Assert.False(File.Exists(Place));
        Begin(Disk("vda"));
    }

    [Fact]
    public async Task A_full_backup_that_was_pushed_can_be_started_from()
    {
        Write("vda", 100, 10, 'a');
        await _domains.BackupBegin(Call, _dom, "<domainbackup><disks><disk name='vda' type='file'><target file='/i/copy'/></disk></disks></domainbackup>", null, 0);
        Write("vda", 105, 10, 'b');
        _clock.Advance(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        DomainRef restored = await _domains.DefineXml(Call, Xml("restored", devices:
            "<disk type='file'><driver type='qcow2'/><source file='/i/copy'/><target dev='vda' bus='virtio'/></disk>"));
        await _domains.Create(Call, restored);
        Begin(Disk("vda"), of: restored);
        await using NbdClient client = await (await NbdClient.ConnectAsync(Place)).GoAsync(isStructured: false);
        Assert.Equal("\0aaaaaaaaaa\0"u8.ToArray(), await client.DiskAsync(99, 12));
    }

    private static string Disk(string target, string more = "") => $"<disk name='{target}' type='file' {more}/>";

    private void Begin(string disks, string server = "", DomainRef? of = null) => _domains.BackupBegin(Call, of ?? _dom,
        $"<domainbackup mode='pull'><server transport='unix' socket='{Place}' {server}/><disks>{disks}</disks></domainbackup>", null, 0);

    private void Write(string disk, long offset, long bytes, char pattern)
    {
        using DomainEdit edit = _host.Domains.Edit(_dom);
        GuestWrites.Write(edit, disk, new GuestWrite(bytes) { Offset = offset, Pattern = (byte)pattern });
    }
}
