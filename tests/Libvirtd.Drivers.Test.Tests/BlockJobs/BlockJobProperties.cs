using Libvirtd.Documents;
using Libvirtd.Protocol;
using static Libvirtd.Drivers.Test.Tests.Hypervisor;
using CommitFlags = Libvirtd.Protocol.DomainBlockCommitFlags;
using CopyFlags = Libvirtd.Protocol.DomainBlockCopyFlags;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Whatever is done to chains in whatever order: documents and files tell the same, and no file is lost that somebody needs.</summary>
public sealed class BlockJobProperties
{
    private const int Steps = 120;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 20)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Documents_and_files_tell_the_same_whatever_is_done(int seed)
    {
        using BlockHost host = new(isRunning: false);
        DomainRef[] domains = [host.Dom, host.Define("other", "base", "snap1", "second"), host.Define("third", "base", "third")];
        foreach (DomainRef dom in domains)
            Register(host, dom);
        Random random = new(seed);
        int files = 0;
        List<string> log = [];
        for (int step = 0; step < Steps; step++)
        {
            DomainRef dom = domains[random.Next(domains.Length)];
            string action = "";
            try
            {
                action = Act(host, dom, random, ref files);
            }
            catch (VirException e)
            {
                action += $" ! {e.Message}";
                Assert.NotEqual(ErrorCode.InternalError, e.Code);
            }

            log.Add($"{dom.Name}: {action}");
            try
            {
                Check(host);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"after\n{string.Join('\n', log.TakeLast(12))}", e);
            }
        }

        foreach (DomainRef dom in domains)
            host.Domains.BlockJobAbortIfAny(dom);
        host.Advance(3600);
        Check(host);
        Assert.Equal(0, host.Clock.WaitingTimers);
    }

    [Fact]
    public async Task Many_threads_and_timers_get_along()
    {
        const int Threads = 4;
        const int Calls = 400;
        using BlockHost host = new(isRunning: false, new TestOptions { BlockJob = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);
        DomainRef[] domains = [host.Dom, host.Define("other", "base", "snap1", "second")];
        await Task.WhenAll(Enumerable.Range(1, Threads).Select(seed => Task.Run(() =>
        {
            Random random = new(seed);
            int own = seed * Calls;
            for (int i = 0; i < Calls; i++)
            {
                try
                {
                    Act(host, domains[random.Next(domains.Length)], random, ref own);
                }
                catch (VirException e)
                {
                    Assert.NotEqual(ErrorCode.InternalError, e.Code);
                }
            }
        }, TestContext.Current.CancellationToken)));
        foreach (DomainRef dom in domains)
        {
            host.Domains.BlockJobAbortIfAny(dom);
            DomainView view = host.Host.Domains.Get(dom).View;
            Assert.Empty(view.Blocks.Jobs);
            Assert.Equal(Chain(host, view.Definition).ToString(), Chain(host, view.ConfigDefinition).ToString());
        }
    }

    /// <summary>Says in the files what the domain's document says.</summary>
    private static void Register(BlockHost host, DomainRef dom)
    {
        DiskChain chain = Chain(host, host.Host.Domains.Get(dom).View.Definition);
        for (int i = 0; i < chain.Count; i++)
        {
            host.Images.Put(new ImageFile
            {
                Path = chain.Images[i].Path!,
                Format = "qcow2",
                Capacity = 1 << 20,
                Allocation = 1 << 16,
                Backing = i + 1 < chain.Count ? chain.Images[i + 1].Path : null,
                BackingFormat = i + 1 < chain.Count ? "qcow2" : null,
            });
        }
    }

    private static DiskChain Chain(BlockHost host, DomainDefinition definition) => host.Images.ChainOf(definition.Document.DiskByTarget("vda")!);

    private static string Act(BlockHost host, DomainRef dom, Random random, ref int files)
    {
        TestDomainDriver driver = host.Domains;
        DiskChain chain = Chain(host, host.Host.Domains.Get(dom).View.Definition);
        string? Any() => random.Next(4) == 0 ? null : chain.Images[random.Next(chain.Count)].Path;
        switch (random.Next(12))
        {
            case 0 or 1 or 2:
                (string? @base, string? top, CommitFlags commit) = (Any(), Any(), (CommitFlags)random.Next(8));
                driver.BlockCommit(Call, dom, "vda", @base, top, 0, commit);
                return $"commit {@base} {top} {commit}";
            case 3 or 4:
                string? below = Any();
                driver.BlockRebase(Call, dom, "vda", below, 0, DomainBlockRebaseFlags.None);
                return $"rebase {below}";
            case 5 or 6:
                string destination = $"/images/copy{++files}";
                CopyFlags copy = (CopyFlags)random.Next(2);
                driver.BlockCopy(Call, dom, "vda", $"<disk type='file'><driver type='qcow2'/><source file='{destination}'/></disk>", [], copy);
                return $"copy {destination} {copy}";
            case 7:
                driver.BlockJobAbort(Call, dom, "vda", DomainBlockJobAbortFlags.None);
                return "abort";
            case 8:
                driver.BlockJobAbort(Call, dom, "vda", DomainBlockJobAbortFlags.Pivot);
                return "pivot";
            case 9:
                if (host.Host.Domains.Get(dom).View.IsActive)
                    driver.Destroy(Call, dom);
                else
                    driver.Create(Call, dom).AsTask().GetAwaiter().GetResult();
                return "start or stop";
            default:
                double seconds = random.Next(1, 5) / 2.0;
                host.Clock?.Advance(TimeSpan.FromSeconds(seconds));
                return $"{seconds} s later";
        }
    }

    private static void Check(BlockHost host)
    {
        foreach (TestDomain domain in host.Host.Domains.All)
        {
            DomainView view = domain.View;
            if (view.Definition.Document.DiskByTarget("vda")?.Child("source")?["file"]?.StartsWith("/images/", StringComparison.Ordinal) != true)
                continue;
            CheckChain(host, Chain(host, view.Definition));
            CheckChain(host, Chain(host, view.ConfigDefinition));
            Assert.Equal(Chain(host, view.Definition).ToString(), Chain(host, view.ConfigDefinition).ToString());
            string text = view.Definition.Text(DomainXmlFlags.Inactive);
            Assert.Equal(text, host.Host.Domains.Parse(text, validate: false).Text(DomainXmlFlags.Inactive));
            uint[] indexes = [.. Chain(host, view.Definition).Images.Select(image => image.Index)];
            Assert.All(indexes, index => Assert.Equal(view.IsActive && indexes.Length > 1, index > 0 && indexes.Length > 1));
            Assert.True(indexes.Length == indexes.Distinct().Count() || indexes.All(index => index == 0));
        }
    }

    private static void CheckChain(BlockHost host, DiskChain chain)
    {
        Assert.Equal(chain.Count, chain.Images.Select(image => image.Path).Distinct().Count());
        for (int i = 0; i < chain.Count; i++)
        {
            ImageFile file = Assert.Contains(chain.Images[i].Path!, host.Images.Files);
            Assert.Equal(i + 1 < chain.Count ? chain.Images[i + 1].Path : null, file.BackingPath);
            Assert.True(file.Allocation <= file.Capacity);
        }
    }
}

internal static class BlockJobEnds
{
    /// <summary>Ends the job of vda, when there is one.</summary>
    public static void BlockJobAbortIfAny(this TestDomainDriver driver, DomainRef dom)
    {
        if (driver.GetBlockJobInfo(Call, dom, "vda", DomainBlockJobInfoFlags.None).Result.Found == 1)
            driver.BlockJobAbort(Call, dom, "vda", DomainBlockJobAbortFlags.None);
    }
}
