using System.Diagnostics;
using System.Globalization;
using System.Xml.Linq;
using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>
/// Mutated documents of every kind: each is refused by a libvirt error, or printed in a text that is taken again and stays as it is. The
/// environment sets how many (LIBVIRTD_FUZZ_COUNT, 500,000 unless said) and the seed (LIBVIRTD_FUZZ_SEED).
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Seed = 20230113;
    private const int Count = 500_000;
    private const int Workers = 2;
    private const long MaxBytes = 64 * 1024 * 1024;

    /// <summary>A document takes well below a millisecond; this is what a busy machine may make of it.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Mutated_documents_are_refused_or_printed_stably()
    {
        int seed = FromEnvironment("LIBVIRTD_FUZZ_SEED", Seed);
        int count = FromEnvironment("LIBVIRTD_FUZZ_COUNT", Count);
        output.WriteLine($"seed {seed}, {count} documents");
        long memory = GC.GetTotalMemory(true);
        Stopwatch clock = Stopwatch.StartNew();
        int[] taken = await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker =>
            Task.Run(() => Run(seed + worker, count / Workers), TestContext.Current.CancellationToken)));
        output.WriteLine($"{taken.Sum()} were taken, in {clock.Elapsed}");
        Assert.True(taken.Sum() > count / 20, "too few documents were taken: they show little");
        Assert.True(GC.GetTotalMemory(true) - memory < MaxBytes, "documents leak");
    }

    private static int FromEnvironment(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) && value > 0 ? value : fallback;

    private static int Run(int seed, int count)
    {
        DocumentKinds kinds = new();
        DocumentMutator mutator = new([.. kinds.Corpus.Keys], seed);
        Stopwatch clock = new();
        int taken = 0;
        for (int i = 0; i < count; i++)
        {
            (XElement origin, string text) = mutator.Next();
            string kind = kinds.Corpus[origin];
            string where = $"seed {seed}, document {i}, {kind}";
            clock.Restart();
            long before = GC.GetAllocatedBytesForCurrentThread();
            if (TryPrint(kind, text, where, out string first))
            {
                taken++;
                Assert.True(TryPrint(kind, first, where, out string second, out VirException? refused), $"{where}: its own text is refused: {refused?.Message}\n{text}\n{first}");
                Assert.True(TryPrint(kind, second, where, out string third) && second == third, $"{where}: not stable\n{text}\n{second}\n{third}");
            }

            Assert.True(clock.Elapsed < s_limit, $"{where} took {clock.Elapsed}\n{text}");
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MaxBytes, $"{where} takes too much memory\n{text}");
        }

        return taken;
    }

    private static bool TryPrint(string kind, string text, string where, out string printed) => TryPrint(kind, text, where, out printed, out _);

    private static bool TryPrint(string kind, string text, string where, out string printed, out VirException? refused)
    {
        printed = "";
        refused = null;
        try
        {
            printed = DocumentKinds.Print(kind, text);
            return true;
        }
        catch (VirException e)
        {
            refused = e;
            return false;
        }
        catch (Exception e)
        {
            Assert.Fail($"{where}: {e}\n{text}");
            return false;
        }
    }
}
