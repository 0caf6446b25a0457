using System.Text.RegularExpressions;
using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

/// <summary>
/// External snapshots and backups through the stock clients, of running and of stopped domains. Upstream's test driver has neither, so these run
/// against our server alone.
/// </summary>
public sealed partial class SnapshotSessionTests : SessionTests<OurDaemon>
{
    [Theory, InlineData(true), InlineData(false)]
    public async Task External_snapshots_are_made_reverted_to_and_deleted(bool isRunning)
    {
        string output = await Vm(isRunning,
            "snapshot-create-as vm clean --disk-only --atomic; snapshot-create-as vm patched --disk-only --quiesce; domblklist vm; snapshot-revert vm clean --paused; "
            + "domstate vm; snapshot-create-as vm other --disk-only; snapshot-list vm --tree; snapshot-list vm --external --disk-only --name; "
            + "snapshot-delete vm clean; snapshot-revert vm patched --running --reset-nvram; domstate vm; snapshot-delete vm other; snapshot-delete vm patched; domblklist vm");
        Assert.Contains(" vda      /images/base.patched\n", output, StringComparison.Ordinal);
        Assert.Contains("\npaused\n", output, StringComparison.Ordinal);
        Assert.Contains("clean\n  |\n  +- other\n  +- patched\n", output, StringComparison.Ordinal);
        Assert.Contains("\nrunning\n", output, StringComparison.Ordinal);
        Assert.EndsWith(" vda      /images/base.qcow2\n\n", output, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_whole_branch_is_deleted_at_once(bool isRunning)
    {
        string output = await Vm(isRunning,
            "snapshot-create-as vm i1; snapshot-create-as vm s1 --disk-only; snapshot-create-as vm i2; snapshot-create-as vm s2 --disk-only; "
            + "snapshot-delete vm i1 --children-only; snapshot-list vm --name; domblklist vm; snapshot-delete vm i1 --children; snapshot-list vm --name");
        Assert.Contains("Domain snapshot i1 children deleted\n\ni1\n\n", output, StringComparison.Ordinal);
        Assert.Contains(" vda      /images/base.qcow2\n", output, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_deletion_is_a_job_that_is_watched_and_aborted(bool isRunning)
    {
        // A disk of 1000 MiB, half of it overwritten since the snapshot: half of what a block job without a limit takes.
        const string Options = "&clock=virtual&keep=1m";
        string host = Uri("west") + Options;
        await Vm(isRunning: true, "blockresize vm vda 1000M; snapshot-create-as vm s1 --disk-only; qemu-monitor-command vm --hmp guest-write disk=vda bytes=524091384"
            + (isRunning ? "" : "; destroy vm"), Options);
        await using (RunningProcess aborted = Virsh.Start(host, Work.Path, "snapshot-delete", "vm", "s1"))
        {
            await UntilDeleting(host);
            string output = await Run(host, "qemu-monitor-command vm --hmp clock-advance by=500ms; domjobinfo vm; blockjob vm vda; snapshot-list vm --name; domstate vm");
            Assert.Contains("File processed:   250.000 MiB", output, StringComparison.Ordinal);
            Assert.Matches(@"Active Block Commit: \[ ?50(\.00)? %\]", output); // virsh 11 tells hundredths
            Assert.Contains("\ns1\n", output, StringComparison.Ordinal);
            Assert.Contains("cannot acquire state change lock (held by monitor=remoteDispatchDomainSnapshotDelete)",
                await Fail(host, "setmem", "vm", "512K", "--config"), StringComparison.Ordinal);
            await Run(host, "domjobabort", "vm");
            await aborted.WaitForAsync("error: operation aborted: snapshot job: canceled by client", Stop);
        }

        Assert.Contains(" vda      /images/base.s1\n", await Run(host, "domblklist", "vm"), StringComparison.Ordinal);
        await using RunningProcess whole = Virsh.Start(host, Work.Path, "snapshot-delete", "vm", "s1");
        await UntilDeleting(host);
        await Run(host, "qemu-monitor-command", "vm", "--hmp", "clock-advance by=1s");
        await whole.WaitForAsync("Domain snapshot s1 deleted", Stop);
        Assert.Contains(" vda      /images/base.qcow2\n", await Run(host, "domblklist", "vm"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_metadata_the_overlay_is_left_to_block_commit()
    {
        string output = await Vm(isRunning: true,
            "snapshot-create-as vm tmp --disk-only --no-metadata; snapshot-list vm --name; domblklist vm; blockcommit vm vda --active --pivot --wait; domblklist vm");
        Assert.Contains(" vda      /images/base.tmp\n", output, StringComparison.Ordinal);
        Assert.EndsWith(" vda      /images/base.qcow2\n\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_survives_an_overlay_and_its_commit()
    {
        const string Write = "qemu-monitor-command vm --hmp guest-write disk=vda bytes=1048576";
        string output = await Vm(isRunning: true,
            $"blockresize vm vda 1000M; checkpoint-create-as vm one; {Write}; snapshot-create-as vm tmp --disk-only --no-metadata; {Write}; "
            + "blockcommit vm vda --active --pivot --wait; domblklist vm; checkpoint-dumpxml vm one --size --no-domain", "&blockjob=100ms");
        Assert.Contains(" vda      /images/base.qcow2\n", output, StringComparison.Ordinal);
        Assert.Contains("<disk name='vda' checkpoint='bitmap' bitmap='one' size='2097152'/>", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hierarchy_moves_to_another_host()
    {
        string[] names = ["base", "memory", "disk"];
        await Vm(isRunning: true, "snapshot-create-as vm base --disk-only; snapshot-create-as vm memory --memspec /images/vm.mem; snapshot-create-as vm disk --disk-only; "
            + $"snapshot-revert vm memory; {string.Join("; ", names.Select(name => $"snapshot-dumpxml vm {name} --security-info"))}",
            keep: output => Save(output));
        string redefine = string.Join("; ", names.Select(name => $"snapshot-create vm {name}.xml --redefine --validate{(name == "memory" ? " --current" : "")}"));
        string output = await Run(Uri("east"), $"define vm-moved.xml; {redefine}; snapshot-list vm --tree; snapshot-current vm --name; snapshot-revert vm base --running; "
            + string.Join("; ", names.Select(name => $"snapshot-dumpxml vm {name} --security-info")));
        Assert.Contains("base\n  |\n  +- memory\n      |\n      +- disk\n", output, StringComparison.Ordinal);
        Assert.Contains("Domain snapshot base reverted\n", output, StringComparison.Ordinal);
        foreach (string name in names)
            Assert.Contains(await File.ReadAllTextAsync(Work.File($"{name}.xml"), Stop), output, StringComparison.Ordinal);

        void Save(string text)
        {
            MatchCollection documents = DocumentPattern.Matches(text);
            foreach ((string name, Match document) in names.Zip(documents))
                File.WriteAllText(Work.File($"{name}.xml"), document.Value);
            string domain = Regex.Match(documents[0].Value, "<domain type.*</domain>", RegexOptions.Singleline).Value;
            File.WriteAllText(Work.File("vm-moved.xml"), domain);
        }
    }

    [Fact]
    public async Task Python_backs_up_by_events()
    {
        if (Python.Missing is string reason) Assert.Skip(reason);
        Finished finished = await Python.RunAsync("backups.py", Work.Path, Stop, Server.Uri(Transport.Unix) + "&clock=virtual");
        Assert.Equal("""
            error 104 12 2 Domain backup job id not found: no domain backup job present
            begun full
            job 2 operation=9 disk_processed=750 disk_remaining=250 disk_total=1000
            block vda backup completed
            ended operation=9 disk_total=1000 success=True
            completed 3 success=True
            size 300
            increment operation=9 disk_processed=0 disk_remaining=300 disk_total=300
            block vda backup completed
            ended operation=9 disk_total=300 success=True
            exports vda backup-vda
            block vda backup canceled
            ended operation=9 disk_total=0 success=True
            block vda backup failed
            ended operation=9 disk_total=1000 success=False errmsg=No space left on device
            error 109 12 2 checkpoint inconsistent: missing or broken bitmap 'one' for disk 'vda'
            again ['one', 'two']

            """.ReplaceLineEndings("\n"), finished.Output);
    }

    [Fact]
    public async Task Virsh_watches_a_backup()
    {
        File.WriteAllText(Work.File("backup.xml"), "<domainbackup/>");
        string output = await Vm(isRunning: true, "backup-begin vm backup.xml; domjobinfo vm; backup-dumpxml vm; qemu-monitor-command vm --hmp clock-advance by=2s; "
            + "domjobinfo vm --completed --anystats", options: "&clock=virtual");
        Assert.Contains("Operation:        Backup", output, StringComparison.Ordinal);
        Assert.Contains("<domainbackup mode='push'>\n  <disks>\n    <disk name='vda' backup='yes' type='file' backupmode='full'>", output, StringComparison.Ordinal);
        Assert.Contains("Job type:         Completed", output, StringComparison.Ordinal);
    }

    [GeneratedRegex("<domainsnapshot>.*?</domainsnapshot>\n", RegexOptions.Singleline)]
    private static partial Regex DocumentPattern { get; }

    private string Uri(string host) => Server.Uri(Transport.Unix) + "&host=" + host;

    private async Task UntilDeleting(string host)
    {
        const int Most = 200;
        for (int i = 0; i < Most; i++)
        {
            Finished info = await Virsh.RunAsync(host, Work.Path, Stop, "domjobinfo", "vm");
            if (info.Output.Contains("Snapshot delete", StringComparison.Ordinal))
                return;
        }

        Assert.Fail("the deletion has not begun");
    }

    /// <summary>Defines the domain, starts it when it is to run, and runs commands, all in one virsh.</summary>
    private async Task<string> Vm(bool isRunning, string commands, string options = "", Action<string>? keep = null)
    {
        await File.WriteAllTextAsync(Work.File("vm.xml"), """
            <domain type='test'><name>vm</name><memory>1024</memory><os><type>hvm</type></os><devices><disk type='file'><driver type='qcow2'/>
            <source file='/images/base.qcow2'/><target dev='vda' bus='virtio'/></disk></devices></domain>
            """, Stop);
        string output = await Run(Uri("west") + options, $"define vm.xml; {(isRunning ? "start vm; " : "")}{commands}");
        keep?.Invoke(output);
        return output;
    }
}
