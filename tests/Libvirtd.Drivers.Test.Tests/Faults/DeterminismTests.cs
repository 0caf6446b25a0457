using System.Text;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>The same commands, the same seed and a virtual clock: the same story, to the last word.</summary>
public sealed class DeterminismTests
{
    private const string Disk =
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/a.img'/><target dev='vda' bus='virtio'/></disk>"
        + "<interface type='network'><source network='default'/></interface>";

    [Fact]
    public async Task Two_runs_with_one_seed_tell_the_same_story()
    {
        string first = await TellAsync(7);
        Assert.Equal(first, await TellAsync(7));
        Assert.NotEqual(first, await TellAsync(8));
    }

    private static async Task<string> TellAsync(int seed)
    {
        StringBuilder story = new();
        string options = $"clock=virtual&seed={seed}&boot=10s&shutdown=7s&blockjob=20s&migration=30s";
        TestDriver driver = new();
        await using Hypervisor host = await OpenAsync(driver, $"test:///default?host=a&{options}");
        await using Hypervisor other = await OpenAsync(driver, $"test:///default?host=b&{options}");
        host.Define("guest", devices: Disk);
        await TryAsync(() => host.Domains.Create(Call, host.Find("guest")));
        Note(host.DomainXml(host.Find("guest")));

        host.Command("fault-inject virDomainGetInfo chance=0.3 count=0");
        for (int i = 0; i < 50; i++)
            story.Append(await host.HitAsync("virDomainGetInfo") is null ? '.' : 'x');
        host.Command("fault-clear");

        host.Command("events-delay time=3s count=2");
        host.Command("events-reorder count=3");
        host.Command("block-job-error vda percent=60", "guest");
        await TryAsync(() => host.Domains.BlockCopy(Call, host.Find("guest"), "vda",
            "<disk type='file'><source file='/b.img'/><driver type='qcow2'/></disk>", [], DomainBlockCopyFlags.TransientJob));
        await TryAsync(() => host.Domains.Shutdown(Call, host.Test));
        for (int i = 0; i < 12; i++)
        {
            Note(host.Command("clock-advance 2500ms").ToJsonString());
            DomainGetBlockJobInfoRet job = await host.Domains.GetBlockJobInfo(Call, host.Find("guest"), "vda", 0);
            Note($"{job.Found} {job.Cur}/{job.End}");
            await TryAsync(async () => Note(await host.Domains.GetHostname(Call, host.Find("guest"), 0)));
        }

        Task<byte[]> moving = host.Domains.MigratePerform3Params(Call, host.Find("guest"), $"test:///default?host=b&{options}", [], [],
            DomainMigrateFlags.Peer2peer | DomainMigrateFlags.Live | DomainMigrateFlags.PersistDest).AsTask();
        host.Command("clock-advance 15s");
        Note($"{(await host.Domains.GetJobInfo(Call, host.Find("guest"))).MemProcessed}");
        host.Command("clock-advance 1m");
        await moving;
        Note(other.DomainXml(other.Find("guest")));
        other.Command("guest-panic", "guest");
        Note(host.Command("clock-query").ToJsonString());
        Note(host.Command("fault-list").ToJsonString());
        return story.ToString();

        void Note(string text)
        {
            foreach (string raised in host.TakeEvents().Concat(other.TakeEvents()))
                story.Append("  ").AppendLine(raised);
            story.AppendLine(text);
        }

        async Task TryAsync(Func<ValueTask> call)
        {
            try
            {
                await call();
                Note("done");
            }
            catch (VirException e)
            {
                Note(e.Message);
            }
        }
    }
}
