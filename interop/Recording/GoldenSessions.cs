namespace Libvirtd.Interop.Recording;

/// <summary>A session of the stock client that is worth keeping: what is sent through virsh's standard input.</summary>
/// <param name="Name">The name of the file.</param>
/// <param name="Driver">The driver and the path of the address.</param>
/// <param name="Commands">virsh commands; <c>$WORK</c> stands for an empty folder.</param>
internal sealed record GoldenSession(string Name, (string Scheme, string Path) Driver, IReadOnlyList<string> Commands)
{
    private static readonly (string, string) Test = ("test", "/default");
    private static readonly (string, string) Storage = ("storage", "/system");

    public static IReadOnlyList<GoldenSession> All { get; } =
    [
        new("list", Test, ["list --all", "list --all --name", "domid test", "domuuid test", "domname 1"]),
        new("dumpxml", Test, ["dumpxml test", "dumpxml test --inactive"]),
        new("lifecycle", Test,
        [
            "suspend test", "resume test", "reboot test", "reset test", "shutdown test", "start test", "destroy test", "start test --paused",
            "domstate test --reason", "dominfo test", "autostart test", "autostart test --disable",
        ]),
        new("define", Test, ["define vm1.xml", "start vm1", "undefine vm1", "destroy vm1", "create vm2.xml", "destroy vm2", "define bad-no-name.xml"]),
        new("snapshot", Test,
        [
            "snapshot-create-as test one", "snapshot-create-as test two", "snapshot-list test --tree", "snapshot-list test --parent",
            "snapshot-info test one", "snapshot-dumpxml test two", "snapshot-current test --name", "snapshot-parent test two",
            "snapshot-revert test one", "snapshot-delete test one --children", "snapshot-list test",
        ]),
        new("network", Test,
        [
            "net-list --all", "net-info default", "net-dumpxml default", "net-define net1.xml", "net-start net1", "net-autostart net1",
            "net-destroy net1", "net-undefine net1", "net-uuid default", "net-name dd8fe884-6c02-601e-7551-cca97df1c5df",
        ]),
        new("pool", Test,
        [
            "pool-list --all --details", "pool-info default-pool", "pool-dumpxml default-pool", "pool-define pool1.xml", "pool-build pool1",
            "pool-start pool1", "pool-refresh pool1", "pool-autostart pool1", "pool-destroy pool1", "pool-delete pool1", "pool-undefine pool1",
        ]),
        new("volume", Test,
        [
            "vol-create default-pool vol1.xml", "vol-list default-pool --details", "vol-info vol1.img --pool default-pool",
            "vol-dumpxml vol1.img --pool default-pool", "vol-path vol1.img --pool default-pool", "vol-pool /default-pool/vol1.img",
            "vol-clone vol1.img copy.img --pool default-pool", "vol-delete vol1.img --pool default-pool",
        ]),
        new("interface", Test,
        [
            "iface-list --all", "iface-dumpxml eth1", "iface-begin", "iface-define iface-eth2.xml", "iface-start eth2", "iface-destroy eth2",
            "iface-undefine eth2", "iface-rollback", "iface-name aa:bb:cc:dd:ee:ff",
        ]),
        new("nodedev", Test,
        [
            "nodedev-list", "nodedev-dumpxml computer", "nodedev-info scsi_host1", "nodedev-create nodedev-vport-wwn.xml",
            "nodedev-destroy scsi_host12",
        ]),
        new("node", Test,
        [
            "version --daemon", "hostname", "nodeinfo", "capabilities", "freecell --all", "nodecpumap", "nodecpustats", "sysinfo", "maxvcpus",
        ]),
        new("errors", Test,
        [
            "dominfo nope", "resume test", "net-info nope", "pool-info nope", "vol-info /nope", "iface-dumpxml nope", "nodedev-dumpxml nope",
            "snapshot-dumpxml test nope", "define bad-syntax.xml", "console test", "blockpull test vda", "secret-list", "nwfilter-list",
            "create vm1.xml --autodestroy", "domcapabilities",
        ]),
        new("parameters", Test,
        [
            "memtune test", "schedinfo test", "blkiotune test", "blkdeviotune test vda", "numatune test", "domiftune test testnet0", "perf test",
            "domstats", "vcpuinfo test", "vcpucount test", "vcpupin test", "emulatorpin test", "iothreadadd test 2", "iothreadinfo test",
            "domifaddr test", "domfsinfo test", "dommemstat test", "domblkinfo test vda", "domblkstat test vda", "domifstat test testnet0",
            "cpu-stats test", "metadata test http://example --set <a/> --key k", "metadata test http://example", "send-key test KEY_A",
            "setmem test 1G", "vcpupin test 0 1", "domtime test", "schedinfo test --set weight=60", "memtune test --hard-limit 1000000",
        ]),
        new("checkpoint", Test,
        [
            "checkpoint-create-as test one", "checkpoint-create-as test two", "checkpoint-list test --tree", "checkpoint-dumpxml test two",
            "checkpoint-parent test two", "checkpoint-delete test one --children",
        ]),
        new("save", Test, ["save test $WORK/state", "restore $WORK/state", "managedsave test", "list --all --managed-save", "start test"]),
        new("screenshot", Test, ["screenshot test $WORK/shot.png"]),
        new("vol-upload", Storage,
        [
            "pool-create-as p dir --target $WORK", "vol-create-as p v 1M", "vol-upload v contents.raw --pool p",
            "vol-upload v contents.raw --pool p --length 3",
        ]),
        new("vol-download", Storage,
        [
            "pool-create-as p dir --target $WORK", "vol-create-as p v 5K", "vol-upload v contents.raw --pool p",
            "vol-download v out.raw --pool p", "vol-download v out.raw --pool p --offset 3 --length 7",
        ]),
        new("vol-sparse", Storage,
        [
            "pool-create-as p dir --target $WORK", "vol-create-as p v 1M --allocation 0", "vol-upload v contents.raw --pool p --offset 65536",
            "vol-download v holes.raw --pool p --sparse", "vol-upload v holes.raw --pool p --sparse",
        ]),
        new("secret", ("secret", "/system"),
        [
            "secret-define secret.xml", "secret-set-value --base64 5c3b0f4e-2f2a-4f0e-9a8b-1c2d3e4f5a6b aGVsbG8=",
            "secret-get-value 5c3b0f4e-2f2a-4f0e-9a8b-1c2d3e4f5a6b", "secret-list", "secret-dumpxml 5c3b0f4e-2f2a-4f0e-9a8b-1c2d3e4f5a6b",
            "secret-undefine 5c3b0f4e-2f2a-4f0e-9a8b-1c2d3e4f5a6b",
        ]),
        new("nwfilter", ("nwfilter", "/system"),
            ["nwfilter-define nwfilter.xml", "nwfilter-list", "nwfilter-dumpxml golden", "nwfilter-binding-list", "nwfilter-undefine golden"]),
    ];
}
