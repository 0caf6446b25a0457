using System.Text.RegularExpressions;
using Libvirtd.Interop.Daemons;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Sessions;

/// <summary>
/// Block jobs through the stock clients, of running and of stopped domains. Upstream's test driver has none, so these run against our server alone.
/// </summary>
public sealed partial class BlockJobTests : SessionTests<OurDaemon>
{
    private static readonly string[] s_images = ["active", "snap2", "snap1", "base"];

    // Long enough for virsh, which looks twice a second, to see the job on its way.
    private string Uri => Server.Uri(Transport.Unix) + "&blockjob=1500ms";

    [Theory, InlineData(true), InlineData(false)]
    public async Task Commit_shows_its_progress_and_pivots(bool isRunning)
    {
        string output = await Vm(isRunning, "blockcommit vm vda --wait --verbose --active --pivot; domblklist vm; dumpxml vm --inactive");
        Assert.Matches(Progress("Block commit"), output);
        Assert.Contains("Successfully pivoted", output, StringComparison.Ordinal);
        Assert.Contains(" vda      /images/base\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain("/images/active", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_domains_active_image_is_not_committed_by_accident()
    {
        Finished refused = await Virsh.RunAsync(Uri, Work.Path, Stop, $"define {Document()}; start vm; blockcommit vm vda");
        Assert.Contains("error: invalid argument: commit of 'vda' active layer requires active flag", refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopped_domains_whole_chain_is_committed_as_it_is()
    {
        string output = await Vm(isRunning: false, "blockcommit vm vda --wait --verbose --delete; domblklist vm");
        Assert.Matches(Progress("Block commit"), output);
        Assert.Contains("Commit complete", output, StringComparison.Ordinal);
        Assert.Contains(" vda      /images/base\n", output, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Commit_of_an_image_within_leaves_the_active_one(bool isRunning)
    {
        string output = await Vm(isRunning, "blockcommit vm vda --base snap1 --top snap2 --wait; dumpxml vm");
        Assert.Contains("Commit complete", output, StringComparison.Ordinal);
        Assert.Equal(["active", "snap1", "base"], Images(output));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_disk_may_name_a_pools_volume(bool isRunning)
    {
        await File.WriteAllTextAsync(Work.File("volume.xml"), """
            <domain type='test'><name>vm</name><memory>1024</memory><os><type>hvm</type></os><devices><disk type='volume'><driver type='qcow2'/>
            <source pool='default-pool' volume='disk'/><target dev='vda' bus='virtio'/></disk></devices></domain>
            """, Stop);
        const string Format = "--format qcow2";
        string output = await Run(Uri, $"vol-create-as default-pool base 1G {Format}; vol-create-as default-pool disk 1G {Format} --backing-vol base "
            + $"--backing-vol-format qcow2; define volume.xml; {(isRunning ? "start vm; " : "")}domblkinfo vm vda; blockpull vm vda --wait; blockresize vm vda 2G; "
            + "vol-info disk default-pool; vol-dumpxml disk default-pool; dumpxml vm --inactive");
        Assert.Contains("Capacity:       1073741824\n", output, StringComparison.Ordinal);
        Assert.Contains("Capacity:       2.00 GiB\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain("<backingStore>", output, StringComparison.Ordinal);
        Assert.Contains("<source pool='default-pool' volume='disk'/>", output, StringComparison.Ordinal);
        Finished refused = await Virsh.RunAsync(Uri + "&host=bare", Work.Path, Stop, "define volume.xml; start vm; blockpull vm vda");
        Assert.Contains("error: Storage volume not found: no storage vol with matching name 'disk'", refused.Output, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Pull_takes_in_what_is_below(bool isRunning)
    {
        string output = await Vm(isRunning, "blockpull vm vda --base base --wait --verbose; dumpxml vm; blockpull vm vda --wait; echo after; dumpxml vm");
        Assert.Matches(Progress("Block Pull"), output);
        string[] parts = output.Split("after\n");
        Assert.Equal(["active", "base"], Images(parts[0]));
        Assert.Equal(["active"], Images(parts[1]));
    }

    [Theory, InlineData(true, ""), InlineData(false, ""), InlineData(true, " --granularity 65536 --transient-job")]
    public async Task Copy_is_watched_and_pivoted_by_hand(bool isRunning, string options)
    {
        string output = await Vm(isRunning,
            $"blockcopy vm vda --dest /images/new --format raw --wait --verbose{options}; blockjob vm vda --info --raw; blockjob vm vda --pivot; "
            + "blockjob vm vda; domblklist vm; dumpxml vm --inactive");
        Assert.Matches(Progress("Block Copy"), output);
        Assert.Contains("Now in mirroring phase", output, StringComparison.Ordinal);
        Assert.Contains(" type=Block Copy\n", output, StringComparison.Ordinal);
        Assert.Contains("No current block job for vda", output, StringComparison.Ordinal);
        Assert.Contains(" vda      /images/new\n", output, StringComparison.Ordinal);
        Assert.Contains("<driver type='raw'/>", output, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_job_is_slowed_down_and_aborted(bool isRunning)
    {
        string output = await Vm(isRunning,
            "blockpull vm vda --bandwidth 100; blockjob vm vda --bandwidth 7; blockjob vm vda --raw; blockjob vm vda --abort; blockjob vm vda; dumpxml vm");
        Assert.Contains(" bandwidth=7\n", output, StringComparison.Ordinal);
        Assert.Contains("No current block job for vda", output, StringComparison.Ordinal);
        Assert.Equal(s_images, Images(output));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_job_fails_on_command_and_leaves_the_chain(bool isRunning)
    {
        string start = isRunning ? "start vm; " : "";
        Finished failed = await Virsh.RunAsync(Uri, Work.Path, Stop,
            $"define {Document()}; {start}qemu-monitor-command vm --hmp block-job-error disk=vda percent=50; dumpxml vm; blockpull vm vda --wait");
        Assert.Equal(1, failed.Status);
        Assert.Contains("Pull failed", failed.Output, StringComparison.Ordinal);
        Assert.Equal(s_images, Images(failed.Output));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task An_external_snapshot_is_made_and_committed_away(bool isRunning)
    {
        string active = isRunning ? " --active --pivot" : "";
        string output = await Vm(isRunning,
            $"snapshot-create-as vm s1 --disk-only --no-metadata; domblklist vm; blockcommit vm vda --shallow --delete --wait{active}; dumpxml vm");
        Assert.Contains(" vda      /images/active.s1\n", output, StringComparison.Ordinal);
        Assert.Equal(s_images, Images(output));
    }

    [Fact]
    public async Task Statistics_tell_of_the_whole_chain()
    {
        string output = await Vm(isRunning: true, "blockresize vm vda 10G; domstats vm --block --backing; domblkinfo vm vda");
        Assert.Contains("  block.count=4\n", output, StringComparison.Ordinal);
        Assert.Contains("  block.3.path=/images/base\n  block.3.backingIndex=4\n", output, StringComparison.Ordinal);
        Assert.Contains("  block.0.capacity=10737418240\n", output, StringComparison.Ordinal);
        Assert.Contains("Capacity:       10737418240\n", output, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task In_virtual_time_a_job_moves_by_command(bool isRunning)
    {
        string start = isRunning ? "start vm; " : "";
        string output = await Run(Server.Uri(Transport.Unix) + "&clock=virtual",
            $"define {Document()}; {start}blockresize vm vda 100M; blockpull vm vda --bandwidth 10; qemu-monitor-command vm --hmp clock-advance 4s; "
            + "blockjob vm vda --raw; qemu-monitor-command vm --hmp clock-advance 6s; blockjob vm vda; dumpxml vm");
        Assert.Contains(" cur=41943040\n end=104857600\n", output, StringComparison.Ordinal);
        Assert.Contains("No current block job for vda", output, StringComparison.Ordinal);
        Assert.Equal(["active"], Images(output));
    }

    [Fact]
    public async Task The_guides_example_runs_as_it_stands()
    {
        string guide = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "block-jobs.md"), Stop);
        string[] scripts = Blocks(guide, "bash");
        await File.WriteAllTextAsync(Work.File("vm.xml"), Blocks(guide, "xml")[0], Stop);
        await File.WriteAllTextAsync(Work.File("test.sh"),
            scripts[0].Replace("test+unix:///default?socket=/run/libvirtd-net/libvirt-sock", Server.Uri(Transport.Unix), StringComparison.Ordinal), Stop);
        await File.WriteAllTextAsync(Work.File("backup.sh"), "#!/bin/sh\n" + scripts[1], Stop);
        Finished finished = await ProcessRunner.RunAsync("/bin/bash", ["-c", "chmod +x backup.sh; exec bash test.sh"], Work.Path, Stop);
        Assert.True(finished.Status == 0, finished.Output);
        Assert.Contains(" vda      /images/active\n", finished.Output, StringComparison.Ordinal);
        string events = await File.ReadAllTextAsync(Work.File("host.log"), Stop);
        Assert.Contains("Block Copy for vda failed", events, StringComparison.Ordinal);
        Assert.Contains("Block Copy for vda ready", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Python_sees_that_equal_commits_leave_equal_chains()
    {
        if (Python.Missing is string reason) Assert.Skip(reason);
        Finished finished = await Python.RunAsync("block_equivalences.py", Work.Path, Stop, Server.Uri(Transport.Unix) + "&blockjob=20ms");
        Assert.Equal("10 commits, running and stopped\n", finished.Output);
    }

    [Fact]
    public async Task Python_runs_jobs_by_their_events()
    {
        if (Python.Missing is string reason) Assert.Skip(reason);
        Finished finished = await Python.RunAsync("block_jobs.py", Work.Path, Stop, Server.Uri(Transport.Unix) + "&blockjob=300ms");
        Assert.Equal(Session("running", "live-copy", hasMirror: true) + Session("stopped", "dead-copy", hasMirror: false), finished.Output);

        static string Session(string state, string copy, bool hasMirror) => $$"""
            {{state}}
            no job {}
            job commit 0 True
            error 84 12 2 Operation not supported: disk 'vda' already in active block job
            /images/active commit completed
            vda commit completed
            active snap1 base
            speed 2 2097152
            error 83 12 2 block copy still active: block job 'pull-vda-libvirt-1-format' not ready for pivot yet
            /images/active pull canceled
            vda pull canceled
            /images/active copy ready
            vda copy ready
            mirror {{hasMirror}}
            /images/{{copy}} copy completed
            vda copy completed
            {{copy}} | {{copy}}
            error 82 12 2 numerical overflow: bandwidth must be less than 8796093022207

            """.ReplaceLineEndings("\n");
    }

    private static Regex Progress(string title) => new(Regex.Escape(title) + @": \[ ?[1-9]\d(\.\d+)? %\].*" + Regex.Escape(title) + @": \[100(\.00)? %\]", RegexOptions.Singleline);

    [GeneratedRegex("source file='/images/([a-z0-9]+)'")]
    private static partial Regex ImagePattern { get; }

    /// <summary>The code blocks of a language in a guide.</summary>
    private static string[] Blocks(string guide, string language) =>
        [.. guide.Split($"```{language}\n")[1..].Select(static rest => rest[..rest.IndexOf("```", StringComparison.Ordinal)])];

    /// <summary>The chain that the last document in an output tells, the active image first.</summary>
    private static string[] Images(string output) =>
        [.. ImagePattern.Matches(output[output.LastIndexOf("<domain", StringComparison.Ordinal)..]).Select(match => match.Groups[1].Value)];

    /// <summary>Defines the domain, starts it when it is to run, and runs commands, all in one virsh.</summary>
    private Task<string> Vm(bool isRunning, string commands) => Run(Uri, $"define {Document()}; {(isRunning ? "start vm; " : "")}{commands}");

    /// <summary>The file with the domain's document: base, snap1, snap2, active.</summary>
    private string Document()
    {
        string below = "<backingStore/>";
        foreach (string image in s_images[1..].Reverse())
            below = $"<backingStore type='file'><format type='qcow2'/><source file='/images/{image}'/>{below}</backingStore>";
        string path = Work.File("vm.xml");
        File.WriteAllText(path, $"""
            <domain type='test'><name>vm</name><memory>1024</memory><os><type>hvm</type></os><devices><disk type='file'><driver type='qcow2'/>
            <source file='/images/active'/>{below}<target dev='vda' bus='virtio'/></disk></devices></domain>
            """);
        return path;
    }
}
