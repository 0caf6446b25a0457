using System.Globalization;
using System.Text.RegularExpressions;
using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

/// <summary>Backups that NBD clients read: those of QEMU and of libnbd. Upstream's test driver has none.</summary>
public sealed partial class PulledBackupTests : SessionTests<OurDaemon>
{
    private const int Size = 8 << 20;

    private readonly string _place = $"/tmp/nbd-{Guid.NewGuid():N}";

    protected override string? ClientMissing => base.ClientMissing ?? Debian.Missing("qemu-utils", "libnbd-bin", "python3-libnbd");

    private string Host => Server.Uri(Transport.Unix) + "&host=pull&keep=1m&clock=virtual";

    private string Vda => $"nbd+unix:///vda?socket={_place}";

    [Fact]
    public async Task A_full_backup_is_the_volume_as_it_was()
    {
        await PrepareAsync();
        await Write("vda", 5_000_000, 200_000, "seed=1");
        await Run(Host, "vol-download", "v", "before", "--pool", "default-pool");
        await BeginAsync(null);
        await Write("vda", 0, 3_000_000, "pattern=7");
        await Tool("qemu-img", "convert", "-f", "raw", "-O", "raw", Vda, "converted");
        AssertSame("before", "converted");
        await Tool("nbdcopy", Vda, "copied");
        AssertSame("before", "copied");
        await Tool("qemu-img", "compare", "-f", "raw", "-F", "raw", Vda, "before");
        Assert.Contains("virtual size: 8 MiB (8388608 bytes)", await Tool("qemu-img", "info", Vda), StringComparison.Ordinal);
        await EndAsync();
    }

    [Fact]
    public async Task An_increment_tells_what_has_changed_and_makes_the_copy_whole()
    {
        await PrepareAsync();
        await BeginAsync(null, "one");
        await Tool("nbdcopy", Vda, "copy");
        await EndAsync();
        await Write("vda", 1_000_000, 100_000, "seed=2");
        await Write("vda", 4_194_304, 65_536, "pattern=0");
        await BeginAsync("one", "two");
        Assert.Equal(
            [
                "0 983040 0 clean", "983040 131072 1 dirty", "1114112 3080192 0 clean", "4194304 65536 1 dirty", "4259840 4128768 0 clean",
            ],
            Rows(await Tool("nbdinfo", "--map=qemu:dirty-bitmap:backup-vda", Vda)));
        Assert.Equal(["0 8388608 3 hole,zero"], Rows(await Tool("nbdinfo", "--map", Vda.Replace("vda", "vdb", StringComparison.Ordinal))));
        // What a backup program does: it reads the dirty ranges, and nothing else.
        Assert.Equal("refused EPERM\n", await Tool("/usr/bin/python3", Path.Combine(Repository.Root, "interop/python/nbd_increment.py"), Vda, "qemu:dirty-bitmap:backup-vda", "copy"));
        await EndAsync();
        await Run(Host, "vol-download", "v", "now", "--pool", "default-pool");
        AssertSame("now", "copy");
    }

    [Fact]
    public async Task Every_client_lists_the_exports()
    {
        await PrepareAsync();
        await BeginAsync(null);
        string list = await Tool("qemu-nbd", "--list", "-k", _place);
        Assert.Contains("exports available: 2\n export: 'vda'\n", list, StringComparison.Ordinal);
        Assert.Contains("  flags: 0x187 ( readonly flush df multi )\n", list, StringComparison.Ordinal);
        Assert.Contains("  available meta contexts: 1\n   base:allocation\n export: 'vdb'\n", list, StringComparison.Ordinal);
        list = await Tool("nbdinfo", "--list", $"nbd+unix:///?socket={_place}");
        Assert.Contains("protocol: newstyle-fixed without TLS, using structured packets\n", list, StringComparison.Ordinal);
        Assert.Contains("is_read_only: true\n", list, StringComparison.Ordinal);
        Assert.Contains("read-only", (await ProcessRunner.RunAsync("nbdcopy", ["/dev/zero", Vda], Work.Path, Stop)).Output, StringComparison.Ordinal);
        await EndAsync();
    }

