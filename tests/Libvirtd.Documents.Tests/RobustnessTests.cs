using System.Diagnostics;
using System.Text;
using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>Properties that hold for every document, and mutated documents that must do no harm.</summary>
public sealed class RobustnessTests
{
    private const int Seed = 20230113;

    /// <summary>
    /// Upstream's own output moves once in two cases (a controller without an index, a console that a serial port adds), so the second
    /// print is the one that lasts.
    /// </summary>
    [Fact]
    public void What_was_printed_is_read_back_the_same()
    {
        int checkedCount = 0;
        foreach (string kind in Golden.Kinds)
        {
            foreach (string name in Golden.Names(kind).Where(static name => !name.StartsWith("error-", StringComparison.Ordinal)))
            {
                if (!TryPrint(kind, Golden.Input(kind, name), out string first))
                    continue;
                string second = Golden.Print(kind, first);
                Assert.Equal(second, Golden.Print(kind, second));
                checkedCount++;
            }
        }

        Assert.True(checkedCount > 60, $"only {checkedCount} documents were checked");
    }

    /// <summary>Only libvirt errors escape; each document costs bounded time and memory.</summary>
    [Fact]
    public void Mutated_documents_are_printed_stably_or_refused()
    {
        (string Kind, string Xml)[] corpus =
            [.. Golden.Kinds.SelectMany(static kind => Golden.Names(kind).Select(name => (kind, Golden.Input(kind, name))))];
        Random random = new(Seed);
        long memory = GC.GetTotalMemory(true);
        Stopwatch clock = Stopwatch.StartNew();
        for (int i = 0; i < 20_000; i++)
        {
            (string kind, string xml) = corpus[random.Next(corpus.Length)];
            string mutant = Mutate(xml, corpus[random.Next(corpus.Length)].Xml, random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                if (TryPrint(kind, mutant, out string first) && TryPrint(kind, first, out string second) && TryPrint(kind, second, out string third))
                    Assert.True(second == third, $"seed {Seed}, document {i}: not stable\n{mutant}");
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {Seed}, document {i}: {e}\n{mutant}");
            }

            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 * 1024 * 1024, $"seed {Seed}, document {i} takes too much memory\n{mutant}");
        }

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(120), $"20000 documents took {clock.Elapsed}");
        Assert.True(GC.GetTotalMemory(true) - memory < 64 * 1024 * 1024, "documents leak");
    }

    [Theory]
    [InlineData("-2")]
    [InlineData("4294967295")]
    [InlineData("99999999999999999999")]
    public void Absurd_cpu_counts_cost_nothing(string count)
    {
        string xml = $"<domain type='test'><name>a</name><memory>1024</memory><vcpu>{count}</vcpu><os><type>hvm</type></os></domain>";
        if (count == "4294967295")
            Assert.Equal(uint.MaxValue, DomainDocument.Parse(xml).MaxVcpus);
        else
            Assert.Equal("XML error: maximum vcpus count must be an integer", Assert.Throws<VirException>(() => DomainDocument.Parse(xml)).Message);
    }

    [Fact]
    public void Elements_inside_elements_are_bounded()
    {
        string xml = "<domain>" + string.Concat(Enumerable.Repeat("<a>", 100_000));
        Assert.Equal(ErrorCode.XmlDetail, Assert.Throws<VirException>(() => DomainDocument.Parse(xml)).Code);
    }

    [Fact]
    public void Document_types_are_refused()
    {
        string xml = "<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><domain type='test'><name>&b;</name></domain>";
        Assert.Equal(ErrorCode.XmlDetail, Assert.Throws<VirException>(() => DomainDocument.Parse(xml)).Code);
    }

    [Fact]
    public void A_backing_chain_as_deep_as_the_limit_is_fine()
    {
        StringBuilder chain = new();
        for (int i = 0; i < 200; i++)
            chain.Append("<backingStore type='file'><format type='qcow2'/><source file='/b'/>");
        chain.Insert(chain.Length, "</backingStore>", 200);
        string xml = "<domain type='test'><name>a</name><memory>1</memory><os><type>hvm</type></os><devices><disk><source file='/a'/>"
            + $"{chain}<target dev='vda'/></disk></devices></domain>";
        Assert.Contains("<backingStore", DomainDocument.Parse(xml).Format(), StringComparison.Ordinal);
    }

    private static bool TryPrint(string kind, string xml, out string text)
    {
        try
        {
            text = Golden.Print(kind, xml);
            return true;
        }
        catch (VirException)
        {
            text = "";
            return false;
        }
    }

    private static string Mutate(string xml, string other, Random random)
    {
        StringBuilder text = new(xml);
        for (int change = random.Next(1, 5); change > 0 && text.Length > 8; change--)
        {
            int at = random.Next(text.Length);
            int length = Math.Min(random.Next(1, 40), text.Length - at);
            switch (random.Next(8))
            {
                case 0:
                    text.Remove(at, length);
                    break;
                case 1:
                    text.Insert(at, text.ToString(at, length));
                    break;
                case 2:
                    text[at] = (char)random.Next(1, 128);
                    break;
                case 3:
                    text[at] = (char)random.Next(0x80, 0xffff);
                    break;
                case 4:
                    int from = random.Next(other.Length);
                    text.Insert(at, other.AsSpan(from, Math.Min(random.Next(200), other.Length - from)));
                    break;
                case 5:
                    ReplaceValue(text, at, random);
                    break;
                default:
                    SwapValues(text, random);
                    break;
            }
        }

        return text.ToString();
    }

    /// <summary>Puts an unusual value between the next pair of quotes.</summary>
    private static void ReplaceValue(StringBuilder text, int at, Random random)
    {
        string[] values = ["", "-1", "0", "4294967295", "18446744073709551615", "0x", "yes", "no", "default", "none", "1-16383", "^1", "1,", "::1", "&lt;"];
        string all = text.ToString();
        int open = all.IndexOf('"', at);
        int close = open < 0 ? -1 : all.IndexOf('"', open + 1);
        if (close < 0)
            return;
        text.Remove(open + 1, close - open - 1);
        text.Insert(open + 1, values[random.Next(values.Length)]);
    }

    /// <summary>Exchanges the values of two attributes.</summary>
    private static void SwapValues(StringBuilder text, Random random)
    {
        string[] parts = text.ToString().Split('"');
        if (parts.Length < 5)
            return;
        int a = random.Next(parts.Length / 2) * 2 + 1;
        int b = random.Next(parts.Length / 2) * 2 + 1;
        if (a >= parts.Length || b >= parts.Length)
            return;
        (parts[a], parts[b]) = (parts[b], parts[a]);
        text.Clear().AppendJoin('"', parts);
    }
}
