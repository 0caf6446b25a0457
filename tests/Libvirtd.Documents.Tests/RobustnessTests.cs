using System.Text;
using Libvirtd.Protocol;
using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>Properties that hold for every document, and documents that are made to do harm.</summary>
public sealed class RobustnessTests
{
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
}