    [Fact]
    public async Task A_port_is_opened_by_the_backup_and_closed_with_it()
    {
        await PrepareAsync();
        int port = Ports.Free();
        string server = $"<server name='localhost' port='{port}'/>";
        await BeginAsync(null, server: server);
        await Tool("nbdinfo", "--size", $"nbd://localhost:{port}/vda");
        await File.WriteAllTextAsync(Work.File("other.xml"), $"<domainbackup mode='pull'>{server}</domainbackup>", Stop);
        await Run(Host, "start", "other");
        Assert.Contains("error: internal error: unable to execute QEMU command 'nbd-server-start': Failed to find an available port: Address already in use",
            await Fail(Host, "backup-begin", "other", "other.xml"), StringComparison.Ordinal);
        await Run(Host, "destroy", "vm");
        Assert.NotEqual(0, (await ProcessRunner.RunAsync("nbdinfo", ["--size", $"nbd://localhost:{port}/vda"], Work.Path, Stop)).Status);
        await Run(Host, "backup-begin", "other", "other.xml");
    }

    /// <summary>A domain that runs on a volume with random bytes, and another one.</summary>
    private async Task PrepareAsync()
    {
        byte[] bytes = new byte[5_000_000];
        new Random(7).NextBytes(bytes);
        await File.WriteAllBytesAsync(Work.File("in"), bytes, Stop);
        string Domain(string name, string disks) => $"<domain type='test'><name>{name}</name><memory>1024</memory><os><type>hvm</type></os><devices>{disks}</devices></domain>";
        await File.WriteAllTextAsync(Work.File("vm.xml"), Domain("vm",
            "<disk type='file'><driver type='raw'/><source file='/default-pool/v'/><target dev='vda' bus='virtio'/></disk>"
            + "<disk type='file'><driver type='raw'/><source file='/default-pool/w'/><target dev='vdb' bus='virtio'/></disk>"), Stop);
        await File.WriteAllTextAsync(Work.File("other-vm.xml"), Domain("other",
            "<disk type='file'><driver type='qcow2'/><source file='/i/other'/><target dev='vda' bus='virtio'/></disk>"), Stop);
        await Run(Host, $"vol-create-as default-pool v {Size} --allocation 0; vol-create-as default-pool w {Size} --allocation 0; vol-upload v in --pool default-pool; "
            + "define vm.xml; define other-vm.xml; start vm");
    }

    private Task<string> Write(string disk, int offset, int bytes, string what) => Run(Host, "qemu-monitor-command", "vm", "--hmp",
        string.Create(CultureInfo.InvariantCulture, $"guest-write disk={disk} offset={offset} bytes={bytes} {what}"));

    private async Task BeginAsync(string? since, string? checkpoint = null, string? server = null)
    {
        await File.WriteAllTextAsync(Work.File("pull.xml"), $"<domainbackup mode='pull'>{(since is null ? "" : $"<incremental>{since}</incremental>")}"
            + (server ?? $"<server transport='unix' socket='{_place}'/>")
            + (since is null ? "" : "<disks><disk name='vda'/><disk name='vdb' backupmode='full'/></disks>") + "</domainbackup>", Stop);
        await File.WriteAllTextAsync(Work.File("checkpoint.xml"), $"<domaincheckpoint><name>{checkpoint}</name></domaincheckpoint>", Stop);
        await Run(Host, ["backup-begin", "vm", "pull.xml", .. checkpoint is null ? Array.Empty<string>() : ["checkpoint.xml"]]);
    }

    private async Task EndAsync()
    {
        await Run(Host, "domjobabort", "vm");
        Assert.False(File.Exists(_place));
    }

    private async Task<string> Tool(string program, params string[] arguments)
    {
        Finished finished = await ProcessRunner.RunAsync(program, arguments, Work.Path, Stop);
        Assert.True(finished.Status == 0, $"{program} {string.Join(' ', arguments)}: {finished.Output}\n{Server.Log}");
        return finished.Output;
    }

    private static string[] Rows(string map) => [.. map.TrimEnd('\n').Split('\n').Select(static row => Blanks().Replace(row.Trim(), " "))];

    private void AssertSame(string expected, string actual) =>
        Assert.True(File.ReadAllBytes(Work.File(expected)).AsSpan().SequenceEqual(File.ReadAllBytes(Work.File(actual))), $"{actual} is not {expected}");

    [GeneratedRegex(" +")]
    private static partial Regex Blanks();
}
